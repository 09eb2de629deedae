// SPDX-License-Identifier: MIT
/* "shark.core.probe": maps as userdata. Keys and values are binary strings. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/bind_probe.h"
#include "bind/fields.h"
#include "bind/luaint.h"

struct probe_map *bind_check_map(lua_State *L, int arg)
{
	struct probe_map *map = luaL_checkudata(L, arg, BIND_MAP_TYPE);

	if (map->fd < 0)
		luaL_error(L, "the map is closed");
	return map;
}

/*
 * core.map{type, name, key_size, value_size, entries, mmap} -> map | nil, message, name
 * entries of a "ringbuf" are bytes, a power of two of pages; it has neither keys nor values.
 */
static int new_map(lua_State *L)
{
	struct probe_map_spec spec;
	struct probe_map *map;
	struct error err;

	luaL_checktype(L, 1, LUA_TTABLE);
	spec = (struct probe_map_spec){
		.type = bind_field_text(L, 1, "type", NULL),
		.name = bind_field_text(L, 1, "name", "probe"),
		.key_size = bind_field_number(L, 1, "key_size", 0, INT32_MAX),
		.value_size = bind_field_number(L, 1, "value_size", 0, INT32_MAX),
		.entries = bind_field_number(L, 1, "entries", 0, INT32_MAX),
		.mapped = bind_field_boolean(L, 1, "mmap"),
	};
	bind_check_name(L, "type", spec.type, probe_map_type(spec.type), probe_map_type_at);
	map = bind_new_userdata(L, sizeof(*map), BIND_MAP_TYPE);
	map->fd = -1;
	if (probe_map_create(&spec, map, &err))
		return bind_push_error(L, &err);
	return 1;
}

/* map:fd() -> file descriptor */
static int map_fd(lua_State *L)
{
	lua_pushinteger(L, bind_check_map(L, 1)->fd);
	return 1;
}

/* map:address() -> address of a mapped array's values, bytes; valid until the map is collected */
static int map_address(lua_State *L)
{
	struct probe_map *map = luaL_checkudata(L, 1, BIND_MAP_TYPE);

	if (!map->memory)
		return luaL_error(L, "the map is not mapped");
	lua_pushlightuserdata(L, map->memory);
	lua_pushnumber(L, (lua_Number)map->bytes);
	return 2;
}

/* map:cpus() -> possible CPUs: how many values an entry has, where it has one for each */
static int map_cpus(lua_State *L)
{
	struct probe_map *map = luaL_checkudata(L, 1, BIND_MAP_TYPE);

	lua_pushinteger(L, map->cpus);
	return 1;
}

static const char *check_bytes(lua_State *L, int arg, const char *what, size_t size)
{
	size_t length = 0;
	const char *bytes = lua_type(L, arg) == LUA_TSTRING ? lua_tolstring(L, arg, &length) : NULL;

	if (!bytes || length != size || !size) {
		lua_pushfstring(L, "a %s of this map has %d bytes", what, (int)size);
		luaL_argerror(L, arg, lua_tostring(L, -1));
	}
	return bytes;
}

static struct probe_map *check_map_of_keys(lua_State *L)
{
	struct probe_map *map = bind_check_map(L, 1);

	if (!map->key_size)
		luaL_error(L, "this map has no keys");
	return map;
}

/* map:get(key) -> value | nil, message, name ("ENOENT": it is not there) */
static int map_get(lua_State *L)
{
	struct probe_map *map = check_map_of_keys(L);
	const char *key = check_bytes(L, 2, "key", map->key_size);
	void *value = lua_newuserdata(L, map->lookup_size);
	struct error err;

	if (probe_map_get(map, key, value, &err))
		return bind_push_error(L, &err);
	lua_pushlstring(L, value, map->lookup_size);
	return 1;
}

/* map:set(key, value) -> true | nil, message, name ("E2BIG": the map is full) */
static int map_set(lua_State *L)
{
	struct probe_map *map = check_map_of_keys(L);
	const char *key = check_bytes(L, 2, "key", map->key_size);
	const char *value = check_bytes(L, 3, "value", map->lookup_size);
	struct error err;

	return bind_push_done(L, probe_map_set(map, key, value, &err), &err);
}

/* map:delete(key) -> true | nil, message, name ("ENOENT": it is not there) */
static int map_delete(lua_State *L)
{
	struct probe_map *map = check_map_of_keys(L);
	const char *key = check_bytes(L, 2, "key", map->key_size);
	struct error err;

	return bind_push_done(L, probe_map_delete(map, key, &err), &err);
}

/* Frees the entries also where a string finds no memory, which raises. */
static int push_entries(lua_State *L)
{
	const struct probe_map *map = lua_touserdata(L, 1);
	const struct probe_entries *entries = lua_touserdata(L, 2);

	lua_pushlstring(L, entries->keys, entries->n * map->key_size);
	lua_pushlstring(L, entries->values, entries->n * map->lookup_size);
	lua_pushnumber(L, (lua_Number)entries->n);
	return 3;
}

/*
 * map:all() -> keys, values, n: those of all entries, one after the other | nil, message, name.
 * What programs add or delete meanwhile may be missing; nothing is there twice.
 */
static int map_all(lua_State *L)
{
	struct probe_map *map = check_map_of_keys(L);
	struct probe_entries entries;
	struct error err;
	int code, failed;

	lua_pushcfunction(L, push_entries);
	lua_pushlightuserdata(L, map);
	lua_pushlightuserdata(L, &entries);
	code = probe_map_all(map, &entries, &err);
	failed = !code && lua_pcall(L, 2, 3, 0);
	probe_entries_free(&entries);
	if (failed)
		return lua_error(L);
	return code ? bind_push_error(L, &err) : 3;
}

/* map:close(): gives back the descriptor; mapped memory stays until it is collected. Again is no
 * error. */
static int map_close(lua_State *L)
{
	probe_map_close(luaL_checkudata(L, 1, BIND_MAP_TYPE));
	return 0;
}

static int map_collect(lua_State *L)
{
	probe_map_free(luaL_checkudata(L, 1, BIND_MAP_TYPE));
	return 0;
}

/* clang-format off */
static const luaL_Reg map_methods[] = {
	{ "fd", map_fd },
	{ "address", map_address },
	{ "cpus", map_cpus },
	{ "get", map_get },
	{ "set", map_set },
	{ "delete", map_delete },
	{ "all", map_all },
	{ "close", map_close },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "map", new_map },
	{ NULL, NULL },
};
/* clang-format on */

void bind_add_maps(lua_State *L)
{
	bind_add_type(L, BIND_MAP_TYPE, map_methods, map_collect);
	luaL_register(L, NULL, functions);
}
