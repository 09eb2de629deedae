/* SPDX-License-Identifier: MIT */
#ifndef SHARK_ARRAY_H
#define SHARK_ARRAY_H

#include <stddef.h>
#include <stdlib.h>

/* Elements of an array, not of a pointer. */
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * A list of n entries with room for one more: it doubles when n is a power of two, so it
 * must always have been asked for so. NULL, and the list as it was, if there is no memory.
 */
static inline void *array_room(void *list, size_t n, size_t entry_size)
{
	return n & (n - 1) ? list : reallocarray(list, n ? 2 * n : 1, entry_size);
}

#endif
