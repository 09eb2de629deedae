/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The key of a row and where it is looked for. Plain C without helpers: the BPF
 * programs and the unit tests compile the same lines.
 */
#ifndef SHARK_BPF_ROWKEY_H
#define SHARK_BPF_ROWKEY_H

#include "trace/wire.h"

/* What tells one row from another. */
struct row_key {
	__u64 key[2];
	__u32 id;
	__u32 cpu;
	__u32 what;
};

/*
 * All of the key decides. Addresses differ in few and low bits: each word is
 * multiplied by an odd number of its own, which carries them upwards, and the
 * sum is folded and multiplied once more, which carries them everywhere.
 */
static inline __attribute__((always_inline)) __u64 hash_of(const struct row_key *k)
{
	__u64 hash =
		k->key[0] * 0x9e3779b97f4a7c15ULL + k->key[1] * 0xc2b2ae3d27d4eb4fULL +
		(((__u64)k->id << 32) + ((__u64)k->cpu << 8) + k->what) * 0xd6e8feb86659fd93ULL;

	hash = (hash ^ (hash >> 30)) * 0xff51afd7ed558ccdULL;
	return hash ^ (hash >> 32);
}

/* Of a name that fills its rest with zeros. */
static inline __attribute__((always_inline)) __u64 hash_name(const char name[SHARK_NAME_SIZE])
{
	const __u64 *words = (const __u64 *)name;
	__u64 hash = 0;

	for (int i = 0; i < SHARK_NAME_SIZE / 8; i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
	return hash;
}

/* The first place of a key, and the way to each further one: odd, so it meets all. */
static inline __attribute__((always_inline)) __u32 first_place(__u64 hash)
{
	return (__u32)hash;
}

static inline __attribute__((always_inline)) __u32 place_step(__u64 hash)
{
	return (__u32)(hash >> 40) | 1;
}

#endif
