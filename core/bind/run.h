/* SPDX-License-Identifier: MIT */
/*
 * The run of one script: whether it failed, whether it is to end, and the one
 * way in which C calls into Lua while it lasts.
 */
#ifndef SHARK_RUN_H
#define SHARK_RUN_H

#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <uv.h>

/* Stands for a signal. */
enum { RUN_EXIT = -1 };

struct run {
	uv_loop_t loop;
	bool failed;			   /* an error was reported: exit status 1 */
	int status;			   /* another, that os.exit() asked for */
	bool ending;			   /* no more turns of the loop */
	bool over;			   /* the loop has stopped: what is left is to clean up */
	bool interactive;		   /* somebody sits at the prompt: errors end nothing */
	volatile sig_atomic_t interrupted; /* by this signal, or RUN_EXIT: what runs is cut short */
	bool told_of_it;
	void (*before_report)(
		void);	  /* of what ends the run: it is not told on a screen that goes */
	const char *root; /* source tree that Lua files are taken from, or NULL */
};

/* From now on the Lua state belongs to this run. */
void run_adopt(struct run *run, lua_State *L);

/* Keeps what is needed of Lua's library; before any script can change it. */
void run_open(lua_State *L);

/*
 * Calls the function below nargs arguments on the stack, protected, with a
 * traceback. A failure is printed to standard error, makes the exit status 1
 * and, unless someone sits at the prompt, ends the run in order. Every callback
 * goes through here, luv's too (its luv_CFpcall): returns the number of results
 * left on the stack, or the negative status of lua_pcall().
 */
int run_call(lua_State *L, int nargs, int nresults, int flags);

/*
 * The message handler of these calls: any error value to text with a traceback. What failed in a
 * module of shark, and was not said to be elsewhere, is said to be in the script's line that called
 * it.
 */
int run_traceback(lua_State *L);

/*
 * The message handler of the scripts' pcall(): a failure that a script catches is said to be in the
 * same line as one that it does not catch. What modules of shark catch themselves stays as it is.
 */
int run_caught(lua_State *L);

/* misuse(message): raises it with the script's line that called what of shark calls this. */
int run_misuse(lua_State *L);

/*
 * What the script runs now, and whatever it runs next, raises an error, until
 * run_interrupt_end(): a pcall() in it holds it up, but not for ever. Modules of
 * shark itself are let finish what they do. Compiled loops do not notice. May be
 * called from a signal handler, on the thread that runs Lua.
 */
void run_interrupt(struct run *run, lua_State *L, int signal);
void run_interrupt_end(lua_State *L);

/*
 * os.exit(): the run ends in order as soon as control is back in the loop, or with
 * the callback of the end that runs now. Does not return: what runs is interrupted
 * as by run_interrupt(), and that is nothing to report.
 */
int run_exit(lua_State *L, int status);

/* Is what runs being interrupted by run_exit()? Control is back: no more. */
bool run_is_exiting(const struct run *run);
void run_exit_end(lua_State *L);

/* Reports the error message on the stack's top as run_call() does, and pops it. */
void run_report(lua_State *L);

/* Has run_stop() been called, or something failed? */
bool run_is_ending(lua_State *L);

/* Ends the run in order as soon as control is back in the loop. */
void run_stop(lua_State *L);

#endif
