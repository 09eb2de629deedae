// SPDX-License-Identifier: MIT
/*
 * "shark.core.probe": maps, programs and sessions made at run time, as userdata, for
 * lua/shark/probe/. Keys and values are binary strings; what many events pass through (rings,
 * mapped arrays, stacks) is handed over as addresses.
 */
#include <errno.h>
#include <lauxlib.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/bind_probe.h"
#include "bind/bind_ring.h"
#include "bind/fields.h"
#include "bind/luaint.h"
#include "probe/session.h"
#include "trace/stacks.h"

#define SESSION_TYPE "shark.core.probe.session"

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

static const struct probe_map *field_map(lua_State *L, const char *name)
{
	const struct probe_map *map = bind_field_userdata(L, 1, name, BIND_MAP_TYPE);

	if (map && map->fd < 0)
		luaL_error(L, "the map in %s is closed", name);
	return map;
}

/* Where a table keeps what points refer to until they are attached. */
enum { KEPT = 2 };

/* The functions of a point; NULL where it names none. */
static const char *const *check_names(lua_State *L, int at, size_t *n)
{
	const char **names = NULL;

	*n = 0;
	if (bind_get_field(L, at, "names")) {
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

/* The descriptor of a point's program. */
static int check_program_of(lua_State *L, int at)
{
	const struct bind_program *program =
		bind_field_userdata(L, at, "program", BIND_PROGRAM_TYPE);

	if (!program)
		return luaL_error(L, "program is missing");
	if (program->fd < 0)
		return luaL_error(L, "the program of a point is closed");
	return program->fd;
}

/* The table of the point is on the stack's top. */
static struct probe_point check_point(lua_State *L)
{
	int at = lua_gettop(L);
	struct probe_point point = { .attach = bind_field_text(L, at, "attach", NULL) };
	const char *lacks;

	point.program = check_program_of(L, at);
	bind_check_name(L, "attach", point.attach, probe_attach_is_known(point.attach) ? 0 : -1,
			probe_attach_at);
	point.where = (struct point){
		.group = bind_optional_text(L, at, "group"),
		.event = bind_optional_text(L, at, "event"),
		.binary = bind_optional_text(L, at, "binary"),
		.offset = bind_field_u64(L, at, "offset"),
		.semaphore = bind_field_u64(L, at, "semaphore"),
		.hz = bind_field_u64(L, at, "hz"),
		.ns = bind_field_u64(L, at, "ns"),
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

	bind_get_field(L, 1, "points");
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
		.record_size = bind_field_number(L, 1, "record_size", 0, 1 << 20),
	};
	check_maps(L, &spec);
	lua_newtable(L);
	lua_replace(L, KEPT);
	take_points(L, &spec);
	box = bind_new_userdata(L, sizeof(struct probe_session *), SESSION_TYPE);
	if (!probe_session_create(&spec, box, &refused, &err))
		return 1;
	bind_push_error(L, &err);
	if (!refused)
		return 3;
	lua_pushnumber(L, (lua_Number)refused);
	return 4;
}

/* ---- methods ---- */

/* session:stream(on) -> true | nil, message, name */
static int session_stream_(lua_State *L)
{
	struct probe_session *session = check_session(L);
	struct error err;

	luaL_checktype(L, 2, LUA_TBOOLEAN);
	return bind_push_done(L, probe_session_stream(session, lua_toboolean(L, 2), &err), &err);
}

/* session:peek(max) -> address of the first record's header, number of records */
static int session_peek_(lua_State *L)
{
	struct probe_session *session = check_session(L);
	size_t max = bind_check_records(L);
	const void *first;
	size_t n = ring_peek(probe_session_ring(session), max, &first);

	return bind_push_records(L, first, n);
}

static int session_advance_(lua_State *L)
{
	return bind_ring_advance(L, probe_session_ring(check_session(L)));
}

static int session_discard_(lua_State *L)
{
	return bind_ring_discard(L, probe_session_ring(check_session(L)));
}

static int session_waiting_(lua_State *L)
{
	return bind_ring_waiting(L, probe_session_ring(check_session(L)));
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
	lua_pushnumber(L, (lua_Number)probe_session_ring(check_session(L))->taken);
	return 1;
}

/* session:undelivered() -> records that were thrown away, also of a closed session */
static int session_undelivered_(lua_State *L)
{
	struct probe_session *session = *check_box(L);

	lua_pushnumber(L, session ? (lua_Number)probe_session_ring(session)->discarded : 0);
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
	map = bind_check_map(L, 2);
	if (map->type != BPF_MAP_TYPE_STACK_TRACE || map->value_size > sizeof(addresses))
		return luaL_argerror(L, 2,
				     "a map of type stack_trace, of no more than 127 addresses");
	id = (uint32_t)luaint_check_range(L, 3, 0, UINT32_MAX);
	n = stacks_read(map->fd, id, addresses, map->value_size / sizeof(*addresses));
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
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "session", new_session },
	{ NULL, NULL },
};
/* clang-format on */

int bind_open_probe(lua_State *L)
{
	bind_add_type(L, SESSION_TYPE, session_methods, session_collect);
	lua_newtable(L);
	luaL_register(L, NULL, functions);
	bind_set_count(L, "CONTROL_BYTES", PROBE_CONTROL_BYTES);
	bind_set_count(L, "GATE", PROBE_GATE);
	bind_set_count(L, "STACK_DEPTH", PROBE_STACK_DEPTH);
	bind_add_maps(L);
	bind_add_programs(L);
	bind_add_binaries(L);
	return 1;
}
