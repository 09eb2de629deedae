/* SPDX-License-Identifier: MIT */
/* What sessions of all kinds do with their ring. */
#ifndef SHARK_BIND_RING_H
#define SHARK_BIND_RING_H

#include <lua.h>

#include "trace/ring.h"

/* session:peek(max): its argument; and what it returns, the first record's header and their number.
 */
size_t bind_check_records(lua_State *L);
int bind_push_records(lua_State *L, const void *first, size_t n);

/* session:advance(n): the first n records of those found by peek() may be overwritten */
int bind_ring_advance(lua_State *L, struct ring *ring);

/* session:discard() -> records that waited and are thrown away, which is counted */
int bind_ring_discard(lua_State *L, struct ring *ring);

/* session:waiting() -> records that wait in the ring, at most */
int bind_ring_waiting(lua_State *L, const struct ring *ring);

#endif
