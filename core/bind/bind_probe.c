// SPDX-License-Identifier: MIT
/*
 * "shark.core.probe": maps, programs and sessions made at run time, as userdata, for
 * lua/shark/probe/. Keys and values are binary strings; what many events pass through (rings,
 * mapped arrays, stacks) is handed over as addresses.
 */
#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bind/bind.h"
#include "bind/luaint.h"
#include "kernel/kfeat.h"
#include "load/program.h"
#include "probe/binary.h"
#include "probe/map.h"
#include "probe/session.h"

#define MAP_TYPE "shark.core.probe.map"
#define PROGRAM_TYPE "shark.core.probe.program"
#define SESSION_TYPE "shark.core.probe.session"

/* ---- fields of a table of options ---- */

/* Pushes it; returns whether it is there. */
static bool get_field(lua_State *L, int table, const char *name)
{
	lua_getfield(L, table, name);
	return !lua_isnil(L, -1);
}

/* The table keeps the string. */
static const char *field_text(lua_State *L, int table, const char *name, const char *otherwise)
{
	const char *text = otherwise;

	if (get_field(L, table, name)) {
		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "%s is a text, not %s", name, luaL_typename(L, -1));
		text = lua_tostring(L, -1);
	} else if (!otherwise) {
		luaL_error(L, "%s is missing", name);
	}
	lua_pop(L, 1);
	return text;
}

static uint32_t field_number(lua_State *L, int table, const char *name, uint32_t otherwise,
			     uint32_t most)
{
	lua_Number n = otherwise;

	if (get_field(L, table, name)) {
		n = lua_tonumber(L, -1);
		if (lua_type(L, -1) != LUA_TNUMBER || !(n >= 0 && n <= most) ||
		    n != (lua_Number)(uint32_t)n)
			luaL_error(L, "%s is a whole number from 0 to %d", name, (int)most);
	}
	lua_pop(L, 1);
	return (uint32_t)n;
}

static bool field_boolean(lua_State *L, int table, const char *name)
{
	bool is_there = get_field(L, table, name), value = lua_toboolean(L, -1);

	if (is_there && lua_type(L, -1) != LUA_TBOOLEAN)
		luaL_error(L, "%s is true or false, not %s", name, luaL_typename(L, -1));
	lua_pop(L, 1);
	return value;
}

/* Raises for a name that none of the list has. */
static int check_name(lua_State *L, const char *field, const char *name, int number,
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

/* ---- maps ---- */

static struct probe_map *check_map(lua_State *L, int arg)
{
	struct probe_map *map = luaL_checkudata(L, arg, MAP_TYPE);

	if (map->fd < 0)
		luaL_error(L, "the map is closed");
	return map;
}

static void *new_userdata(lua_State *L, size_t size, const char *type)
{
	void *box = lua_newuserdata(L, size);

	memset(box, 0, size);
	luaL_getmetatable(L, type);
	lua_setmetatable(L, -2);
	return box;
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
		.type = field_text(L, 1, "type", NULL),
		.name = field_text(L, 1, "name", "probe"),
		.key_size = field_number(L, 1, "key_size", 0, INT32_MAX),
		.value_size = field_number(L, 1, "value_size", 0, INT32_MAX),
		.entries = field_number(L, 1, "entries", 0, INT32_MAX),
		.mapped = field_boolean(L, 1, "mmap"),
	};
	check_name(L, "type", spec.type, probe_map_type(spec.type), probe_map_type_at);
	map = new_userdata(L, sizeof(*map), MAP_TYPE);
	map->fd = -1;
	if (probe_map_create(&spec, map, &err))
		return bind_push_error(L, &err);
	return 1;
}

/* map:fd() -> file descriptor */
static int map_fd(lua_State *L)
{
	lua_pushinteger(L, check_map(L, 1)->fd);
	return 1;
}

