// SPDX-License-Identifier: MIT
/* "shark.text.escape": foreign text made fit for where it is shown. */
#include <lauxlib.h>

#include "base/foreign.h"
#include "bind/bind.h"

static int push_escaped(lua_State *L, enum foreign_style style)
{
	size_t size;
	const char *text = luaL_checklstring(L, 1, &size);
	char *out = lua_newuserdata(L, size * FOREIGN_GROWTH + 1);

	lua_pushlstring(L, out, foreign_escape(style, text, size, out));
	return 1;
}

/* line(text) -> text without line ends or anything else that is not shown as it is */
static int line(lua_State *L)
{
	return push_escaped(L, FOREIGN_LINE);
}

/* lines(text) -> the same, with its newlines and tabs */
static int lines(lua_State *L)
{
	return push_escaped(L, FOREIGN_LINES);
}

/* json(text) -> what stands between the quotes of a JSON string */
static int json(lua_State *L)
{
	return push_escaped(L, FOREIGN_JSON);
}

static const luaL_Reg functions[] = {
	{ "line", line },
	{ "lines", lines },
	{ "json", json },
	{ NULL, NULL },
};

int bind_open_foreign(lua_State *L)
{
	lua_newtable(L);
	luaL_register(L, NULL, functions);
	return 1;
}
