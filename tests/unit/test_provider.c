// SPDX-License-Identifier: MIT
/* Providers, the sizes they ask for, and what they refuse. */
#include "unit.h"

#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"
#include "trace/session.h"

static void providers_are_found_by_name(void **state)
{
	(void)state;
	assert_string_equal(provider_find("hardirq")->name, "hardirq");
	assert_string_equal(provider_find("ipi")->name, "ipi");
	assert_null(provider_find("hard"));
	assert_null(provider_find(""));
}

static void ways_are_in_the_order_of_preference(void **state)
{
	const struct provider *hardirq = provider_find("hardirq");

	(void)state;
	assert_int_equal(hardirq->nr_ways, 3);
	assert_string_equal(hardirq->ways[0].name, "tp_btf");
	assert_string_equal(hardirq->ways[1].name, "raw_tp");
	assert_string_equal(hardirq->ways[2].name, "tp");
	assert_null(provider_way(hardirq, "kprobe"));
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
	static const char *const by_cpus[] = { "softirq", "vector", "ipi" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(by_cpus); i++) {
		const struct provider *provider = provider_find(by_cpus[i]);
		uint64_t wanted = (uint64_t)provider->rows_wanted(512, &err);
		size_t rows = provider_table_size(wanted) * sizeof(struct shark_row);
		size_t parts = provider_parts(wanted) * sizeof(struct shark_part);

		assert_true(rows <= 6 << 20);
		assert_true(rows + parts <= 24 << 20);
		assert_true(provider_parts(wanted) >= 2 * wanted);
		assert_true(provider->rows_wanted(2, &err) < 200);
	}
}

static void filters_refuse_what_is_not_there(void **state)
{
	const struct filter *irq = provider_filter(provider_find("hardirq"), "irq");
	const struct filter *cpu = provider_filter(provider_find("hardirq"), "cpu");
	struct error err;

	(void)state;
	assert_int_equal(irq->check(1000000, &err), -ENOENT);
	assert_int_equal(irq->check(-1, &err), -ENOENT);
	assert_int_equal(cpu->check(1000000, &err), -ENOENT);
	assert_int_equal(cpu->check(-1, &err), -ENOENT);
	assert_int_equal(cpu->check(0, &err), 0);
	assert_null(provider_filter(provider_find("hardirq"), "softirq"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(providers_are_found_by_name),
		cmocka_unit_test(ways_are_in_the_order_of_preference),
		cmocka_unit_test(tables_are_at_most_half_full),
		cmocka_unit_test(a_large_machine_needs_a_few_megabytes),
		cmocka_unit_test(filters_refuse_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
