// SPDX-License-Identifier: MIT
#include "bind/fields.h"

#include <string.h>

#include "bind/bind.h"
#include "bind/luaint.h"

bool bind_get_field(lua_State *L, int table, const char *name)
{
	lua_pushstring(L, name);
	lua_rawget(L, table);
	return !lua_isnil(L, -1);
}

const char *bind_field_text(lua_State *L, int table, const char *name, const char *otherwise)
{
	const char *text = otherwise;

	if (bind_get_field(L, table, name)) {
		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "%s is a text, not %s", name, luaL_typename(L, -1));
		text = lua_tostring(L, -1);
	} else if (!otherwise) {
		luaL_error(L, "%s is missing", name);
	}
	lua_pop(L, 1);
	return text;
}

uint32_t bind_field_number(lua_State *L, int table, const char *name, uint32_t otherwise,
			   uint32_t most)
{
	lua_Number n = otherwise;

	if (bind_get_field(L, table, name)) {
		n = lua_tonumber(L, -1);
		if (lua_type(L, -1) != LUA_TNUMBER || !(n >= 0 && n <= most) ||
		    n != (lua_Number)(uint32_t)n)
			luaL_error(L, "%s is a whole number from 0 to %d", name, (int)most);
	}
	lua_pop(L, 1);
	return (uint32_t)n;
}

bool bind_field_boolean(lua_State *L, int table, const char *name)
{
	bool is_there = bind_get_field(L, table, name), value = lua_toboolean(L, -1);

	if (is_there && lua_type(L, -1) != LUA_TBOOLEAN)
		luaL_error(L, "%s is true or false, not %s", name, luaL_typename(L, -1));
	lua_pop(L, 1);
	return value;
}

int bind_check_name(lua_State *L, const char *field, const char *name, int number,
		    const char *(*at)(size_t))
{
	if (number >= 0)
		return number;
	lua_pushliteral(L, "");
	for (size_t i = 0; at(i); i++) {
		lua_pushfstring(L, " %s", at(i));
		lua_concat(L, 2);
	}
	return luaL_error(L, "%s is one of%s, not %s", field, lua_tostring(L, -1), name);
}

void *bind_field_userdata(lua_State *L, int table, const char *name, const char *type)
{
	void *box = NULL;

	if (bind_get_field(L, table, name)) {
		luaL_getmetatable(L, type);
		if (lua_getmetatable(L, -2) && lua_rawequal(L, -1, -2))
			box = lua_touserdata(L, -3);
		if (!box)
			luaL_error(L, "%s is a %s", name, strrchr(type, '.') + 1);
		lua_settop(L, lua_gettop(L) - 2);
	}
	lua_pop(L, 1);
	return box;
}

const char *bind_optional_text(lua_State *L, int table, const char *name)
{
	const char *text =
		bind_get_field(L, table, name) ? bind_field_text(L, table, name, NULL) : NULL;

	lua_pop(L, 1);
	return text;
}

uint64_t bind_field_u64(lua_State *L, int table, const char *name)
{
	const lua_Number most = 9007199254740992.0;
	lua_Number number;
	uint64_t n = 0;

	if (bind_get_field(L, table, name)) {
		number = lua_tonumber(L, -1);
		if (luaint_is_cdata(L, lua_gettop(L)))
			n = luaint_check_u64(L, lua_gettop(L));
		else if (lua_type(L, -1) == LUA_TNUMBER && number >= 0 && number <= most &&
			 number == (lua_Number)(uint64_t)number)
			n = (uint64_t)number;
		else
			luaL_error(L, "%s is a whole number from 0 on", name);
	}
	lua_pop(L, 1);
	return n;
}

void *bind_new_userdata(lua_State *L, size_t size, const char *type)
{
	void *box = lua_newuserdata(L, size);

	memset(box, 0, size);
	luaL_getmetatable(L, type);
	lua_setmetatable(L, -2);
	return box;
}

int bind_push_done(lua_State *L, int code, const struct error *err)
{
	if (code)
		return bind_push_error(L, err);
	lua_pushboolean(L, 1);
	return 1;
}

void bind_add_type(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction collect)
{
	luaL_newmetatable(L, type);
	lua_newtable(L);
	luaL_register(L, NULL, methods);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, collect);
	lua_setfield(L, -2, "__gc");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}
