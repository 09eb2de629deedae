// SPDX-License-Identifier: MIT
/*
 * What belongs together in every tracer, by name: a point, the program it is given
 * to, the section that says what that program was written for, and how it is attached.
 */
#include "unit.h"

#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"
#include "trace/session.h"

typedef void check_fn(const struct provider *provider, const struct way *way);

static void for_each_way(check_fn *check)
{
	for (size_t i = 0; i < provider_count(); i++)
		for (size_t j = 0; j < provider_at(i)->nr_ways; j++)
			check(provider_at(i), &provider_at(i)->ways[j]);
}

static const struct image_program *program_of(const struct bpf_image *image, const char *name)
{
	for (size_t i = 0; i < image->nr_programs; i++)
		if (!strcmp(image_string(image, image->programs[i].name), name))
			return &image->programs[i];
	return NULL;
}

/* "raw_tp/irq_handler_entry" -> attach_raw_tp */
static attach_fn *attaching(const char *section)
{
	static const struct {
		const char *prefix;
		attach_fn *attach;
	} kinds[] = {
		{ "tp_btf/", attach_tp_btf },	    { "raw_tp/", attach_raw_tp },
		{ "tracepoint/", attach_tp },	    { "kprobe/", attach_kprobe },
		{ "kretprobe/", attach_kretprobe }, { "fentry/", attach_trampoline },
		{ "fexit/", attach_trampoline },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strncmp(section, kinds[i].prefix, strlen(kinds[i].prefix)))
			return kinds[i].attach;
	return NULL;
}

static void check_points(const struct provider *provider, const struct way *way)
{
	size_t n;
	const struct point *points = provider_points(provider, way, &n);

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		const struct image_program *program = program_of(way->image, points[i].program);
		attach_fn *attach = points[i].attach ? points[i].attach : way->attach;

		if (!program && points[i].optional)
			continue; /* a way may leave it out */
		if (!program || attaching(image_string(way->image, program->section)) != attach)
			fail_msg("%s by %s: %s of %s is not a program to be attached so",
				 provider->name, way->name, points[i].program, points[i].event);
	}
}

static void every_point_has_a_program_that_is_attached_so(void **state)
{
	(void)state;
	for_each_way(check_points);
}

/* One program may serve many points; its section names one of them. */
static bool serves(const char *name, const char *section, const struct point *points, size_t n)
{
	const char *target = image_target(section);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(points[i].program, name) && !strcmp(points[i].event, target))
			return true;
	return false;
}

static void check_programs(const struct provider *provider, const struct way *way)
{
	const struct bpf_image *image = way->image;
	size_t n;
	const struct point *points = provider_points(provider, way, &n);

	assert_true(image->nr_programs > 0);
	for (size_t i = 0; i < image->nr_programs; i++) {
		const char *name = image_string(image, image->programs[i].name);
		const char *section = image_string(image, image->programs[i].section);

		if (!serves(name, section, points, n))
			fail_msg("%s by %s: %s was written for %s, which is no point of it",
				 provider->name, way->name, name, section);
	}
}

static void every_program_has_the_point_it_was_written_for(void **state)
{
	(void)state;
	for_each_way(check_programs);
}

/* The verifier would refuse others with words that name nothing. */
static void check_image(const struct provider *provider, const struct way *way)
{
	const struct bpf_image *image = way->image;

	(void)provider;
	assert_true(image->constants >= 0 && image->variables >= 0);
	assert_int_equal(image->maps[image->constants].value_size, sizeof(struct shark_config));
	assert_true(image->maps[image->variables].value_size >= sizeof(struct shark_control));
	assert_true(image->nr_maps <= LOADED_MAPS && image->nr_programs <= LOADED_PROGRAMS);
	for (size_t i = 0; i < image->nr_fixups; i++)
		assert_true(image->fixups[i].insn < image->nr_code);
}

static void every_image_has_the_constants_of_a_session(void **state)
{
	(void)state;
	for_each_way(check_image);
}

/* Says of each loss which; fails if a place or a name is another's. */
static void check_losses(const struct provider *provider)
{
	const struct loss *seen[LOSS_END] = { NULL };
	size_t places[LOSS_END], n = 0;

	for (size_t i = 0; i < LOSS_END; i++) {
		const struct loss *loss = loss_at(provider, i, &places[n]);

		if (!loss)
			continue;
		assert_true(strlen(loss->one) > 3 && strlen(loss->several) > 3);
		assert_true(places[n] < sizeof(struct session_loss));
		for (size_t j = 0; j < n; j++) {
			assert_string_not_equal(loss->field, seen[j]->field);
			assert_int_not_equal(places[n], places[j]);
		}
		seen[n++] = loss;
	}
	assert_true(n >= 8);
}

static void each_loss_has_a_name_and_a_place_of_its_own(void **state)
{
	(void)state;
	check_losses(NULL);
	for (size_t i = 0; i < provider_count(); i++)
		check_losses(provider_at(i));
}

/* By the slot that its programs count in. */
static void a_full_table_is_told_by_its_own_name(void **state)
{
	struct session_loss lost = { .full = { [SHARK_FULL_OWN] = 7 } };
	static const struct {
		const char *provider, *field;
	} firsts[] = {
		{ "irqthread", "threads_full" },
		{ "virtblk", "requests_full" },
		{ "affinity", "calls_full" },
		{ "irte_amd", "calls_full" },
		{ "hardirq", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
		const struct provider *provider = provider_find(firsts[i].provider);
		const char *field = NULL;

		for (size_t j = 0, at; j < LOSS_END; j++) {
			const struct loss *loss = loss_at(provider, j, &at);

			if (loss && loss_count(&lost, at))
				field = loss->field;
		}
		if (firsts[i].field)
			assert_string_equal(field, firsts[i].field);
		else
			assert_null(field);
	}
}

/* Of all sessions the tables are one; what one session cannot tell, none can. */
static void losses_of_sessions_add_up(void **state)
{
	struct session_loss all = { .ring_drops = 1, .map_full = 2 };
	const struct session_loss lost = {
		.ring_drops = 10, .map_full = 20, .missed_runs = SESSION_UNKNOWN, .stacks_lost = 5
	};

	(void)state;
	loss_add(&all, &lost);
	loss_add(&all, &lost);
	assert_int_equal(all.ring_drops, 21);
	assert_int_equal(all.map_full, 42);
	assert_int_equal(all.stacks_lost, 10);
	assert_true(all.missed_runs == SESSION_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point_has_a_program_that_is_attached_so),
		cmocka_unit_test(every_program_has_the_point_it_was_written_for),
		cmocka_unit_test(every_image_has_the_constants_of_a_session),
		cmocka_unit_test(each_loss_has_a_name_and_a_place_of_its_own),
		cmocka_unit_test(a_full_table_is_told_by_its_own_name),
		cmocka_unit_test(losses_of_sessions_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
