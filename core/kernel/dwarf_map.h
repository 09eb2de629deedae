/* SPDX-License-Identifier: MIT */
/* Numbers by numbers: a hash table that only grows. */
#ifndef SHARK_DWARF_MAP_H
#define SHARK_DWARF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dwarf_map {
	struct dwarf_slot {
		uint64_t key; /* 0: free */
		uint64_t value;
	} * slots;
	size_t room, count;
};

/* One number of two, spread over all bits, never 0. */
static inline uint64_t dwarf_mix(uint64_t a, uint64_t b)
{
	uint64_t x = (a ^ b * 0x9e3779b97f4a7c15) + 0x632be59bd9b4e019;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
	x = (x ^ x >> 29) * 0xd6e8feb86659fd93;
	return (x ^ x >> 32) | 1;
}

/* The same of a text. */
uint64_t dwarf_mix_text(uint64_t a, const char *text);

/* The value of a key other than 0, to be set where there was none: it is 0 then. NULL: no memory.
 */
uint64_t *dwarf_map_at(struct dwarf_map *map, uint64_t key);

void dwarf_map_free(struct dwarf_map *map);

#endif