/* map:address() -> address of a mapped array's values, bytes; valid until the map is collected */
static int map_address(lua_State *L)
{
	struct probe_map *map = luaL_checkudata(L, 1, MAP_TYPE);

	if (!map->memory)
		return luaL_error(L, "the map is not mapped");
	lua_pushlightuserdata(L, map->memory);
	lua_pushnumber(L, (lua_Number)map->bytes);
	return 2;
}

/* map:cpus() -> possible CPUs: how many values an entry has, where it has one for each */
static int map_cpus(lua_State *L)
{
	struct probe_map *map = luaL_checkudata(L, 1, MAP_TYPE);

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
	struct probe_map *map = check_map(L, 1);

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

static int push_done(lua_State *L, int code, const struct error *err)
{
	if (code)
		return bind_push_error(L, err);
	lua_pushboolean(L, 1);
	return 1;
}

/* map:set(key, value) -> true | nil, message, name ("E2BIG": the map is full) */
static int map_set(lua_State *L)
{
	struct probe_map *map = check_map_of_keys(L);
	const char *key = check_bytes(L, 2, "key", map->key_size);
	const char *value = check_bytes(L, 3, "value", map->lookup_size);
	struct error err;

	return push_done(L, probe_map_set(map, key, value, &err), &err);
}

/* map:delete(key) -> true | nil, message, name ("ENOENT": it is not there) */
static int map_delete(lua_State *L)
{
	struct probe_map *map = check_map_of_keys(L);
	const char *key = check_bytes(L, 2, "key", map->key_size);
	struct error err;

	return push_done(L, probe_map_delete(map, key, &err), &err);
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
	probe_map_close(luaL_checkudata(L, 1, MAP_TYPE));
	return 0;
}

static int map_collect(lua_State *L)
{
	probe_map_free(luaL_checkudata(L, 1, MAP_TYPE));
	return 0;
}

/* ---- programs ---- */

struct program {
	int fd; /* -1: closed */
};

static int check_program(lua_State *L, int arg)
{
	struct program *program = luaL_checkudata(L, arg, PROGRAM_TYPE);

	if (program->fd < 0)
		luaL_error(L, "the program is closed");
	return program->fd;
}

/* A number of the table on the stack's top. */
static uint32_t check_item(lua_State *L, int i)
{
	lua_Number n;

	lua_rawgeti(L, -1, i);
	n = lua_tonumber(L, -1);
	if (lua_type(L, -1) != LUA_TNUMBER || !(n >= 0 && n <= UINT32_MAX) ||
	    n != (lua_Number)(uint32_t)n)
		luaL_error(L, "each of lines is {index of an instruction, line}");
	lua_pop(L, 1);
	return (uint32_t)n;
}

/* The text of a line, which the table keeps; NULL without a table or a line. */
static const char *line_text(lua_State *L, int texts, uint32_t line)
{
	const char *text;

	if (lua_isnil(L, texts))
		return NULL;
	lua_pushnumber(L, line);
	lua_gettable(L, texts);
	if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
		luaL_error(L, "text has the lines by number");
	text = lua_tostring(L, -1);
	lua_pop(L, 1);
	return text;
}

static void check_table_or_nil(lua_State *L, int at, const char *name)
{
	if (!lua_isnil(L, at) && !lua_istable(L, at))
		luaL_error(L, "%s is a table, not %s", name, luaL_typename(L, at));
}

/* Leaves on the stack what the lines are in. */
static void take_lines(lua_State *L, struct probe_program_spec *spec)
{
	int lines, texts;
	struct probe_line *list;

	lua_getfield(L, 1, "lines");
	lines = lua_gettop(L);
	check_table_or_nil(L, lines, "lines");
	lua_getfield(L, 1, "text");
	texts = lua_gettop(L);
	check_table_or_nil(L, texts, "text");
	if (lua_isnil(L, lines))
		return;
	spec->nr_lines = lua_objlen(L, lines);
	list = lua_newuserdata(L, (spec->nr_lines + 1) * sizeof(*list));
	spec->lines = list;
	for (size_t i = 0; i < spec->nr_lines; i++) {
		lua_rawgeti(L, lines, (int)i + 1);
		if (!lua_istable(L, -1))
			luaL_error(L, "each of lines is {index of an instruction, line}");
		list[i] = (struct probe_line){ .at = check_item(L, 1), .line = check_item(L, 2) };
		list[i].text = line_text(L, texts, list[i].line);
		lua_pop(L, 1);
	}
}

/* The string's bytes need not lie as instructions must. */
static void take_code(lua_State *L, struct probe_program_spec *spec)
{
	size_t size = 0;
	const char *bytes = NULL;
	void *code;

	if (get_field(L, 1, "code") && lua_type(L, -1) == LUA_TSTRING)
		bytes = lua_tolstring(L, -1, &size);
	if (!bytes || !size || size % sizeof(struct bpf_insn)) {
		luaL_error(L, "code is a string of instructions of %d bytes each",
			   (int)sizeof(struct bpf_insn));
		return;
	}
	code = lua_newuserdata(L, size);
	memcpy(code, bytes, size);
	spec->code = code;
	spec->n = size / sizeof(struct bpf_insn);
}

static const char *check_expected(lua_State *L)
{
	const char *name = get_field(L, 1, "expected") ? field_text(L, 1, "expected", NULL) : NULL;

	lua_pop(L, 1);
	if (name)
		check_name(L, "expected", name, probe_program_expected(name),
			   probe_program_expected_at);
	return name;
}

static int push_refusal(lua_State *L)
{
	bind_push_error(L, lua_touserdata(L, 1));
	lua_pushstring(L, lua_touserdata(L, 2));
	return 4;
}

/* Frees the log also where it finds no memory as a string, which raises. */
static int refuse(lua_State *L, struct error *err, char *log)
{
	int failed;

	lua_pushcfunction(L, push_refusal);
	lua_pushlightuserdata(L, err);
	lua_pushlightuserdata(L, log);
	failed = lua_pcall(L, 2, 4, 0);
	free(log);
	return failed ? lua_error(L) : 4;
}

/*
 * core.program{type, expected, btf_id, btf_fd, name, code, lines = {{index from 0, line}, ...},
 * file, text = {[line] = text}} -> program | nil, message, name, the verifier's log or nil
 */
static int new_program(lua_State *L)
{
	struct probe_program_spec spec = { 0 };
	struct program *program;
	struct error err;
	char *log;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	spec.type = field_text(L, 1, "type", NULL);
	check_name(L, "type", spec.type, probe_program_type(spec.type), probe_program_type_at);
	spec.expected = check_expected(L);
	spec.name = field_text(L, 1, "name", "probe");
	spec.btf_id = field_number(L, 1, "btf_id", 0, INT32_MAX);
	spec.btf_fd = (int)field_number(L, 1, "btf_fd", 0, INT32_MAX);
	spec.file = field_text(L, 1, "file", "?");
	take_code(L, &spec);
	take_lines(L, &spec);
	program = new_userdata(L, sizeof(*program), PROGRAM_TYPE);
	program->fd = probe_program_load(&spec, &log, &err);
	if (program->fd == -EPERM)
		kfeat_may_trace(&err);
	if (program->fd < 0)
		return refuse(L, &err, log);
	return 1;
}

/* program:fd() -> file descriptor */
static int program_fd(lua_State *L)
{
	lua_pushinteger(L, check_program(L, 1));
	return 1;
}

static void set_number(lua_State *L, const char *name, uint64_t number)
{
	if (number == PROBE_UNKNOWN)
		return;
	lua_pushnumber(L, (lua_Number)number);
	lua_setfield(L, -2, name);
}

/*
 * program:info() -> {verified, misses, jited, xlated}: instructions that the verifier looked at,
 * runs that were skipped, bytes of machine code and of instructions; what this kernel does not tell
 * is absent | nil, message, name
 */
static int program_info(lua_State *L)
{
	struct probe_program_info info;
	struct error err;

	if (probe_program_info(check_program(L, 1), &info, &err))
		return bind_push_error(L, &err);
	lua_newtable(L);
	set_number(L, "verified", info.verified);
	set_number(L, "misses", info.misses);
	set_number(L, "jited", info.jited);
	set_number(L, "xlated", info.xlated);
	return 1;
}

static int push_bytes(lua_State *L)
{
	lua_pushlstring(L, lua_touserdata(L, 1), *(size_t *)lua_touserdata(L, 2));
	return 1;
}

/* program:jited() -> machine code | nil, message, name */
static int program_jited(lua_State *L)
{
	size_t size;
	struct error err;
	int failed;
	void *bytes;

	lua_pushcfunction(L, push_bytes);
	bytes = probe_program_jited(check_program(L, 1), &size, &err);
	if (!bytes)
		return bind_push_error(L, &err);
	lua_pushlightuserdata(L, bytes);
	lua_pushlightuserdata(L, &size);
	failed = lua_pcall(L, 2, 1, 0);
	free(bytes);
	return failed ? lua_error(L) : 1;
}

/*
 * program:run(...) -> what it returned | nil, message, name. Of type "raw_tp"; runs once, on this
 * CPU, with up to 12 arguments: whole numbers, negative ones too, or 64-bit FFI integers.
 */
static int program_run(lua_State *L)
{
	int fd = check_program(L, 1), n = lua_gettop(L) - 1;
	uint64_t args[PROBE_RUN_ARGS];
	uint32_t result;
	struct error err;

	luaL_argcheck(L, n <= PROBE_RUN_ARGS, PROBE_RUN_ARGS + 2, "at most 12 arguments");
	for (int i = 0; i < n; i++)
		args[i] = luaint_check_bits(L, i + 2);
	if (probe_program_run(fd, args, (size_t)n, &result, &err))
		return bind_push_error(L, &err);
	lua_pushnumber(L, result);
	return 1;
}

/* program:close(): again is no error; where it is attached, it runs on. Also when collected. */
static int program_close(lua_State *L)
{
	struct program *program = luaL_checkudata(L, 1, PROGRAM_TYPE);

	if (program->fd >= 0)
		close(program->fd);
	program->fd = -1;
	return 0;
}

/* ---- sessions ---- */

static struct probe_session **check_box(lua_State *L)
{
	return luaL_checkudata(L, 1, SESSION_TYPE);
}

static struct probe_session *check_session(lua_State *L)
{
	struct probe_session *session = *check_box(L);

	if (!session || probe_session_is_closed(session))
		luaL_error(L, "the session is closed");
	return session;
}

/* What the field of the table is, which keeps it; NULL where it is absent. */
static void *field_userdata(lua_State *L, int table, const char *name, const char *type)
{
	void *box = NULL;

	if (get_field(L, table, name)) {
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

static const struct probe_map *field_map(lua_State *L, const char *name)
{
	const struct probe_map *map = field_userdata(L, 1, name, MAP_TYPE);

	if (map && map->fd < 0)
		luaL_error(L, "the map in %s is closed", name);
	return map;
}

static const char *optional_text(lua_State *L, int table, const char *name)
{
	const char *text = get_field(L, table, name) ? field_text(L, table, name, NULL) : NULL;

	lua_pop(L, 1);
	return text;
}

/* A number that a double holds exactly, or 64 bits of the FFI; 0 where it is absent. */
static uint64_t field_u64(lua_State *L, int table, const char *name)
{
	const lua_Number most = 9007199254740992.0;
	lua_Number number;
	uint64_t n = 0;

	if (get_field(L, table, name)) {
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

/* Where a table keeps what points refer to until they are attached. */
enum { KEPT = 2 };

/* The functions of a point; NULL where it names none. */
static const char *const *check_names(lua_State *L, int at, size_t *n)
{
	const char **names = NULL;

	*n = 0;
	if (get_field(L, at, "names")) {
		if (!lua_istable(L, -1))
			luaL_error(L, "names is a table of functions");
		*n = lua_objlen(L, -1);
		names = lua_newuserdata(L, (*n + 1) * sizeof(*names));
		lua_rawseti(L, KEPT, (int)lua_objlen(L, KEPT) + 1);
		for (size_t i = 0; i < *n; i++) {
			lua_rawgeti(L, -1, (int)i + 1);
			if (lua_type(L, -1) != LUA_TSTRING)
				luaL_error(L, "names is a table of functions");
			names[i] = lua_tostring(L, -1);
			lua_pop(L, 1);
		}
	}
	lua_pop(L, 1);
	return names;
}

/* The table of the point is on the stack's top. */
static struct probe_point check_point(lua_State *L)
{
	int at = lua_gettop(L);
	const struct program *program = field_userdata(L, at, "program", PROGRAM_TYPE);
	struct probe_point point = { .attach = field_text(L, at, "attach", NULL) };
	const char *lacks;

	if (!program || program->fd < 0)
		luaL_error(L, program ? "the program of a point is closed" : "program is missing");
	check_name(L, "attach", point.attach, probe_attach_is_known(point.attach) ? 0 : -1,
		   probe_attach_at);
	point.program = program->fd;
	point.where = (struct point){
		.group = optional_text(L, at, "group"),
		.event = optional_text(L, at, "event"),
		.binary = optional_text(L, at, "binary"),
		.offset = field_u64(L, at, "offset"),
		.semaphore = field_u64(L, at, "semaphore"),
		.hz = field_u64(L, at, "hz"),
		.ns = field_u64(L, at, "ns"),
	};
	point.where.names = check_names(L, at, &point.where.nr_names);
	lacks = probe_point_lacks(&point);
	if (lacks)
		luaL_error(L, "a point of %s has no %s", point.attach, lacks);
	if (!point.where.event)
		point.where.event = point.attach;
	return point;
}

/* Leaves on the stack what the points are in. */
static void take_points(lua_State *L, struct probe_session_spec *spec)
{
	struct probe_point *points;

	lua_getfield(L, 1, "points");
	if (!lua_istable(L, -1) || !lua_objlen(L, -1))
		luaL_error(L, "points is a table of at least one point");
	spec->nr_points = lua_objlen(L, -1);
	points = lua_newuserdata(L, spec->nr_points * sizeof(*points));
	spec->points = points;
	for (size_t i = 0; i < spec->nr_points; i++) {
		lua_rawgeti(L, -2, (int)i + 1);
		if (!lua_istable(L, -1))
			luaL_error(L, "each of points is a table");
		points[i] = check_point(L);
		lua_pop(L, 1);
	}
}

static void check_maps(lua_State *L, const struct probe_session_spec *spec)
{
	if (!spec->control || !spec->control->memory || spec->control->bytes < PROBE_CONTROL_BYTES)
		luaL_error(L, "control is a mapped array of one entry of %d bytes",
			   PROBE_CONTROL_BYTES);
	if (spec->ring && spec->ring->key_size)
		luaL_error(L, "ring is a map of type ringbuf");
	if (spec->ring && !spec->record_size)
		luaL_error(L, "record_size is missing: bytes of each record in the ring");
}

/*
 * core.session{control, ring, record_size, points = {{program, attach, ...}, ...}} -> session |
 * nil, message, name. Attaches all points, in their order, or none. What a point has besides, by
 * attach: raw_tp, kprobe, kretprobe: event; tp: group, event; kprobe_multi, kretprobe_multi: names;
 * uprobe, uretprobe, usdt: binary, offset (core.func(), core.usdt()), semaphore; profile: hz;
 * interval: ns.
 */
static int new_session(lua_State *L)
{
	struct probe_session_spec spec;
	struct probe_session **box;
	size_t refused;
	struct error err;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, KEPT);
	spec = (struct probe_session_spec){
		.control = field_map(L, "control"),
		.ring = field_map(L, "ring"),
		.record_size = field_number(L, 1, "record_size", 0, 1 << 20),
	};
	check_maps(L, &spec);
	lua_newtable(L);
	lua_replace(L, KEPT);
	take_points(L, &spec);
	box = new_userdata(L, sizeof(struct probe_session *), SESSION_TYPE);
	if (!probe_session_create(&spec, box, &refused, &err))
		return 1;
	bind_push_error(L, &err);
	if (!refused)
		return 3;
	lua_pushnumber(L, (lua_Number)refused);
	return 4;
}

/* ---- programs of user space ---- */

/* core.func(binary, name) -> offset of the function in the file | nil, message, name */
static int binary_func(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2);
	uint64_t offset;
	struct error err;

	if (binary_function(path, name, &offset, &err))
		return bind_push_error(L, &err);
	lua_pushnumber(L, (lua_Number)offset);
	return 1;
}

static void set_marker_text(lua_State *L, const char *name, const char *text)
{
	lua_pushstring(L, text);
	lua_setfield(L, -2, name);
}

static int push_markers(lua_State *L)
{
	const struct binary_markers *markers = lua_touserdata(L, 1);

	lua_createtable(L, (int)markers->n, 0);
	for (size_t i = 0; i < markers->n; i++) {
		const struct binary_marker *marker = &markers->list[i];

		lua_createtable(L, 0, 5);
		set_marker_text(L, "provider", marker->provider);
		set_marker_text(L, "name", marker->name);
		set_marker_text(L, "args", marker->arguments);
		set_number(L, "offset", marker->offset);
		set_number(L, "semaphore", marker->semaphore);
		lua_rawseti(L, -2, (int)i + 1);
	}
	return 1;
}

/*
 * core.usdt(binary) -> {{provider, name, args, offset, semaphore}, ...}: the static markers of a
 * file, each place for itself; args as the assembler has them; a semaphore of 0: none | nil,
 * message, name
 */
static int binary_usdt(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1);
	struct binary_markers markers;
	struct error err;
	int code, failed;

	lua_pushcfunction(L, push_markers);
	lua_pushlightuserdata(L, &markers);
	code = binary_markers(path, &markers, &err);
	failed = !code && lua_pcall(L, 1, 1, 0);
	binary_markers_free(&markers);
	if (failed)
		return lua_error(L);
	return code ? bind_push_error(L, &err) : 1;
}

/* session:stream(on) -> true | nil, message, name */
static int session_stream_(lua_State *L)
{
	struct probe_session *session = check_session(L);
	struct error err;

	luaL_checktype(L, 2, LUA_TBOOLEAN);
	return push_done(L, probe_session_stream(session, lua_toboolean(L, 2), &err), &err);
}

/* session:peek(max) -> address of the first record's header, number of records */
static int session_peek_(lua_State *L)
{
	struct probe_session *session = check_session(L);
	const void *first;
	size_t n =
		probe_session_peek(session, (size_t)luaint_check_range(L, 2, 0, INT32_MAX), &first);

	lua_pushlightuserdata(L, (void *)(uintptr_t)first);
	lua_pushinteger(L, (lua_Integer)n);
	return 2;
}

/* session:advance(n): the first n records of those found by peek() may be overwritten */
static int session_advance_(lua_State *L)
{
	struct probe_session *session = check_session(L);

	probe_session_advance(session, (size_t)luaint_check_range(L, 2, 0, INT32_MAX));
	return 0;
}

/* session:discard() -> records that waited and are thrown away, which is counted */
static int session_discard_(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)probe_session_discard(check_session(L)));
	return 1;
}

