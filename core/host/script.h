/* SPDX-License-Identifier: MIT */
/* Which Lua is loaded, from where, and with which arguments. */
#ifndef SHARK_SCRIPT_H
#define SHARK_SCRIPT_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "host/options.h"

/* Lua's own libraries; the environment has no say in where modules are looked for. */
void script_open_libraries(lua_State *L);

/*
 * shark runs as root: package.path and package.cpath lose their relative
 * entries, so nothing is loaded from the current directory. The modules linked
 * in become loadable; with a root, those of its lua/ come first.
 */
void script_set_paths(lua_State *L, const char *root);

/*
 * From now on uv.new_thread() and uv.new_work() give each thread a Lua that loads
 * nothing from the current directory or by the environment either, and has luv, as "uv" and "luv".
 */
void script_set_threads(void);

/*
 * The global `arg`: arg[0] the script, arg[1..] its arguments, negative
 * indices the interpreter and its options. Without a script arg[0] is shark.
 */
void script_set_arg(lua_State *L, const struct options *options);

/* Pushes the boot script as a function; raises what is wrong with it. */
void script_load_init(lua_State *L, const char *root);

/*
 * Carries out -e and -l, then runs the script: the packaged one of that name; a
 * file if the name has a slash or ends in .lua; "-" is standard input, which is
 * also the script when none is named and there is no terminal. Reports what
 * fails and returns false.
 */
bool script_run(lua_State *L, const struct options *options);

/*
 * Pushes the chunk as a function, or what is wrong with it: as luaL_loadbuffer()
 * does, but bytecode is refused. It is not verified and could do anything to the
 * process.
 */
int script_load_text(lua_State *L, const char *text, size_t size, const char *name);

bool script_stdin_is_terminal(void);

#endif
