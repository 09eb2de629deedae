/* SPDX-License-Identifier: MIT */
/*
 * Programs made at run time, attached all or none, with a gate that opens when all are, and the
 * ring that they fill. Knows neither Lua nor an event loop.
 */
#ifndef SHARK_PROBE_SESSION_H
#define SHARK_PROBE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "probe/map.h"
#include "trace/attach.h"
#include "trace/ring.h"

/*
 * The control map: an array of one entry of PROBE_CONTROL_BYTES, seen as words of 64 bits. Programs
 * do nothing while the gate is 0; the other words are theirs (lua/shark/probe/maplist.lua).
 */
enum {
	PROBE_CONTROL_BYTES = 4096,
	PROBE_GATE = 0,
	PROBE_STACK_DEPTH = 127, /* addresses in an entry of a stack map */
};

/* A program and where it goes. Points have an event, be it for messages only. */
struct probe_point {
	int program; /* descriptor */
	const char *attach;
	struct point where;
};

struct probe_session_spec {
	const struct probe_map *control;
	const struct probe_map *ring; /* NULL: none */
	size_t record_size;	      /* bytes of each record in the ring */
	const struct probe_point *points;
	size_t nr_points;
};

/* What is where, in words: "tp_btf", ...; NULL behind the last. */
const char *probe_attach_at(size_t i);
bool probe_attach_is_known(const char *attach);

/* The name of what a point of that kind has to have and this one has not; NULL: it is whole. */
const char *probe_point_lacks(const struct probe_point *point);

struct probe_session;

/*
 * Attaches all points, in their order, and opens the gate; or none, and err names the one that was
 * refused. Keeps nothing of the spec: maps and programs may be closed before the
 * session is. Returns 0 or a negative errno; then *refused is the number, from 1, of that point, or
 * 0 where it was none of them.
 */
int probe_session_create(const struct probe_session_spec *spec, struct probe_session **out,
			 size_t *refused, struct error *err);

/* Shuts the gate and detaches; the ring can still be read. May be called twice. */
void probe_session_stop(struct probe_session *session);

/*
 * Stops it and gives back what the kernel has for it. What waited in the ring is undelivered; its
 * memory stays until the session is destroyed. May be called twice.
 */
void probe_session_close(struct probe_session *session);
bool probe_session_is_closed(const struct probe_session *session);

/* Closes it, too. Takes NULL. */
void probe_session_destroy(struct probe_session *session);

/* Maps the ring, which is filled from the start. Returns 0, or a negative errno: -ENOENT without
 * one. */
int probe_session_stream(struct probe_session *session, bool on, struct error *err);

/* What it has handed over was taken there, what nobody took was discarded. */
struct ring *probe_session_ring(struct probe_session *session);

/* As those of trace/session.h. */
size_t probe_session_memory(const struct probe_session *session);
int probe_session_ring_fd(const struct probe_session *session); /* -1 without a ring */

/*
 * Runs of the programs that the kernel skipped, and hits of kprobes that never reached them.
 * Returns 0, or -EOPNOTSUPP with what this kernel does not tell of.
 */
int probe_session_missed(const struct probe_session *session, uint64_t *missed, struct error *err);

#endif
