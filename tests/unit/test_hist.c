// SPDX-License-Identifier: MIT
/* The bucket a value is counted in, compiled from the lines the BPF programs use. */
#include "unit.h"

#include "bpf/hist.bpf.h"

/* Lower bound of a bucket, straight from the definition. */
static __u64 lower_bound(unsigned int bucket)
{
	unsigned int power = bucket / SHARK_HIST_SUB;

	if (!power)
		return bucket;
	return (__u64)(SHARK_HIST_SUB + bucket % SHARK_HIST_SUB) << (power - 1);
}

static void each_bucket_begins_where_the_last_ends(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < SHARK_HIST_BUCKETS; i++) {
		assert_int_equal(hist_bucket(lower_bound(i)), i);
		if (i)
			assert_int_equal(hist_bucket(lower_bound(i) - 1), i - 1);
	}
}

static void largest_value_is_in_the_last_bucket(void **state)
{
	(void)state;
	assert_int_equal(hist_bucket(UINT64_MAX), SHARK_HIST_BUCKETS - 1);
}

static void a_bucket_is_no_wider_than_an_eighth(void **state)
{
	(void)state;
	for (unsigned int i = SHARK_HIST_SUB; i + 1 < SHARK_HIST_BUCKETS; i++) {
		__u64 width = lower_bound(i + 1) - lower_bound(i);

		assert_true(width <= lower_bound(i) / SHARK_HIST_SUB);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bucket_begins_where_the_last_ends),
		cmocka_unit_test(largest_value_is_in_the_last_bucket),
		cmocka_unit_test(a_bucket_is_no_wider_than_an_eighth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
