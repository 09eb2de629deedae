/* SPDX-License-Identifier: MIT */
/*
 * How a run is told to end. The first SIGINT or SIGTERM, and the first write
 * to a standard output that nobody reads any more, ask the loop to end in
 * order; from then on the signals have their usual effect again, so a second
 * one ends the process at once, even out of a compiled Lua loop that never
 * comes back to ask.
 */
#ifndef SHARK_ENDING_H
#define SHARK_ENDING_H

#include <stdbool.h>
#include <uv.h>

/* Catches the signals. on_ask runs on the loop after the first. */
int ending_watch(uv_loop_t *loop, void (*on_ask)(void *data), void *data);

/*
 * The ordered end has begun: a closed standard output no longer interrupts it.
 * Closes what ending_watch() opened on the loop.
 */
void ending_begin(void);

/* Was standard output closed by its reader? */
bool ending_by_closed_output(void);

/* Ends the process as the closed output would have, had it not been caught. */
void ending_die_of_closed_output(void);

#endif
