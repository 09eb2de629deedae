/* SPDX-License-Identifier: MIT */
/*
 * BPF objects: the compiled images linked into the binary, and an image loaded
 * into the kernel.
 *
 * Every image is linked in twice: as a light skeleton, a small BPF program that
 * makes the maps and loads the programs inside the kernel, relocations
 * included, so that user space parses no BTF (kernel 5.17 and later; 2 ms
 * instead of 11); and as the ELF object, which libbpf loads where the kernel
 * cannot do that, or where other types than the kernel's own are asked for.
 */
#ifndef SHARK_OBJECT_H
#define SHARK_OBJECT_H

#include <stddef.h>

#include "base/error.h"
#include "trace/wire.h"

struct bpf_loader_ctx;
struct bpf_object;

enum { OBJECT_MAX_PROGRAMS = 32 };

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

/* What bpftool generated for one object file; IMAGE_DEFINE() in image.h fills it. */
struct image {
	const char *name;
	const void *(*elf)(size_t *size);
	struct bpf_loader_ctx *(*open)(void);
	int (*load)(struct bpf_loader_ctx *skeleton);
	void (*close)(struct bpf_loader_ctx *skeleton);
	/* Offsets in the light skeleton's struct. */
	size_t maps_at[NR_OBJECT_MAPS]; /* of a struct bpf_map_desc; 0: it has none */
	size_t programs_at;		/* of the first struct bpf_prog_desc */
	size_t config_at;		/* of the pointer to .rodata */
	size_t control_at;		/* of the pointer to .bss */
	const char *const *programs;	/* names in the order of the skeleton */
	size_t nr_programs;
};

struct object {
	const struct image *image;
	const char *loader;	     /* "light" or "libbpf" */
	int map_fds[NR_OBJECT_MAPS]; /* -1: it has none */
	int program_fds[OBJECT_MAX_PROGRAMS];
	volatile struct shark_control *control;
	/* One of the two owns all of the above. */
	struct bpf_loader_ctx *skeleton;
	struct bpf_object *libbpf;
};

/*
 * Loads an image with maps of the given numbers of entries (bytes for
 * MAP_EVENTS) and a config. Returns 0 or a negative errno; on failure the object is
 * empty.
 */
int object_load(struct object *object, const struct image *image,
		const __u32 entries[NR_OBJECT_MAPS], const struct shark_config *config,
		struct error *err);

/* The file descriptor of a program by name, or -ENOENT. */
int object_program(const struct object *object, const char *name);

/* Takes an empty object too. */
void object_unload(struct object *object);

#endif
