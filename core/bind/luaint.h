/* SPDX-License-Identifier: MIT */
/* Integers that do not fit a Lua number. */
#ifndef SHARK_LUAINT_H
#define SHARK_LUAINT_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An unsigned 64-bit argument: a number without fraction, an FFI uint64_t or
 * int64_t, or a string of digits, "0x" for hexadecimal. Raises otherwise.
 */
uint64_t luaint_check_u64(lua_State *L, int arg);

/* The same with its 64 bits as they are in memory: a negative number, or int64_t, is one, too. */
uint64_t luaint_check_bits(lua_State *L, int arg);

/* An argument that is a whole number from least to most. Raises otherwise. */
int64_t luaint_check_range(lua_State *L, int arg, int64_t least, int64_t most);

/* Is the argument an FFI object? */
bool luaint_is_cdata(lua_State *L, int arg);

/*
 * The memory of an argument that is an FFI array of that type ("struct shark_kmem_request"), and of
 * no fewer bytes. Raises otherwise.
 */
void *luaint_check_array(lua_State *L, int arg, const char *type, size_t bytes);

/* Keeps what the above needs of Lua's library; before any script can change it. */
void luaint_open(lua_State *L);

/* Likewise what arrays need, which is the FFI; before the first is checked. */
void luaint_open_arrays(lua_State *L);

#endif
