/* SPDX-License-Identifier: MIT */
/* A tracer's image in the kernel: its maps by what they are for, its programs by name. */
#ifndef SHARK_OBJECT_H
#define SHARK_OBJECT_H

#include <stddef.h>

#include "base/error.h"
#include "load/loaded.h"
#include "trace/wire.h"

/* The maps of an image, see core/bpf/session.bpf.h; the last three are its own, not all have them.
 */
enum object_map {
	MAP_ROWS,
	MAP_CPUS,
	MAP_PARTS,
	MAP_FREE_PARTS,
	MAP_EVENTS,
	MAP_STACKS,
	MAP_EXTRA,
	MAP_QUEUES,
	MAP_ENDINGS,
	NR_OBJECT_MAPS
};

struct object {
	struct loaded loaded;
	int map_fds[NR_OBJECT_MAPS]; /* -1: it has none */
	volatile struct shark_control *control;
};

/*
 * Loads an image with maps of the given numbers of entries (bytes for
 * MAP_EVENTS) and a config. Returns 0 or a negative errno; on failure the object is
 * empty.
 */
int object_load(struct object *object, const struct bpf_image *image,
		const __u32 entries[NR_OBJECT_MAPS], const struct shark_config *config,
		struct error *err);

/* The file descriptor of a program by name, or -ENOENT. */
int object_program(const struct object *object, const char *name);

/* Takes an empty object too. */
void object_unload(struct object *object);

#endif
