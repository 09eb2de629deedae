// SPDX-License-Identifier: MIT
/* Where rows are looked for, compiled from the lines the BPF programs use. */
#include "unit.h"

#include <stdbool.h>

#include "base/array.h"
#include "bpf/rowkey.bpf.h"

enum { PLACES = 4096 };

struct table {
	bool taken[PLACES];
};

/* As search_row(): the key's first free place among those it may have. */
static bool insert(struct table *table, const struct row_key *k)
{
	__u64 hash = hash_of(k);
	__u32 at = first_place(hash);

	for (int i = 0; i < SHARK_MAX_PROBES; i++, at += place_step(hash)) {
		if (table->taken[at % PLACES])
			continue;
		table->taken[at % PLACES] = true;
		return true;
	}
	return false;
}

/* Keys as they occur: the n-th of PLACES / 2, which leaves the table half full. */
static struct row_key callback(__u32 n)
{
	return (struct row_key){ .key = { 0xffffffff81123456, 0xffffffff81000000 + 16ULL * n },
				 .id = 0xfb,
				 .cpu = 1,
				 .what = 2 };
}

static struct row_key callsite(__u32 n)
{
	return (struct row_key){ .key = { 0xffffffff81000000 + 5ULL * n }, .id = 0xfd, .what = 2 };
}

static struct row_key callsite_and_callback(__u32 n)
{
	return (struct row_key){ .key = { 0xffffffff81123000 + 64ULL * (n % 8),
					  0xffffffff81123000 + 64ULL * (n / 8 % 32) },
				 .id = 0xfb,
				 .cpu = n / 256,
				 .what = 2 };
}

static struct row_key pair_of_cpus(__u32 n)
{
	return (struct row_key){
		.key = { n % 32 }, .id = 0xfb + n / 1024, .cpu = n / 32 % 32, .what = 1
	};
}

static struct row_key irq_on_each_cpu(__u32 n)
{
	__u64 action = 0xffff888100000000 + 128ULL * (n / 16);

	return (struct row_key){ .key = { action, 0xffff888107000000 + 32ULL * (n / 16) },
				 .id = n / 16,
				 .cpu = n % 16 };
}

static struct row_key softirq(__u32 n)
{
	return (struct row_key){ .key = { (__u64)(n % 4) << 32 | (n % 4 ? 236 : 0) },
				 .id = n / 4 % 8,
				 .cpu = n / 32,
				 .what = 1 };
}

static struct row_key only_the_second_word(__u32 n)
{
	return (struct row_key){ .key = { 0, (__u64)n << 52 } };
}

static struct row_key request(__u32 n)
{
	__u64 queue = n & 3, op = n >> 2 & 1, size = n >> 3 & 3, where = n >> 5 & 1;
	__u64 seen = 0x3f ^ (n >> 6 & 1);

	return (struct row_key){ .key = { queue | op << 16 | size << 24 | where << 32 |
					  seen << 40 },
				 .id = 254U << 20 | 16 * (n >> 7 & 3),
				 .cpu = n >> 9 };
}

static struct row_key irq(__u32 n)
{
	return (struct row_key){ .id = n };
}

static void every_key_finds_a_place_in_a_table_half_full(void **state)
{
	static struct row_key (*const kinds[])(__u32) = {
		callback,
		callsite,
		callsite_and_callback,
		pair_of_cpus,
		irq_on_each_cpu,
		softirq,
		only_the_second_word,
		request,
		irq,
	};

	(void)state;
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		struct table table = { 0 };
		int without = 0;

		for (__u32 n = 0; n < PLACES / 2; n++) {
			struct row_key k = kinds[kind](n);

			without += !insert(&table, &k);
		}
		if (without)
			print_error("kind %zu: %d of %d without a place\n", kind, without,
				    PLACES / 2);
		assert_int_equal(without, 0);
	}
}

static bool changes(__u64 *hash, const struct row_key *k)
{
	__u64 before = *hash;

	*hash = hash_of(k);
	return (__u32)before != (__u32)*hash;
}

/* No part of the key is left out, whichever bit of it differs. */
static void every_bit_of_the_key_changes_the_place(void **state)
{
	struct row_key k = { .key = { 0xffffffff81123456, 0xffffffff81abcdef }, .id = 5, .cpu = 3 };
	__u64 hash = hash_of(&k);

	(void)state;
	for (int bit = 0; bit < 64; bit++) {
		for (int word = 0; word < 2; word++) {
			k.key[word] ^= 1ULL << bit;
			assert_true(changes(&hash, &k));
		}
		k.id ^= bit < 32 ? 1U << bit : 0;
		assert_true(changes(&hash, &k) || bit >= 32);
		k.cpu ^= bit < 16 ? 1U << bit : 0;
		assert_true(changes(&hash, &k) || bit >= 16);
		k.what ^= bit < 8 ? 1U << bit : 0;
		assert_true(changes(&hash, &k) || bit >= 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_finds_a_place_in_a_table_half_full),
		cmocka_unit_test(every_bit_of_the_key_changes_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
