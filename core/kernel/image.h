/* SPDX-License-Identifier: MIT */
/*
 * One file that holds the memory of a kernel that is not running: an ELF core of kdump or of
 * QEMU's dump-guest-memory, a copy of /proc/kcore. No right is needed but to read the file.
 */
#ifndef SHARK_KERNEL_IMAGE_H
#define SHARK_KERNEL_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/kmem.h"

struct image;
struct symbols;

/*
 * Opens a file of any of these formats, and reads of it what tells where things are, never its
 * memory. Returns 0 or a negative errno: -EINVAL when it is none of them, or damaged.
 */
int image_open(const char *path, struct image **out, struct error *err);

/*
 * As kmem_read_batch(), of the kernel's virtual addresses or of physical ones. Each request gets a
 * result: 0; -EFAULT: no memory there; -ENODATA: there may be some, or is, and the image does not
 * hold it. Returns 0.
 */
int image_read(struct image *image, struct kmem_request *requests, size_t n, struct error *err);
int image_read_physical(struct image *image, struct kmem_request *requests, size_t n,
			struct error *err);

/* Records why a request failed, in words. Returns its result. */
int image_explain(const struct image *image, const struct kmem_request *request, struct error *err);

/* The text of VMCOREINFO ("KERNELOFFSET=..."), NULL where the image has none. */
const char *image_vmcoreinfo(const struct image *image);

/* Something that is known of the kernel, by which it is found. */
struct image_anchor {
	const char *name;  /* of a symbol */
	uint64_t address;  /* in a System.map or vmlinux */
	const void *bytes; /* what is there, */
	size_t size;	   /* so many; 0: not known */
};

/*
 * Finds out where the kernel is: from what the image says, else by a search for the anchors. Each
 * that has bytes is held against the image. One without helps if it is the root of the kernel's
 * page tables: swapper_pg_dir, init_top_pgt or init_level4_pgt. Returns 0 or a negative errno:
 * -ENOENT when the anchors are not where the image says or nowhere.
 */
int image_locate(struct image *image, const struct image_anchor *anchors, size_t n,
		 struct error *err);

/* What is added to addresses of a System.map or vmlinux; 0 before image_locate(), but where the
 * image itself says it. */
int64_t image_kaslr_offset(const struct image *image);

/*
 * The symbols that the kernel keeps of itself, without those of modules. Returns 0 or a negative
 * errno: -ENODATA where the image does not say where they are (Linux before 6.0).
 */
int image_symbols(struct image *image, struct symbols **out, struct error *err);

/* What kind of file it is, and what of it is missing, in words. */
const char *image_format(const struct image *image);

void image_close(struct image *image);

#endif
