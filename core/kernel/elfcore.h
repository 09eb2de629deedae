/* SPDX-License-Identifier: MIT */
/*
 * ELF core files, in which the memory of a kernel lies in segments: /proc/kcore, what
 * kdump writes, what QEMU writes of a guest. Nothing that a header says is believed:
 * memory is taken for what was read, never for what is claimed.
 */
#ifndef SHARK_ELFCORE_H
#define SHARK_ELFCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * /proc/kcore says so of the vmalloc and module areas, where it has zeros for what it cannot or
 * will not read (fs/proc/kcore.c).
 */
#define ELFCORE_NOWHERE (~0ULL)

struct elfcore_segment {
	uint64_t start;		  /* its first address */
	uint64_t size;		  /* of the memory, in bytes */
	uint64_t offset, in_file; /* where in the file, and how much of it is there */
	uint64_t physical;	  /* of its first byte, or ELFCORE_NOWHERE */
	/* Of this and those before it in the list: which has the last address. */
	uint32_t reaches_furthest;
};

/* In the order of their addresses, but for notes. */
struct elfcore_list {
	struct elfcore_segment *list;
	size_t n;
};

struct elfcore {
	int fd;
	bool is_32bit;
	uint16_t machine; /* EM_... */
	/* The same memory by the addresses that the file says it has, of one kind or both. */
	struct elfcore_list virtual, physical;
	struct elfcore_list notes;
};

/*
 * Reads the headers, of 32 or 64 bits; the descriptor is the core's from then on. Returns 0 or a
 * negative errno, -EINVAL when the file is not a core file. Either way elfcore_close() gives back
 * what was taken.
 */
int elfcore_open(struct elfcore *core, int fd, struct error *err);
void elfcore_close(struct elfcore *core);

/* The segment that holds an address, or NULL. */
const struct elfcore_segment *elfcore_find(const struct elfcore_list *list, uint64_t address);

/*
 * Reads at an address of one kind. Returns 0; -EFAULT when no segment has it; -EIO when all of
 * it is not in the file; -ENODATA for zeros in a page that may be nothing and has nothing else.
 */
int elfcore_read(const struct elfcore *core, const struct elfcore_list *list, uint64_t address,
		 void *into, size_t size);

/* Reads all of size bytes, unless the file ends before: 0, or -EIO or another negative errno. */
int elfcore_read_file(int fd, void *into, size_t size, uint64_t offset);

#endif
