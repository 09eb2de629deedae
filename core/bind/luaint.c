// SPDX-License-Identifier: MIT
#include "bind/luaint.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* LuaJIT's type of FFI objects, which lua.h does not name. */
enum { TYPE_CDATA = 10 };

static const char tostring_key[] = "shark.tostring", sizeof_key[] = "shark.sizeof";

void luaint_open(lua_State *L)
{
	lua_getglobal(L, "tostring");
	lua_setfield(L, LUA_REGISTRYINDEX, tostring_key);
}

void luaint_open_arrays(lua_State *L)
{
	lua_getglobal(L, "require");
	lua_pushliteral(L, "ffi");
	lua_call(L, 1, 1);
	lua_getfield(L, -1, "sizeof");
	lua_setfield(L, LUA_REGISTRYINDEX, sizeof_key);
	lua_pop(L, 1);
}

/* Pushes what the function of that key returns for the argument. */
static void ask(lua_State *L, const char *key, int arg)
{
	lua_getfield(L, LUA_REGISTRYINDEX, key);
	lua_pushvalue(L, arg);
	lua_call(L, 1, 1);
}

bool luaint_is_cdata(lua_State *L, int arg)
{
	return lua_type(L, arg) == TYPE_CDATA;
}

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

/* strtoull() also takes blanks and signs, and knows no length. */
static uint64_t check_digits(lua_State *L, int arg)
{
	size_t length;
	const char *text = lua_tolstring(L, arg, &length);

	luaL_argcheck(L, text[0] >= '0' && text[0] <= '9' && strlen(text) == length, arg,
		      "64-bit integer expected");
	return parse(L, arg, text);
}

static uint64_t check_cdata(lua_State *L, int arg)
{
	uint64_t value;

	ask(L, tostring_key, arg);
	/* A type of the script's own may have anything for its text. */
	luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, arg, "64-bit integer expected");
	value = parse(L, arg, lua_tostring(L, -1));
	lua_pop(L, 1);
	return value;
}

/* "cdata<struct shark_kmem_request [4]>: 0x...": a type of a script's own may have that for its
 * text, too. */
static bool is_array_of(lua_State *L, int arg, const char *type)
{
	const char *text, *name;

	if (!luaint_is_cdata(L, arg))
		return false;
	ask(L, tostring_key, arg);
	text = lua_tostring(L, -1);
	name = text && !strncmp(text, "cdata<", 6) ? text + 6 : "";
	lua_pop(L, 1);
	return !strncmp(name, type, strlen(type)) && !strncmp(name + strlen(type), " [", 2);
}

void *luaint_check_array(lua_State *L, int arg, const char *type, size_t bytes)
{
	bool is_long = false;

	if (is_array_of(L, arg, type)) {
		ask(L, sizeof_key, arg);
		is_long = lua_tonumber(L, -1) >= (lua_Number)bytes;
		lua_pop(L, 1);
	}
	if (!is_long) {
		lua_pushfstring(L, "array of %s expected", type);
		luaL_argerror(L, arg, lua_tostring(L, -1));
	}
	return (void *)(uintptr_t)lua_topointer(L, arg);
}

uint64_t luaint_check_u64(lua_State *L, int arg)
{
	lua_Number number;

	if (luaint_is_cdata(L, arg))
		return check_cdata(L, arg);
	if (lua_type(L, arg) == LUA_TSTRING)
		return check_digits(L, arg);
	number = luaL_checknumber(L, arg);
	/* 2^64 is exact in a double. */
	luaL_argcheck(L, number >= 0 && number < 18446744073709551616.0, arg,
		      "64-bit integer expected");
	luaL_argcheck(L, number == (lua_Number)(uint64_t)number, arg, "integer expected");
	return (uint64_t)number;
}

int64_t luaint_check_range(lua_State *L, int arg, int64_t least, int64_t most)
{
	lua_Number number = luaL_checknumber(L, arg);

	/* Not a number is neither. */
	if (number >= (lua_Number)least && number <= (lua_Number)most &&
	    number == (lua_Number)(int64_t)number)
		return (int64_t)number;
	lua_pushfstring(L, "whole number from %f to %f expected", (lua_Number)least,
			(lua_Number)most);
	return luaL_argerror(L, arg, lua_tostring(L, -1));
}

uint64_t luaint_check_bits(lua_State *L, int arg)
{
	lua_Number number = lua_type(L, arg) == LUA_TNUMBER ? lua_tonumber(L, arg) : 0;

	return number < 0 ? (uint64_t)luaint_check_range(L, arg, INT64_MIN, 0)
			  : luaint_check_u64(L, arg);
}
