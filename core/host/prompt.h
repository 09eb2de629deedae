/* SPDX-License-Identifier: MIT */
/*
 * The prompt on a terminal: lines are edited (lineedit.h), what else is printed
 * comes above them (above.h), and Ctrl-C gives up the line or what runs.
 */
#ifndef SHARK_PROMPT_H
#define SHARK_PROMPT_H

#include <lua.h>
#include <stdbool.h>
#include <uv.h>

/* Is there a terminal for it, and was shark built with libedit? */
bool prompt_is_possible(void);

/* Prints a greeting and asks for lines. Returns 0 or a negative errno. */
int prompt_start(lua_State *L, uv_loop_t *loop);

/* At Ctrl-C, on the loop. */
void prompt_break(void);

/* A chunk is running: it turned the loop itself. */
bool prompt_is_busy(void);

/* Gives the terminal back; closes what prompt_start() opened on the loop. */
void prompt_stop(void);

#endif
