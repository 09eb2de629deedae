// SPDX-License-Identifier: MIT
/*
 * What belongs together in every tracer, by name: a point, the program it is given
 * to, the section that says what that program was written for, and how it is attached.
 */
#include "unit.h"

#include <bpf/libbpf.h>
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

static const struct point *points_of(const struct provider *provider, const struct way *way,
				     size_t *n)
{
	*n = way->points ? way->nr_points : provider->nr_points;
	return way->points ? way->points : provider->points;
}

static struct bpf_object *open_image(const struct image *image)
{
	size_t size;
	const void *elf = image->elf(&size);
	struct bpf_object *object = bpf_object__open_mem(elf, size, NULL);

	assert_non_null(object);
	return object;
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
	struct bpf_object *object = open_image(way->image);
	size_t n;
	const struct point *points = points_of(provider, way, &n);

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(object, points[i].program);
		attach_fn *attach = points[i].attach ? points[i].attach : way->attach;

		if (!program && points[i].optional)
			continue; /* a way may leave it out */
		if (!program || attaching(bpf_program__section_name(program)) != attach)
			fail_msg("%s by %s: %s of %s is not a program to be attached so",
				 provider->name, way->name, points[i].program, points[i].event);
	}
	bpf_object__close(object);
}

static void every_point_has_a_program_that_is_attached_so(void **state)
{
	(void)state;
	for_each_way(check_points);
}

/* One program may serve many points; its section names one of them. */
static bool serves(const char *name, const char *section, const struct point *points, size_t n)
{
	const char *target = strrchr(section, '/') + 1;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(points[i].program, name) && !strcmp(points[i].event, target))
			return true;
	return false;
}

static void check_programs(const struct provider *provider, const struct way *way)
{
	struct bpf_object *object = open_image(way->image);
	struct bpf_program *program;
	size_t n, programs = 0;
	const struct point *points = points_of(provider, way, &n);

	bpf_object__for_each_program (program, object) {
		const char *name = bpf_program__name(program);
		const char *section = bpf_program__section_name(program);

		programs++;
		if (!serves(name, section, points, n))
			fail_msg("%s by %s: %s was written for %s, which is no point of it",
				 provider->name, way->name, name, section);
	}
	assert_int_equal(programs, way->image->nr_programs);
	bpf_object__close(object);
}

static void every_program_has_the_point_it_was_written_for(void **state)
{
	(void)state;
	for_each_way(check_programs);
}

/* The light skeleton's programs are found by their place, those of libbpf by name. */
static void check_places(const struct provider *provider, const struct way *way)
{
	struct bpf_object *object = open_image(way->image);
	struct bpf_program *program;
	size_t i = 0;

	(void)provider;
	bpf_object__for_each_program (program, object)
		assert_string_equal(way->image->programs[i++], bpf_program__name(program));
	bpf_object__close(object);
}

static void both_skeletons_have_the_same_programs(void **state)
{
	(void)state;
	for_each_way(check_places);
}

/* What is of use together only stands together: it is given up together. */
static void check_partners(const struct provider *provider, const struct way *way)
{
	size_t n;
	const struct point *points = points_of(provider, way, &n);

	for (size_t i = 2; i < n; i++)
		assert_true(points[i].optional >= points[i - 1].optional || !points[i].optional);
}

static void optional_points_stand_beside_their_partners(void **state)
{
	(void)state;
	for_each_way(check_partners);
}

/* Of its own, and of all sessions: a field is a loss of one table. */
static void full_tables_have_names_and_room_for_their_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < provider_count(); i++) {
		const struct provider *provider = provider_at(i);

		assert_true(provider->nr_tables <= SHARK_FULL_TABLES - SHARK_FULL_OWN);
		for (size_t j = 0; j < provider->nr_tables; j++) {
			assert_non_null(strstr(provider->tables[j].field, "_full"));
			assert_string_not_equal(provider->tables[j].field, "rows_full");
			assert_string_not_equal(provider->tables[j].field, "map_full");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point_has_a_program_that_is_attached_so),
		cmocka_unit_test(every_program_has_the_point_it_was_written_for),
		cmocka_unit_test(both_skeletons_have_the_same_programs),
		cmocka_unit_test(optional_points_stand_beside_their_partners),
		cmocka_unit_test(full_tables_have_names_and_room_for_their_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
