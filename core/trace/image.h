/* SPDX-License-Identifier: MIT */
/*
 * Turns the two skeletons that bpftool generates for an object (NAME.skel.h and
 * NAME.light.h) into one `struct image NAME_image`, for the headers NAME.image.h that
 * image.lua writes. The code they share is the same; only the types of the generated
 * structs differ.
 */
#ifndef SHARK_IMAGE_H
#define SHARK_IMAGE_H

#include <errno.h>
#include <string.h>

/* Needs errno.h before it. */
#include <bpf/skel_internal.h>

#include "base/array.h"
#include "trace/object.h"

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
	_Static_assert(ARRAY_SIZE(program_names) <= OBJECT_MAX_PROGRAMS, "programs of " #obj);     \
	_Static_assert(sizeof(*((struct obj##_light *)0)->rodata) == sizeof(struct shark_config),  \
		       "constants of " #obj " besides its config");                                \
	static const struct image obj##_image = {                                                  \
		.name = #obj,                                                                      \
		.elf = obj##__elf_bytes,                                                           \
		.open = obj##_open,                                                                \
		.load = obj##_load,                                                                \
		.close = obj##_close,                                                              \
		.maps_at = { __VA_ARGS__ },                                                        \
		.programs_at = offsetof(struct obj##_light, progs),                                \
		.config_at = offsetof(struct obj##_light, rodata),                                 \
		.control_at = offsetof(struct obj##_light, bss),                                   \
		.programs = program_names,                                                         \
		.nr_programs = ARRAY_SIZE(program_names),                                          \
	}

#endif
