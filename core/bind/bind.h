/* SPDX-License-Identifier: MIT */
/*
 * The Lua side's view of the core: thin adapters, each check -> call -> result.
 * Misuse raises; what the machine refuses returns nil, message, "ENAME".
 */
#ifndef SHARK_BIND_H
#define SHARK_BIND_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/session.h"

/* Puts luv at package.preload.uv (and .luv), on the loop and callback set before. */
void bind_luv(lua_State *L);

/* The module `shark`: the global, and package.loaded. */
void bind_shark(lua_State *L, bool verbose);

/* Pushes the table of functions that only shark_init.lua gets. */
void bind_push_private(lua_State *L);

/* Loader of "shark.core": sessions, for lua/shark/trace/session.lua. */
int bind_open_core(lua_State *L);

/* Loader of "shark.core.probe": programs made at run time, for lua/shark/probe/. */
int bind_open_probe(lua_State *L);

/* Loader of "shark.core.providers", for lua/shark/providers.lua. */
int bind_open_providers(lua_State *L);

/* Loader of "shark.kernel.core": kernel objects, for lua/shark/kernel.lua. */
int bind_open_kernel(lua_State *L);

/* Loader of "shark.text.escape": foreign text, for lua/shark/text/foreign.lua. */
int bind_open_foreign(lua_State *L);

/* Loader of "shark.text.screen": columns of terminals and of text, for lua/shark/text. */
int bind_open_screen(lua_State *L);

/* Pushes nil, message, "ENAME"; returns 3. */
int bind_push_error(lua_State *L, const struct error *err);

/* Sets a field of the table on the stack's top; not one of SESSION_UNKNOWN. */
void bind_set_count(lua_State *L, const char *name, uint64_t count);

/* Likewise all losses, of a provider's session or, with NULL, of all sessions. */
void bind_set_losses(lua_State *L, const struct provider *provider,
		     const struct session_loss *lost);

/* Pushes {{field, one, several, advice, is_own}, ...}: how a provider's losses are said. */
void bind_push_losses(lua_State *L, const struct provider *provider);

#endif
