/* SPDX-License-Identifier: MIT */
/*
 * Turns the two skeletons that bpftool generates for an object (NAME.skel.h and
 * NAME.light.h) into one `struct image NAME_image`. The code they share is the
 * same; only the types of the generated structs differ.
 */
#ifndef SHARK_IMAGE_H
#define SHARK_IMAGE_H

#include <errno.h>
#include <string.h>

/* Needs errno.h before it. */
#include <bpf/skel_internal.h>

#include "array.h"
#include "object.h"

/* More entries of maps_at, for an image that has a map of its own, come behind. */
#define IMAGE_EXTRA(obj) [MAP_EXTRA] = offsetof(struct obj##_light, maps.extra)
#define IMAGE_ENDINGS(obj) [MAP_ENDINGS] = offsetof(struct obj##_light, maps.endings)
#define IMAGE_QUEUES(obj) [MAP_QUEUES] = offsetof(struct obj##_light, maps.queues)

#define IMAGE_DEFINE(obj, program_names, ...)                                                      \
	static struct bpf_loader_ctx *obj##_open(void)                                             \
	{                                                                                          \
		struct obj##_light *skeleton = obj##_light__open();                                \
                                                                                                   \
		return skeleton ? &skeleton->ctx : NULL;                                           \
	}                                                                                          \
	static int obj##_load(struct bpf_loader_ctx *skeleton)                                     \
	{                                                                                          \
		return obj##_light__load((struct obj##_light *)skeleton);                          \
	}                                                                                          \
	static void obj##_close(struct bpf_loader_ctx *skeleton)                                   \
	{                                                                                          \
		obj##_light__destroy((struct obj##_light *)skeleton);                              \
	}                                                                                          \
	_Static_assert(sizeof(((struct obj##_light *)0)->progs) / sizeof(struct bpf_prog_desc) ==  \
			       ARRAY_SIZE(program_names),                                          \
		       "program names of " #obj);                                                  \
	_Static_assert(sizeof(*((struct obj##_light *)0)->rodata) == sizeof(struct shark_config),  \
		       "constants of " #obj " besides its config");                                \
	static const struct image obj##_image = {                                                  \
		.name = #obj,                                                                      \
		.elf = obj##__elf_bytes,                                                           \
		.open = obj##_open,                                                                \
		.load = obj##_load,                                                                \
		.close = obj##_close,                                                              \
		.maps_at = { [MAP_ROWS] = offsetof(struct obj##_light, maps.rows),                 \
			     [MAP_CPUS] = offsetof(struct obj##_light, maps.cpus),                 \
			     [MAP_PARTS] = offsetof(struct obj##_light, maps.parts),               \
			     [MAP_FREE_PARTS] = offsetof(struct obj##_light, maps.free_parts),     \
			     [MAP_EVENTS] = offsetof(struct obj##_light, maps.events),             \
			     [MAP_STACKS] = offsetof(struct obj##_light, maps.stacks),             \
			     __VA_ARGS__ },                                                        \
		.programs_at = offsetof(struct obj##_light, progs),                                \
		.config_at = offsetof(struct obj##_light, rodata),                                 \
		.control_at = offsetof(struct obj##_light, bss),                                   \
		.programs = program_names,                                                         \
		.nr_programs = ARRAY_SIZE(program_names),                                          \
	}

#endif
