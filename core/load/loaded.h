/* SPDX-License-Identifier: MIT */
/*
 * An image in the kernel: its maps made, its programs loaded, by bpf(2) alone. Nothing
 * is parsed; what depends on the kernel's types comes from whoever knows them.
 */
#ifndef SHARK_LOADED_H
#define SHARK_LOADED_H

#include "base/error.h"
#include "load/image.h"

enum { LOADED_MAPS = 32, LOADED_PROGRAMS = 64 };

/* What a program of BPF_PROG_TYPE_TRACING is attached to. */
struct load_target {
	__u32 btf_id;
	int btf_fd; /* of the module's types, 0: the kernel's own; stays open, and is not the
		       image's */
};

/* Who knows the kernel's types and symbols. */
struct load_kernel {
	/*
	 * Puts into a copy of the image's code what depends on them, and fills in the targets of
	 * its programs. Returns 0 or a negative errno.
	 */
	int (*answer)(const struct bpf_image *image, struct bpf_insn *code,
		      struct load_target *targets, struct error *err);
};

struct load_options {
	const struct load_kernel *kernel; /* NULL: the image asks nothing of it */
	const __u32 *entries;		  /* by map; 0, or NULL for all: as it was compiled */
	const void *constants; /* of .rodata, of the size that it has; NULL: as it was compiled */
	size_t constants_size;
};

struct loaded {
	const struct bpf_image *image;
	int maps[LOADED_MAPS];	       /* descriptors */
	int programs[LOADED_PROGRAMS]; /* likewise */
	void *variables;	       /* .bss, shared with the programs; NULL: it has none */
};

/*
 * Loads all or nothing. Returns 0 or a negative errno; on failure there is nothing to
 * unload.
 */
int loaded_load(struct loaded *loaded, const struct bpf_image *image,
		const struct load_options *options, struct error *err);

/* Index of a map, or descriptor of a program, by name; -ENOENT. */
int image_map_index(const struct bpf_image *image, const char *name);
int loaded_program(const struct loaded *loaded, const char *name);

/* Takes one that is empty, too. */
void loaded_unload(struct loaded *loaded);

#endif
