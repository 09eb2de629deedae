// SPDX-License-Identifier: MIT
/* Providers, the sizes they ask for, and what they refuse. */
#include "unit.h"

#include <errno.h>

#include "base/array.h"
#include "trace/config.h"
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

/* What is not asked for lets all pass: 0 would be an IRQ, a CPU, a softirq. */
static void a_filter_that_is_absent_is_any(void **state)
{
	const struct session_options options = { 0 };
	struct error err;

	(void)state;
	for (size_t i = 0; i < provider_count(); i++) {
		const struct provider *provider = provider_at(i);
		struct shark_config config = { 0 };

		assert_int_equal(config_fill(provider, &options, &config, &err), 0);
		for (size_t slot = 0; slot < SHARK_FILTERS; slot++)
			assert_int_equal(config.filters[slot], SHARK_ANY);
		for (size_t slot = 0; slot < SHARK_FEATURES; slot++) {
			const struct feature *feature = provider_feature_at(provider, slot);

			assert_int_equal(config.features[slot], feature && feature->by_default);
		}
	}
}

static void a_filter_is_put_into_its_slot_and_no_other(void **state)
{
	struct session_options options = { 0 };
	struct shark_config config = { 0 };
	struct error err;

	(void)state;
	options.filters[SHARK_FILTER_CPU].asked_for = true;
	options.features[SHARK_FEATURE_STACKS].asked_for = true;
	options.features[SHARK_FEATURE_STACKS].on = true;
	assert_int_equal(config_fill(provider_find("hardirq"), &options, &config, &err), 0);
	for (size_t slot = 0; slot < SHARK_FILTERS; slot++)
		assert_int_equal(config.filters[slot], slot == SHARK_FILTER_CPU ? 0 : SHARK_ANY);
	assert_int_equal(config.features[SHARK_FEATURE_STACKS], 1);
}

/* SHARK_ANY, too, is a value that nobody may ask for by number. */
static void what_a_provider_has_not_is_refused(void **state)
{
	struct session_options wrong_slot = { 0 }, any = { 0 }, no_stacks = { 0 };
	struct shark_config config;
	struct error err;

	(void)state;
	wrong_slot.filters[SHARK_FILTERS - 1].asked_for = true;
	assert_int_equal(config_fill(provider_find("hardirq"), &wrong_slot, &config, &err),
			 -EINVAL);
	any.filters[SHARK_FILTER_ID].asked_for = true;
	any.filters[SHARK_FILTER_ID].value = SHARK_ANY;
	for (size_t i = 0; i < provider_count(); i++)
		assert_true(config_fill(provider_at(i), &any, &config, &err) < 0);
	no_stacks.features[SHARK_FEATURE_STACKS].asked_for = true;
	assert_int_equal(config_fill(provider_find("ipi"), &no_stacks, &config, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(providers_are_found_by_name),
		cmocka_unit_test(ways_are_in_the_order_of_preference),
		cmocka_unit_test(tables_are_at_most_half_full),
		cmocka_unit_test(a_large_machine_needs_a_few_megabytes),
		cmocka_unit_test(filters_refuse_what_is_not_there),
		cmocka_unit_test(a_filter_that_is_absent_is_any),
		cmocka_unit_test(a_filter_is_put_into_its_slot_and_no_other),
		cmocka_unit_test(what_a_provider_has_not_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
