// SPDX-License-Identifier: MIT
#include "host/chunk.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "bind/run.h"
#include "host/script.h"

/* Is the load error only that the chunk goes on? Such messages end in <eof>. */
static bool is_incomplete(lua_State *L)
{
	size_t length;
	const char *message = lua_tolstring(L, -1, &length);
	static const char mark[] = "'<eof>'";

	return length >= sizeof(mark) - 1 && !strcmp(message + length - (sizeof(mark) - 1), mark);
}

static int load(lua_State *L, const char *text, size_t size)
{
	bool equals = size && *text == '=';
	int status;

	lua_pushliteral(L, "return ");
	lua_pushlstring(L, text + equals, size - equals);
	lua_concat(L, 2);
	status = script_load_text(L, lua_tostring(L, -1), lua_objlen(L, -1), "=stdin");
	lua_remove(L, -2);
	if (!status || equals)
		return status;
	lua_pop(L, 1);
	return script_load_text(L, text, size, "=stdin");
}

enum chunk_state chunk_load(lua_State *L, const char *text, size_t size)
{
	if (!load(L, text, size))
		return CHUNK_LOADED;
	if (!is_incomplete(L)) {
		run_report(L);
		return CHUNK_WRONG;
	}
	lua_pop(L, 1);
	return CHUNK_GOES_ON;
}

/* Values may be names that others chose: they are shown fit for a terminal. */
static void print_values(lua_State *L, int n, const char *printer)
{
	if (luaL_loadstring(L, printer))
		return;
	lua_insert(L, -(n + 1));
	run_call(L, n, 0, 0);
}

void chunk_run(lua_State *L, const char *printer)
{
	int n = run_call(L, 0, LUA_MULTRET, 0);

	if (n > 0)
		print_values(L, n, printer);
}
