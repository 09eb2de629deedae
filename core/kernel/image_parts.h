/* SPDX-License-Identifier: MIT */
/* What the parts of image.c know of each other. */
#ifndef SHARK_IMAGE_PARTS_H
#define SHARK_IMAGE_PARTS_H

#include <stdbool.h>

#include "kernel/elfcore.h"
#include "kernel/image.h"

/* A format of files. */
struct image_file {
	/* 0, -EFAULT: no such memory, -ENODATA: the file does not hold it. */
	int (*read_physical)(struct image *image, uint64_t address, void *into, size_t size);
	/* Without page tables, where the file tells virtual addresses. */
	int (*read_virtual)(struct image *image, uint64_t address, void *into, size_t size);
	void (*close)(struct image *image);
};

struct image {
	const struct image_file *file;
	struct elfcore core;
	char *vmcoreinfo;
	int64_t kaslr_offset;
	bool is_located; /* kaslr_offset is what the image says, or was found */
	char format[128];
};

/* image_elf.c: the descriptor is the image's from then on. */
int image_elf_open(struct image *image, int fd, struct error *err);

/* image_notes.c: keeps what is of use in an ELF core's notes. */
void image_take_notes(struct image *image, const char *notes, size_t size);

/*
 * image_vmcoreinfo.c: what stands behind "KEY=" at the beginning of a line, up to the line's end;
 * NULL or false where there is no such line, or no number in it.
 */
const char *image_vmcoreinfo_value(const char *text, const char *key);
bool image_vmcoreinfo_number(const char *text, const char *key, int base, uint64_t *number);

/* image_locate.c: what the image itself says. */
void image_tell(struct image *image);

#endif
