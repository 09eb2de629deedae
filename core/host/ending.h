/* SPDX-License-Identifier: MIT */
/*
 * How a run is told to end. The first SIGINT or SIGTERM, and the first write
 * to a standard output that nobody reads any more, ask the loop to end in
 * order; a second signal ends the process at once. At the prompt SIGINT ends only what runs. A
 * script that does not come back to the loop is first interrupted, and where that does not reach
 * it, ended with the process: all of this on the main thread, by a timer's signal, whatever that
 * thread is doing, be it compiled code or a write that waits.
 */
#ifndef SHARK_ENDING_H
#define SHARK_ENDING_H

#include <stdbool.h>
#include <uv.h>

struct ending_calls {
	void (*on_ask)(void *data); /* on the loop, after the first signal */
	/*
	 * In signal context, so only what signal-safety(7) allows: the script
	 * has not come back yet; and, after a second of the CPU's time or of
	 * waiting for anything but the CPU, still not. After the latter the
	 * process dies of the signal.
	 */
	void (*on_late)(void *data, int signal);
	void (*on_overdue)(void *data, int signal);
	/*
	 * With somebody at the prompt, of SIGINT: on_break on the loop instead of
	 * on_ask; and on_stuck instead of on_overdue and death, which the next one
	 * brings.
	 */
	void (*on_break)(void *data);
	void (*on_stuck)(void *data);
	void *data;
};

/* Catches the signals. Returns 0 or a negative errno. */
int ending_watch(uv_loop_t *loop, const struct ending_calls *calls);

/* Somebody sits at the prompt from now on: SIGINT ends what runs and not the run. */
void ending_at_prompt(void);

/* Calls on_break now, if SIGINT came and the loop has not got to it: it came before what is read
 * now. */
void ending_take_break(void);

/* What ran has ended, by itself or by SIGINT: that one is done with. */
void ending_forget_break(void);

/*
 * The ordered end has begun: a closed standard output no longer interrupts it,
 * and nothing is late. Closes what ending_watch() opened on the loop.
 */
void ending_begin(void);

/* Callbacks that were under way run now: they too are late if they do not end. */
void ending_resume(void);

/* No more Lua will run. */
void ending_over(void);

/* Was standard output closed by its reader? */
bool ending_by_closed_output(void);

/* Ends the process as the closed output would have, had it not been caught. */
void ending_die_of_closed_output(void);

#endif
