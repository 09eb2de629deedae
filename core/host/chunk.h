/* SPDX-License-Identifier: MIT */
/* What is typed at a prompt: loaded when it is whole, run once, its values printed. */
#ifndef SHARK_CHUNK_H
#define SHARK_CHUNK_H

#include <lua.h>
#include <stddef.h>

enum chunk_state {
	CHUNK_LOADED,  /* a function on the stack, for chunk_run() */
	CHUNK_GOES_ON, /* more has to come */
	CHUNK_WRONG,   /* what is wrong was reported */
};

/* An expression has values, as in Lua 5.3; "=expression" does too. */
enum chunk_state chunk_load(lua_State *L, const char *text, size_t size);

/* Runs the function on the stack; hands its values, if any, to the line of Lua that prints them. */
void chunk_run(lua_State *L, const char *printer);

#endif
