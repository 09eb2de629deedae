/* SPDX-License-Identifier: MIT */
/*
 * What keeps programs attached: descriptors, one or more of each point (a perf event
 * is opened on every CPU). A program runs there until its link is closed.
 */
#ifndef SHARK_LINKS_H
#define SHARK_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct point;

struct links {
	struct link {
		int fd;
		const struct point *point;
	} * list;
	size_t n;
	/* What links_missed() told of those that links_close() has closed. */
	uint64_t missed;
	bool untold;
};

/*
 * Takes over a descriptor, which is closed if there is no memory. The point is looked into by
 * links_drop() only. Returns 0 or -ENOMEM.
 */
int links_add(struct links *links, const struct point *point, int fd, struct error *err);

/* Closes those that came when there were n, the newest first. */
void links_cut(struct links *links, size_t n);

/* Closes those of an optional point, and of its partners: of use together only. */
void links_drop(struct links *links, const struct point *point);

/*
 * Hits that were missed so far, also by those that links_close() has closed. Returns 0, or
 * -EOPNOTSUPP where the kernel does not tell of all, see attach_missed().
 */
int links_missed(const struct links *links, uint64_t *missed);

/* Closes all, the newest first. May be called twice. */
void links_close(struct links *links);

#endif
