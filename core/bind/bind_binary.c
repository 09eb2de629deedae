// SPDX-License-Identifier: MIT
/* "shark.core.probe": where functions and markers of programs are. */
#include <lauxlib.h>

#include "bind/bind.h"
#include "bind/bind_probe.h"
#include "probe/binary.h"

/* core.func(binary, name) -> offset of the function in the file | nil, message, name */
static int binary_func(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2);
	uint64_t offset;
	struct error err;

	if (binary_function(path, name, &offset, &err))
		return bind_push_error(L, &err);
	lua_pushnumber(L, (lua_Number)offset);
	return 1;
}

static void set_marker_text(lua_State *L, const char *name, const char *text)
{
	lua_pushstring(L, text);
	lua_setfield(L, -2, name);
}

static int push_markers(lua_State *L)
{
	const struct binary_markers *markers = lua_touserdata(L, 1);

	lua_createtable(L, (int)markers->n, 0);
	for (size_t i = 0; i < markers->n; i++) {
		const struct binary_marker *marker = &markers->list[i];

		lua_createtable(L, 0, 5);
		set_marker_text(L, "provider", marker->provider);
		set_marker_text(L, "name", marker->name);
		set_marker_text(L, "args", marker->arguments);
		bind_set_count(L, "offset", marker->offset);
		bind_set_count(L, "semaphore", marker->semaphore);
		lua_rawseti(L, -2, (int)i + 1);
	}
	return 1;
}

/*
 * core.usdt(binary) -> {{provider, name, args, offset, semaphore}, ...}: the static markers of a
 * file, each place for itself; args as the assembler has them; a semaphore of 0: none | nil,
 * message, name
 */
static int binary_usdt(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1);
	struct binary_markers markers;
	struct error err;
	int code, failed;

	lua_pushcfunction(L, push_markers);
	lua_pushlightuserdata(L, &markers);
	code = binary_markers(path, &markers, &err);
	failed = !code && lua_pcall(L, 1, 1, 0);
	binary_markers_free(&markers);
	if (failed)
		return lua_error(L);
	return code ? bind_push_error(L, &err) : 1;
}

/* clang-format off */
static const luaL_Reg functions[] = {
	{ "func", binary_func },
	{ "usdt", binary_usdt },
	{ NULL, NULL },
};
/* clang-format on */

void bind_add_binaries(lua_State *L)
{
	luaL_register(L, NULL, functions);
}