/* session:waiting() -> records that wait in the ring, at most */
static int session_waiting_(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)probe_session_waiting(check_session(L)));
	return 1;
}

/* session:memory() -> bytes that stay until the session is collected, also when it is closed */
static int session_memory_(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)probe_session_memory(check_session(L)));
	return 1;
}

/* session:ring_fd() -> file descriptor, readable when the ring fills up | nil, message, name */
static int session_ring_fd_(lua_State *L)
{
	int fd = probe_session_ring_fd(check_session(L));
	struct error err;

	if (fd < 0) {
		error_set(&err, -ENOENT, "the session has no ring");
		return bind_push_error(L, &err);
	}
	lua_pushinteger(L, fd);
	return 1;
}

/* session:events() -> records that were handed over */
static int session_events_(lua_State *L)
{
	lua_pushnumber(L, (lua_Number)probe_session_events(check_session(L)));
	return 1;
}

/* session:undelivered() -> records that were thrown away, also of a closed session */
static int session_undelivered_(lua_State *L)
{
	struct probe_session *session = *check_box(L);

	lua_pushnumber(L, session ? (lua_Number)probe_session_undelivered(session) : 0);
	return 1;
}

/* session:missed() -> skipped runs and missed hits | nil, what this kernel does not tell, name */
static int session_missed_(lua_State *L)
{
	uint64_t missed;
	struct error err;

	if (probe_session_missed(check_session(L), &missed, &err))
		return bind_push_error(L, &err);
	lua_pushnumber(L, (lua_Number)missed);
	return 1;
}

