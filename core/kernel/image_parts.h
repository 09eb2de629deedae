/* SPDX-License-Identifier: MIT */
/* What the parts of image.c know of each other. */
#ifndef SHARK_IMAGE_PARTS_H
#define SHARK_IMAGE_PARTS_H

#include <stdbool.h>

#include "kernel/elfcore.h"
#include "kernel/image.h"

/* Physical memory that a file has, piece by piece; begins as zeros. */
struct image_scan {
	uint64_t start, size;	      /* of the piece */
	uint64_t segment, at, passed; /* of the format's own */
};

/* A format of files. */
struct image_file {
	/* 0, -EFAULT: no such memory, -ENODATA: the file does not hold it. */
	int (*read_physical)(struct image *image, uint64_t address, void *into, size_t size);
	/* Without page tables, where the file tells virtual addresses. */
	int (*read_virtual)(struct image *image, uint64_t address, void *into, size_t size);
	/* The next piece; false: there is none. */
	bool (*scan)(struct image *image, struct image_scan *scan);
	void (*close)(struct image *image);
};

enum image_paging_kinds { IMAGE_PAGING_32, IMAGE_PAGING_PAE, IMAGE_PAGING_4, IMAGE_PAGING_5 };

struct image_paging {
	const struct image_paging_kind *kind; /* NULL: no page tables are known */
	uint64_t root;			      /* physical */
	uint64_t encrypted; /* the bit of an address that says so (SME, SEV), or 0 */
};

struct image_page {
	uint64_t address, physical;
	bool is_known;
};

/* As many translations are kept. */
enum { IMAGE_PAGES = 256 };

struct image {
	const struct image_file *file;
	uint16_t machine;	 /* EM_... */
	uint64_t size;		 /* of the file */
	struct elfcore core;	 /* of other formats the descriptor only */
	struct image_dump *dump; /* image_kdump.c */
	unsigned int notes;	 /* bytes of them that were read */
	struct image_paging paging;
	unsigned int nr_cpus; /* that were looked at for it */
	struct image_page pages[IMAGE_PAGES];
	char *vmcoreinfo;
	int64_t kaslr_offset;
	bool is_located; /* kaslr_offset is what the image says, or was found */
	char format[128];
};

/* image_elf.c: the descriptor is the image's from then on. */
int image_elf_open(struct image *image, int fd, struct error *err);

/* image_kdump.c: the same, of a file that begins as a compressed dump does. */
bool image_is_kdump(int fd);
int image_kdump_open(struct image *image, int fd, struct error *err);

/* image_notes.c: reads notes there, and keeps what is of use in them. */
void image_read_notes(struct image *image, uint64_t offset, uint64_t size);

/* image_vmcoreinfo.c: takes what it says; true: with page tables, which map themselves. */
bool image_tell(struct image *image);

/* A number that it has, of this base. */
bool image_info_number(const struct image *image, const char *key, int base, uint64_t *number);

/* image_pages.c: reads by page tables what the file does not tell directly. */
int image_read_virtual(struct image *image, uint64_t address, void *into, size_t size);
void image_set_paging(struct image *image, enum image_paging_kinds kind, uint64_t root,
		      uint64_t encrypted);
/* The registers of a CPU: its page tables, unless others are known. */
void image_take_cpu(struct image *image, uint64_t cr3, uint64_t cr4);
/* Do the tables have this page at this physical address? */
bool image_maps(struct image *image, uint64_t address, uint64_t physical);

#endif
