/* SPDX-License-Identifier: MIT */
/* What can be lost, in words, and what helps against it: said here and in the tracers' tables only.
 */
#ifndef SHARK_LOSS_H
#define SHARK_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/wire.h"

struct provider;

/* A loss that is counted. */
struct loss {
	const char *field; /* of loss() in Lua: "ring_drops" */
	const char *one;   /* what one of them is: "event dropped (ring full)" */
	const char *several;
	const char *advice; /* what makes it less; NULL: nothing that a user can do */
};

/*
 * Entries that found no room in a table of that name, and what became of them. The
 * programs count them with no_room(), by the slot of the table.
 */
#define LOSS_FULL(field, name, how, advice)                                                        \
	{                                                                                          \
		field, "entry " how " (" name " full)", "entries " how " (" name " full)", advice  \
	}

/* What was not seen or not counted. SESSION_UNKNOWN where it cannot be told. */
struct session_loss {
	uint64_t ring_drops;  /* events that found the ring full */
	uint64_t undelivered; /* events left in the ring when nobody took them any more */
	uint64_t map_full;    /* entries that found no room in a table: all of these */
	uint64_t full[SHARK_FULL_TABLES];
	uint64_t missed_runs;		/* runs that the kernel skipped (recursion) */
	uint64_t too_deep;		/* entries nested deeper than is followed */
	uint64_t unmatched_entries;	/* without an exit */
	uint64_t unmatched_exits;	/* without an entry: running at the start */
	uint64_t stacks_lost;		/* stacks that could not be taken */
	uint64_t in_flight;		/* handlers running now: not a loss */
	uint64_t own[SHARK_OWN_LOSSES]; /* see struct provider */
};

/* A loss that this kernel does not count. */
#define SESSION_UNKNOWN UINT64_MAX

/* More than there are numbers of losses. */
enum { LOSS_END = 16 + SHARK_FULL_TABLES + SHARK_OWN_LOSSES };

/*
 * A loss by its number, in the order of telling: what sessions of the provider can lose,
 * or, for NULL, all sessions together, whose tables are one. Sets *at to the offset of
 * its count in struct session_loss. Returns NULL if it is nobody's number. May be called
 * from a signal handler, as may the others.
 */
const struct loss *loss_at(const struct provider *provider, size_t i, size_t *at);

/* Whether only some providers have it. */
bool loss_is_own(size_t at);

uint64_t loss_count(const struct session_loss *lost, size_t at);

/* Adds what a session lost to what all lost. */
void loss_add(struct session_loss *all, const struct session_loss *lost);

#endif