/*
 * session:stack(map, id) -> address of an array of return addresses, innermost first and valid
 * until the next call, their number | nil, message, name
 */
static int session_stack_(lua_State *L)
{
	static uint64_t addresses[PROBE_STACK_DEPTH];
	const struct probe_map *map;
	uint32_t id;
	struct error err;
	int n;

	check_session(L);
	map = check_map(L, 2);
	if (map->key_size != sizeof(id) || map->value_size != sizeof(addresses))
		return luaL_argerror(L, 2, "a map of type stack_trace, of 127 addresses");
	id = (uint32_t)luaint_check_range(L, 3, 0, UINT32_MAX);
	n = probe_stack(map, id, addresses);
	if (n < 0) {
		error_set(&err, n, "no such stack, or another has taken its place");
		return bind_push_error(L, &err);
	}
	lua_pushlightuserdata(L, addresses);
	lua_pushinteger(L, n);
	return 2;
}

/* session:stop(): shuts the gate and detaches; again is no error */
static int session_stop_(lua_State *L)
{
	probe_session_stop(check_session(L));
	return 0;
}

/*
 * session:close(): gives back what the kernel has; again is no error. What Lua may still have
 * addresses of goes with the session itself.
 */
static int session_close_(lua_State *L)
{
	struct probe_session **box = check_box(L);

	if (*box)
		probe_session_close(*box);
	return 0;
}

