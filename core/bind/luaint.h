/* SPDX-License-Identifier: MIT */
/* Integers that do not fit a Lua number. */
#ifndef SHARK_LUAINT_H
#define SHARK_LUAINT_H

#include <lua.h>
#include <stdint.h>

/*
 * An unsigned 64-bit argument: a number without fraction, an FFI uint64_t or
 * int64_t, or a string of digits, "0x" for hexadecimal. Raises otherwise.
 */
uint64_t luaint_check_u64(lua_State *L, int arg);

#endif
