// SPDX-License-Identifier: MIT
#include "luaint.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* LuaJIT's type of FFI objects, which lua.h does not name. */
enum { TYPE_CDATA = 10 };

/* tostring() gives "123ULL" or "-5LL" for 64-bit FFI integers. */
static uint64_t parse(lua_State *L, int arg, const char *text)
{
	int base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, base);
	if (errno || end == text || (*end && strcmp(end, "ULL") != 0 && strcmp(end, "LL") != 0))
		luaL_argerror(L, arg, "64-bit integer expected");
	return value;
}

static uint64_t check_cdata(lua_State *L, int arg)
{
	uint64_t value;

	lua_getglobal(L, "tostring");
	lua_pushvalue(L, arg);
	lua_call(L, 1, 1);
	value = parse(L, arg, lua_tostring(L, -1));
	lua_pop(L, 1);
	return value;
}

uint64_t luaint_check_u64(lua_State *L, int arg)
{
	lua_Number number;

	if (lua_type(L, arg) == TYPE_CDATA)
		return check_cdata(L, arg);
	if (lua_type(L, arg) == LUA_TSTRING)
		return parse(L, arg, lua_tostring(L, arg));
	number = luaL_checknumber(L, arg);
	/* 2^64 is exact in a double. */
	luaL_argcheck(L, number >= 0 && number < 18446744073709551616.0, arg,
		      "64-bit integer expected");
	luaL_argcheck(L, number == (lua_Number)(uint64_t)number, arg, "integer expected");
	return (uint64_t)number;
}