static int session_collect(lua_State *L)
{
	struct probe_session **box = check_box(L);

	probe_session_destroy(*box);
	*box = NULL;
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
	{ "__gc", map_collect },
	{ NULL, NULL },
};

static const luaL_Reg program_methods[] = {
	{ "fd", program_fd },
	{ "info", program_info },
	{ "jited", program_jited },
	{ "run", program_run },
	{ "close", program_close },
	{ "__gc", program_close },
	{ NULL, NULL },
};

static const luaL_Reg session_methods[] = {
	{ "stream", session_stream_ },
	{ "peek", session_peek_ },
	{ "advance", session_advance_ },
	{ "discard", session_discard_ },
	{ "waiting", session_waiting_ },
	{ "memory", session_memory_ },
	{ "ring_fd", session_ring_fd_ },
	{ "events", session_events_ },
	{ "undelivered", session_undelivered_ },
	{ "missed", session_missed_ },
	{ "stack", session_stack_ },
	{ "stop", session_stop_ },
	{ "close", session_close_ },
	{ "__gc", session_collect },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "map", new_map },
	{ "program", new_program },
	{ "session", new_session },
	{ "func", binary_func },
	{ "usdt", binary_usdt },
	{ NULL, NULL },
};
/* clang-format on */

static void add_type(lua_State *L, const char *type, const luaL_Reg *methods)
{
	luaL_newmetatable(L, type);
	luaL_register(L, NULL, methods);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}

int bind_open_probe(lua_State *L)
{
	add_type(L, MAP_TYPE, map_methods);
	add_type(L, PROGRAM_TYPE, program_methods);
	add_type(L, SESSION_TYPE, session_methods);
	lua_newtable(L);
	luaL_register(L, NULL, functions);
	return 1;
}
