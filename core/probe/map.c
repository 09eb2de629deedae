// SPDX-License-Identifier: MIT
#include "probe/map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "kernel/kfeat.h"
#include "kernel/refusal.h"
#include "load/bpfcall.h"
#include "load/mapping.h"

enum {
	/* Entries that are asked for at once, to begin with. */
	FIRST_BATCH = 256,
};

static const struct {
	const char *name;
	__u32 type;
	bool per_cpu;
} types[] = {
	{ "array", BPF_MAP_TYPE_ARRAY, false },
	{ "hash", BPF_MAP_TYPE_HASH, false },
	{ "percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, true },
	{ "percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, true },
	{ "stack_trace", BPF_MAP_TYPE_STACK_TRACE, false },
	{ "ringbuf", BPF_MAP_TYPE_RINGBUF, false },
};

const char *probe_map_type_at(size_t i)
{
	return i < ARRAY_SIZE(types) ? types[i].name : NULL;
}

static int find_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].name, name))
			return (int)i;
	return -1;
}

int probe_map_type(const char *name)
{
	int i = find_type(name);

	return i < 0 ? -1 : (int)types[i].type;
}

/* ---- making ---- */

static int create(const struct probe_map_spec *spec, __u32 type, struct error *err)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = spec->key_size,
		.value_size = spec->value_size,
		.max_entries = spec->entries,
		.map_flags = spec->mapped ? BPF_F_MMAPABLE : 0,
	};
	int fd;

	bpfcall_name(attr.map_name, spec->name);
	fd = bpfcall(BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd >= 0)
		return fd;
	error_set(err, fd,
		  "cannot make the map %s (%s of %u entries, keys of %u bytes, values of "
		  "%u): %s",
		  spec->name, spec->type, spec->entries, spec->key_size, spec->value_size,
		  strerror(-fd));
	/* The reason where it is the process, not the map. */
	return fd == -EPERM ? refusal_explain(err) : fd;
}

/* The kernel gives each value room in steps of 8 bytes (kernel/bpf/arraymap.c). */
static size_t value_room(const struct probe_map *map)
{
	return ((size_t)map->value_size + 7) & ~(size_t)7;
}

static int map_memory(struct probe_map *map, struct error *err)
{
	map->bytes = mapping_bytes(value_room(map) * map->entries);
	map->memory = mapping_map(map->fd, map->bytes, err);
	return map->memory ? 0 : err->code;
}

int probe_map_create(const struct probe_map_spec *spec, struct probe_map *map, struct error *err)
{
	int type = find_type(spec->type), cpus = kfeat_possible_cpus(err), code;

	*map = (struct probe_map){ .fd = -1 };
	if (type < 0)
		return error_set(err, -EINVAL, "no type of maps is called %s", spec->type);
	if (cpus < 0)
		return cpus;
	*map = (struct probe_map){
		.type = types[type].type,
		.key_size = spec->key_size,
		.value_size = spec->value_size,
		.entries = spec->entries,
		.cpus = cpus,
	};
	map->lookup_size = types[type].per_cpu ? value_room(map) * (size_t)cpus : spec->value_size;
	code = create(spec, map->type, err);
	map->fd = code < 0 ? -1 : code;
	code = code < 0 ? code : spec->mapped ? map_memory(map, err) : 0;
	if (code)
		probe_map_free(map);
	return code;
}

void probe_map_close(struct probe_map *map)
{
	if (map->fd >= 0)
		close(map->fd);
	map->fd = -1;
}

void probe_map_free(struct probe_map *map)
{
	probe_map_close(map);
	mapping_unmap(map->memory, map->bytes);
	map->memory = NULL;
	map->bytes = 0;
}

/* ---- one entry ---- */

static int answer(int code, const char *what, struct error *err)
{
	return code ? error_set(err, code, "cannot %s an entry of a map: %s", what, strerror(-code))
		    : 0;
}

int probe_map_get(const struct probe_map *map, const void *key, void *value, struct error *err)
{
	return answer(bpf_map_lookup_elem(map->fd, key, value), "read", err);
}

