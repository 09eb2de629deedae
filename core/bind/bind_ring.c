// SPDX-License-Identifier: MIT
#include "bind/bind_ring.h"

#include "bind/luaint.h"

size_t bind_check_records(lua_State *L)
{
	return (size_t)luaint_check_range(L, 2, 0, INT32_MAX);
}

int bind_push_records(lua_State *L, const void *first, size_t n)
{
	lua_pushlightuserdata(L, (void *)(uintptr_t)first);
	lua_pushinteger(L, (lua_Integer)n);
	return 2;
}

int bind_ring_advance(lua_State *L, struct ring *ring)
{
	ring_advance(ring, bind_check_records(L));
	return 0;
}

int bind_ring_discard(lua_State *L, struct ring *ring)
{
	lua_pushinteger(L, (lua_Integer)ring_discard(ring));
	return 1;
}

int bind_ring_waiting(lua_State *L, const struct ring *ring)
{
	lua_pushinteger(L, (lua_Integer)ring_waiting(ring));
	return 1;
}
