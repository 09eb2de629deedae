/* SPDX-License-Identifier: MIT */
/*
 * The kernels that are read: the running one, and any number of others, whose memory is in a
 * file. What is kept of each lies here; kmem.h, debuginfo.h and types.h work on it.
 */
#ifndef SHARK_KERNEL_H
#define SHARK_KERNEL_H

#include "base/error.h"
#include "kernel/debuginfo.h"
#include "kernel/kmem.h"

struct image;

struct kernel {
	struct image *image; /* its memory; NULL: the running kernel */
	struct kmem kmem;
	struct debuginfo debuginfo;
};

/* The one this process runs on. Programs are loaded into and attached to it, whatever else is read.
 */
struct kernel *kernel_running(void);

/* What a kernel that is not running is read from: paths. */
struct kernel_files {
	const char *core;    /* its memory, see image.h */
	const char *btf;     /* its types; NULL: those of symbols, or what it has of itself */
	const char *symbols; /* its symbols; NULL: what it has of itself, since Linux 6.0 */
};

/* debuginfo_set(); symbols of an image are looked for where its kernel really was. */
int kernel_use_file(struct kernel *kernel, const char *path, struct error *err);

/* Opens an image. 0 or a negative errno, with the file that is at fault. */
int kernel_open(const struct kernel_files *files, struct kernel **out, struct error *err);

/*
 * Gives back what was read and opened; of an image, the kernel itself too. The running one may be
 * used again.
 */
void kernel_close(struct kernel *kernel);

#endif
