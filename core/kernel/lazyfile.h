/* SPDX-License-Identifier: MIT */
/*
 * A part of a file, at an address: mapped where that is allowed and safe, else read in
 * blocks when they are looked at. Memory is taken only for what was looked at.
 */
#ifndef SHARK_LAZYFILE_H
#define SHARK_LAZYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	/* As much as is read at once where a pass over all has nothing mapped. */
	LAZYFILE_WINDOW = 128 * 1024,
};

struct lazyfile {
	char *path;
	int fd; /* -1 when mapped, or at rest */
	bool is_mapped;
	uint64_t start, size; /* in bytes, of the part within the file */
	uint64_t room;	      /* mapped, from at on */
	uint8_t *at;
	uint8_t *have; /* a bit for each block that was read */
};

/*
 * Opens size bytes of a file from start on; size 0: all that follow. may_map: the file
 * cannot become shorter, as those of sysfs cannot. 0 or a negative errno.
 */
int lazyfile_open(struct lazyfile *file, const char *path, uint64_t start, uint64_t size,
		  bool may_map, struct error *err);

/*
 * size bytes at offset, which stay where they are until the file is closed. NULL when
 * there are not as many or they cannot be read.
 */
const void *lazyfile_at(struct lazyfile *file, uint64_t offset, uint64_t size);

/*
 * What there is at offset, for a pass over everything: *at points to it, into window
 * (of LAZYFILE_WINDOW bytes) or the mapped file. Returns how many bytes, at most limit;
 * 0 at the end or when they cannot be read.
 */
size_t lazyfile_pass(struct lazyfile *file, uint64_t offset, uint64_t limit, uint8_t *window,
		     const uint8_t **at);

/* Closes the descriptor until it is needed again; for a file that stays what it is. */
void lazyfile_rest(struct lazyfile *file);

void lazyfile_close(struct lazyfile *file);

#endif
