/* SPDX-License-Identifier: MIT */
/*
 * Options: the fields of a table that a function of a module is given, checked; and the
 * userdata that it returns. What is wrong raises, with the field's name.
 */
#ifndef SHARK_FIELDS_H
#define SHARK_FIELDS_H

#include <lauxlib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Pushes it; returns whether it is there. No metamethod is asked: what is returned of a table is
 * what it keeps. */
bool bind_get_field(lua_State *L, int table, const char *name);

/* A string, which the table keeps. otherwise: where it is absent; NULL: it must be there. */
const char *bind_field_text(lua_State *L, int table, const char *name, const char *otherwise);

/* Likewise; NULL where it is absent. */
const char *bind_optional_text(lua_State *L, int table, const char *name);

/* A whole number from 0 on. */
uint32_t bind_field_number(lua_State *L, int table, const char *name, uint32_t otherwise,
			   uint32_t most);

/* A number that a double holds exactly, or 64 bits of the FFI; 0 where it is absent. */
uint64_t bind_field_u64(lua_State *L, int table, const char *name);

/* False where it is absent. */
bool bind_field_boolean(lua_State *L, int table, const char *name);

/* A userdata of that type, which the table keeps; NULL where it is absent. */
void *bind_field_userdata(lua_State *L, int table, const char *name, const char *type);

/* Returns the number that the name stands for; raises for -1, with the names that at() lists. */
int bind_check_name(lua_State *L, const char *field, const char *name, int number,
		    const char *(*at)(size_t));

/* Pushes a userdata of that type, all zeros. */
void *bind_new_userdata(lua_State *L, size_t size, const char *type);

/*
 * Makes the type, whose methods are found in its values. collect gives back what a value has; it is
 * no method and out of reach: others may have addresses of what is in there.
 */
void bind_add_type(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction collect);

/* Pushes true for code 0, else nil, message, "ENAME"; returns how many. */
int bind_push_done(lua_State *L, int code, const struct error *err);

#endif