int probe_map_set(const struct probe_map *map, const void *key, const void *value,
		  struct error *err)
{
	return answer(bpf_map_update_elem(map->fd, key, value, BPF_ANY), "write", err);
}

int probe_map_delete(const struct probe_map *map, const void *key, struct error *err)
{
	return answer(bpf_map_delete_elem(map->fd, key), "delete", err);
}

/* ---- all entries ---- */

static int make_room(const struct probe_map *map, struct probe_entries *entries, size_t room)
{
	char *keys = reallocarray(entries->keys, room, map->key_size), *values;

	if (!keys)
		return -ENOMEM;
	entries->keys = keys;
	values = reallocarray(entries->values, room, map->lookup_size);
	if (!values)
		return -ENOMEM;
	entries->values = values;
	return 0;
}

static char *key_at(const struct probe_map *map, const struct probe_entries *entries, size_t i)
{
	return entries->keys + i * map->key_size;
}

static char *value_at(const struct probe_map *map, const struct probe_entries *entries, size_t i)
{
	return entries->values + i * map->lookup_size;
}

/*
 * Where the kernel goes on is in `position`, whose size is that of a key or of a number, whichever
 * is larger. Returns -ENOENT when there are no more, -ENOSPC where the room is too small for what
 * cannot be divided (a bucket of a hash).
 */
static int next_batch(const struct probe_map *map, struct probe_entries *entries, size_t room,
		      void *position)
{
	__u32 n = (__u32)(room - entries->n);
	void *from = entries->n ? position : NULL;
	int code = bpf_map_lookup_batch(map->fd, from, position, key_at(map, entries, entries->n),
					value_at(map, entries, entries->n), &n, NULL);

	if (!code || code == -ENOENT)
		entries->n += n;
	return code;
}

static int read_batches(const struct probe_map *map, struct probe_entries *entries, void *position)
{
	size_t room = 0;
	int code = -ENOSPC;

	while (!code || code == -ENOSPC) {
		if (code || entries->n == room) {
			room = room ? 2 * room : FIRST_BATCH;
			code = make_room(map, entries, room);
			if (code)
				return code;
		}
		code = next_batch(map, entries, room, position);
	}
	return code == -ENOENT ? 0 : code;
}

/* One by one: for types of maps whose keys stay where they are. */
static int read_each(const struct probe_map *map, struct probe_entries *entries, void *position)
{
	const void *previous = NULL;
	size_t room = 0;
	int code = 0;

	for (entries->n = 0; !code; previous = position) {
		if (entries->n == room) {
			room = room ? 2 * room : FIRST_BATCH;
			code = make_room(map, entries, room);
		}
		if (!code)
			code = bpf_map_get_next_key(map->fd, previous, position);
		if (code)
			break;
		memcpy(key_at(map, entries, entries->n), position, map->key_size);
		/* What has gone meanwhile leaves its place to the next. */
		if (!bpf_map_lookup_elem(map->fd, position, value_at(map, entries, entries->n)))
			entries->n++;
	}
	return code == -ENOENT ? 0 : code;
}

/* The kernel's own number, for which the C library has no name: no batches of this type. */
enum { KERNEL_ENOTSUPP = 524 };

int probe_map_all(const struct probe_map *map, struct probe_entries *entries, struct error *err)
{
	void *position = malloc(map->key_size < sizeof(__u64) ? sizeof(__u64) : map->key_size);
	int code;

	*entries = (struct probe_entries){ 0 };
	code = position ? read_batches(map, entries, position) : -ENOMEM;
	if (code == -KERNEL_ENOTSUPP || code == -EOPNOTSUPP || code == -EINVAL)
		code = read_each(map, entries, position);
	free(position);
	return code ? error_set(err, code, "cannot read a map: %s", strerror(-code)) : 0;
}

void probe_entries_free(struct probe_entries *entries)
{
	free(entries->keys);
	free(entries->values);
	*entries = (struct probe_entries){ 0 };
}
