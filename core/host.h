/* SPDX-License-Identifier: MIT */
/*
 * The host owns the Lua state and the event loop, and runs one script on them
 * from start to ordered end.
 */
#ifndef SHARK_HOST_H
#define SHARK_HOST_H

#include <lua.h>
#include <stdbool.h>

#include "options.h"

/* Runs what the command line asks for. Returns the exit status. */
int host_run(const struct options *options);

/*
 * Calls the function below nargs arguments on the stack, protected, with a
 * traceback. A failure is printed to standard error, makes the exit status 1
 * and, unless someone sits at the prompt, ends the run in order. Every callback
 * goes through here, luv's too (its luv_CFpcall): returns the number of results
 * left on the stack, or the negative status of lua_pcall().
 */
int host_call(lua_State *L, int nargs, int nresults, int flags);

/* Reports the error message on the stack's top as host_call() does, and pops it. */
void host_report(lua_State *L);

/* Ends the run in order as soon as control is back in the loop. */
void host_stop(lua_State *L);

#endif
