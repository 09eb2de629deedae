// SPDX-License-Identifier: MIT
/*
 * luv, as it is, but for uv.walk(): luv's own aborts the process when it meets
 * a handle that it did not make, and the host has some on the loop. They carry
 * no data, which tells them from luv's.
 */
#include <lauxlib.h>
#include <luv/lhandle.h>
#include <luv/luv.h>

#include "bind/bind.h"
#include "bind/run.h"

static void walk_one(uv_handle_t *handle, void *data)
{
	lua_State *L = data;
	const luv_handle_t *luv = handle->data;

	if (!luv)
		return;
	lua_pushvalue(L, 1);
	lua_rawgeti(L, LUA_REGISTRYINDEX, luv->ref);
	run_call(L, 1, 0, 0);
}

/* uv.walk(callback): calls it with every handle of the script. */
static int walk(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	uv_walk(luv_loop(L), walk_one, L);
	return 0;
}

static int open_uv(lua_State *L)
{
	luaopen_luv(L);
	lua_pushcfunction(L, walk);
	lua_setfield(L, -2, "walk");
	return 1;
}

/* "luv" is the same module under its own name. */
static int open_alias(lua_State *L)
{
	lua_getglobal(L, "require");
	lua_pushliteral(L, "uv");
	lua_call(L, 1, 1);
	return 1;
}

void bind_luv(lua_State *L)
{
	lua_getglobal(L, "package");
	lua_getfield(L, -1, "preload");
	lua_pushcfunction(L, open_uv);
	lua_setfield(L, -2, "uv");
	lua_pushcfunction(L, open_alias);
	lua_setfield(L, -2, "luv");
	lua_pop(L, 2);
}
