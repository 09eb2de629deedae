/* SPDX-License-Identifier: MIT */
/* The interactive prompt: a reader of standard input on the event loop. */
#ifndef SHARK_REPL_H
#define SHARK_REPL_H

#include <lua.h>
#include <uv.h>

struct repl;

/*
 * Starts reading lines; timers and events go on meanwhile. End of input ends
 * the run. Returns NULL when out of memory.
 */
struct repl *repl_start(lua_State *L, uv_loop_t *loop);

/* Takes NULL. */
void repl_stop(struct repl *repl);

#endif
