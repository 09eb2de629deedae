// SPDX-License-Identifier: MIT
/* The tables of the providers, and the sizes they ask for. */
#include "unit.h"

#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"
#include "trace/session.h"

static void providers_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(provider_find("hardirq"), &provider_hardirq);
	assert_ptr_equal(provider_find("ipi"), &provider_ipi);
	assert_null(provider_find("hard"));
	assert_null(provider_find(""));
}

static void ways_are_in_the_order_of_preference(void **state)
{
	(void)state;
	assert_int_equal(provider_hardirq.nr_ways, 3);
	assert_string_equal(provider_hardirq.ways[0].name, "tp_btf");
	assert_string_equal(provider_hardirq.ways[1].name, "raw_tp");
	assert_string_equal(provider_hardirq.ways[2].name, "tp");
	assert_null(provider_way(&provider_hardirq, "kprobe"));
}

static const struct provider *const all[] = {
	&provider_hardirq,     &provider_softirq,    &provider_vector,	 &provider_ipi,
	&provider_vecalloc,    &provider_irte_intel, &provider_irte_amd, &provider_affinity,
	&provider_fault_intel, &provider_fault_amd,
};

static bool has_program(const struct provider *provider, const char *name)
{
	const struct image *image = provider->ways[0].image;

	for (size_t i = 0; i < image->nr_programs; i++)
		if (!strcmp(image->programs[i], name))
			return true;
	return false;
}

static void every_point_has_a_program(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (size_t j = 0; j < all[i]->nr_points; j++)
			assert_true(has_program(all[i], all[i]->points[j].program));
}

/* What is of use together only stands together: it is given up together. */
static void optional_points_stand_beside_their_partners(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (size_t j = 2; j < all[i]->nr_points; j++)
			assert_true(all[i]->points[j].optional >= all[i]->points[j - 1].optional ||
				    !all[i]->points[j].optional);
}

/* Of its own, and of all sessions: a field is a loss of one table. */
static void full_tables_have_names_and_room_for_their_counts(void **state)
{
	static const struct provider *const with_tables[] = {
		&provider_irqthread, &provider_irte_intel, &provider_irte_amd,
		&provider_affinity,  &provider_virtblk,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(with_tables); i++) {
		const struct provider *provider = with_tables[i];

		assert_true(provider->nr_tables >= 1 &&
			    provider->nr_tables <= SHARK_FULL_TABLES - SHARK_FULL_OWN);
		for (size_t j = 0; j < provider->nr_tables; j++) {
			assert_non_null(strstr(provider->tables[j].field, "_full"));
			assert_string_not_equal(provider->tables[j].field, "rows_full");
			assert_string_not_equal(provider->tables[j].field, "map_full");
		}
	}
}

static void tables_are_at_most_half_full(void **state)
{
	(void)state;
	assert_int_equal(provider_table_size(0), 64);
	assert_int_equal(provider_table_size(32), 64);
	assert_int_equal(provider_table_size(33), 128);
	assert_int_equal(provider_table_size(UINT32_MAX), 1U << 24);
}

/* In use are at most half of the rows; histograms have room for two parts each. */
static void a_large_machine_needs_a_few_megabytes(void **state)
{
	static const struct provider *const by_cpus[] = { &provider_softirq, &provider_vector,
							  &provider_ipi };
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(by_cpus); i++) {
		uint64_t wanted = (uint64_t)by_cpus[i]->rows_wanted(512, &err);
		size_t rows = provider_table_size(wanted) * sizeof(struct shark_row);
		size_t parts = provider_parts(wanted) * sizeof(struct shark_part);

		assert_true(rows <= 6 << 20);
		assert_true(rows + parts <= 24 << 20);
		assert_true(provider_parts(wanted) >= 2 * wanted);
		assert_true(by_cpus[i]->rows_wanted(2, &err) < 200);
	}
}

static void filters_refuse_what_is_not_there(void **state)
{
	const struct filter *irq = provider_filter(&provider_hardirq, "irq");
	const struct filter *cpu = provider_filter(&provider_hardirq, "cpu");
	struct error err;

	(void)state;
	assert_int_equal(irq->check(1000000, &err), -ENOENT);
	assert_int_equal(irq->check(-1, &err), -ENOENT);
	assert_int_equal(cpu->check(1000000, &err), -ENOENT);
	assert_int_equal(cpu->check(-1, &err), -ENOENT);
	assert_int_equal(cpu->check(0, &err), 0);
	assert_null(provider_filter(&provider_hardirq, "softirq"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(providers_are_found_by_name),
		cmocka_unit_test(ways_are_in_the_order_of_preference),
		cmocka_unit_test(every_point_has_a_program),
		cmocka_unit_test(optional_points_stand_beside_their_partners),
		cmocka_unit_test(full_tables_have_names_and_room_for_their_counts),
		cmocka_unit_test(tables_are_at_most_half_full),
		cmocka_unit_test(a_large_machine_needs_a_few_megabytes),
		cmocka_unit_test(filters_refuse_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
