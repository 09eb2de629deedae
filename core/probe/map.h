/* SPDX-License-Identifier: MIT */
/* A BPF map that is made at run time: kept by its descriptor, read and written by key. */
#ifndef SHARK_PROBE_MAP_H
#define SHARK_PROBE_MAP_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct probe_map_spec {
	const char *type; /* "array", "hash", ...: see probe_map_type() */
	const char *name; /* as the kernel shows it; 15 characters are kept */
	__u32 key_size, value_size;
	__u32 entries; /* of a ring: bytes, a power of two of pages */
	bool mapped;   /* an array whose values this process shares with the programs */
};

struct probe_map {
	int fd; /* -1: closed */
	__u32 type;
	__u32 key_size, value_size, entries;
	size_t lookup_size; /* bytes of a value as it is looked up: of all possible CPUs, where it
			       has one for each */
	int cpus;	    /* possible CPUs */
	void *memory;	    /* of a mapped array; NULL: not mapped */
	size_t bytes;	    /* of memory */
};

/* All keys and values at one moment, one after the other. */
struct probe_entries {
	char *keys, *values;
	size_t n;
};

/* The number of a type of maps (BPF_MAP_TYPE_...), or -1 if it is not one of those that can be made
 * here. */
int probe_map_type(const char *name);

/* Names of those types by number from 0; NULL behind the last. */
const char *probe_map_type_at(size_t i);

/*
 * Hashes have all their memory from the start: programs in any context may add to them
 * (before 6.1 an allocation there can hang the kernel). Returns 0 or a negative errno; -EINVAL
 * for sizes that the type does not have.
 */
int probe_map_create(const struct probe_map_spec *spec, struct probe_map *map, struct error *err);

/* Gives back the descriptor; mapped memory stays. May be called twice. */
void probe_map_close(struct probe_map *map);

/* Gives back all of it. */
void probe_map_free(struct probe_map *map);

/*
 * Keys have map->key_size bytes, values map->lookup_size. Return 0 or a negative errno: -ENOENT for
 * a key that is not there, -E2BIG where there is no room for another.
 */
int probe_map_get(const struct probe_map *map, const void *key, void *value, struct error *err);
int probe_map_set(const struct probe_map *map, const void *key, const void *value,
		  struct error *err);
int probe_map_delete(const struct probe_map *map, const void *key, struct error *err);

/*
 * All entries, in batches where the kernel has them for this type of map (hashes: since 5.6). What
 * programs add or delete meanwhile may be missing or not; nothing is there twice. The
 * caller frees what it gets with probe_entries_free(), also on failure.
 */
int probe_map_all(const struct probe_map *map, struct probe_entries *entries, struct error *err);
void probe_entries_free(struct probe_entries *entries);

#endif
