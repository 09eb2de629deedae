// SPDX-License-Identifier: MIT
/* The tables of the providers, and the sizes they ask for. */
#include "unit.h"

#include <errno.h>

#include "provider.h"
#include "session.h"

static void providers_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(provider_find("hardirq"), &provider_hardirq);
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

static void images_fit_their_provider(void **state)
{
	const struct provider *provider = &provider_hardirq;

	(void)state;
	for (size_t i = 0; i < provider->nr_ways; i++) {
		const struct image *image = provider->ways[i].image;

		assert_int_equal(image->config_size, provider->config_size);
		assert_int_equal(image->nr_programs, provider->nr_points);
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
		cmocka_unit_test(images_fit_their_provider),
		cmocka_unit_test(tables_are_at_most_half_full),
		cmocka_unit_test(filters_refuse_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
