/* SPDX-License-Identifier: MIT */
/*
 * One running trace: owns the loaded object, what keeps it attached, the
 * memory it counts in, and its ring. Knows neither Lua nor an event loop: it
 * offers memory and a file descriptor.
 */
#ifndef SHARK_SESSION_H
#define SHARK_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/loss.h"
#include "trace/provider.h"
#include "trace/ring.h"
#include "trace/wire.h"

enum {
	SESSION_STACKS = 4096,
	SESSION_ENDINGS = 2 * SESSION_STACKS,
	SESSION_RING_BYTES = 256 * 1024,
	SESSION_MAX_RING_BYTES = 1 << 30,
};

struct session;

struct session_options {
	const char *way;   /* only this way; NULL: the best that attaches */
	size_t ring_bytes; /* rounded up to a power of two; 0: SESSION_RING_BYTES */
	size_t rows;	   /* room in the row table; 0: as this machine needs */
	size_t in_flight;  /* room in MAP_EXTRA; 0: as this machine needs */
	/* By slot, see struct filter; those that are not asked for let all pass. */
	struct {
		bool asked_for;
		int64_t value;
	} filters[SHARK_FILTERS];
	/* Likewise; those that are not asked for are as by default. */
	struct {
		bool asked_for;
		bool on;
	} features[SHARK_FEATURES];
};

/* A size that whoever opens a session may choose, from 1 on. */
struct session_size {
	const char *name;
	const char *text; /* what there shall be room for */
	size_t usual;	  /* 0: as this machine needs */
	size_t most;
	size_t at; /* offset of its size_t in struct session_options */
};

/* Those that sessions of a provider have, by number from 0. Returns whether there is one. */
bool session_size(const struct provider *provider, size_t i, struct session_size *size);

/* How a session reached the kernel, and which better ways refused and why. */
struct session_how {
	const char *way;
	bool forced;
	struct {
		const char *way;
		struct error why;
	} * refused;
	size_t nr_refused;
	/* Points that this kernel does not have, or refused. */
	struct {
		const struct point *point;
		struct error why;
	} * skipped;
	size_t nr_skipped;
};

/*
 * Starts a trace; it runs when this returns 0. On failure err says for each
 * way why the kernel refused it, and *out is NULL.
 */
int session_create(const struct provider *provider, const struct session_options *options,
		   struct session **out, struct error *err);

/*
 * Gives back what the kernel has for it. Its tables and its ring stay readable
 * until it is destroyed, and its counts are in session_totals(); nothing else may
 * be asked of it any more. May be called twice.
 */
void session_close(struct session *session);
bool session_is_closed(const struct session *session);

/* Closes it, too. Takes NULL. */
void session_destroy(struct session *session);

/* Detaches; what was counted can still be read. May be called twice. */
void session_stop(struct session *session);

/*
 * All sessions count and stream nothing new from now on, for a process that is
 * about to end; what waits in their rings is undelivered. May be called from a
 * signal handler, as may session_totals() after it.
 */
void session_end_all(void);

/* The row table, shared with the running programs. */
const void *session_rows(const struct session *session, uint32_t *nr_rows);

/*
 * The parts of histograms, of which at least the first `upto` can be read, and how
 * many can. Shared with the running programs. NULL if memory cannot be mapped.
 */
const struct shark_part *session_parts(struct session *session, uint32_t upto, uint32_t *nr_parts,
				       struct error *err);

/* Puts events into the ring, or no longer. Returns 0 or a negative errno. */
int session_stream(struct session *session, bool on, struct error *err);

/* Readable when the ring is filling up; valid until the session is destroyed. */
int session_ring_fd(const struct session *session);

/*
 * The map of the per-CPU states, for programs that look at them: a descriptor of the
 * session's, valid until it is closed.
 */
int session_cpus_fd(const struct session *session);

/* Bytes of the tables and the ring, which stay until the session is destroyed. */
size_t session_memory(const struct session *session);

/*
 * The return addresses of a stack, innermost first, by the index an event has.
 * Returns how many, or a negative errno: -ENOENT if it has been replaced.
 */
int session_stack(const struct session *session, int32_t index,
		  uint64_t addresses[SHARK_STACK_DEPTH]);

/*
 * A copy of what is in a hash map of the provider's own now (MAP_EXTRA, MAP_ENDINGS): an
 * array of its values, valid until the next call. Returns how many, or a negative errno.
 */
int session_values(struct session *session, enum object_map map, const void **values,
		   struct error *err);

/* Its ring: what was taken there is handed over, what was discarded undelivered. */
struct ring *session_ring(struct session *session);

/* Instead of ring_peek(): the programs learn that somebody looks, and wake for what is new. */
size_t session_peek(struct session *session, size_t max, const void **first);

const struct session_how *session_how(const struct session *session);
void session_loss(const struct session *session, struct session_loss *loss);

const struct provider *session_provider(const struct session *session);

/* What all sessions of this process saw so far, those that ended included. */
struct session_totals {
	uint64_t opened;
	uint64_t open;
	uint64_t events; /* handed over to the consumer */
	struct session_loss lost;
	const char *advice[LOSS_END]; /* what helps against it, each once; NULL: no more */
};
void session_totals(struct session_totals *totals);

#endif
