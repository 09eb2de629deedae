// SPDX-License-Identifier: MIT
/*
 * "shark.core": sessions as userdata. Tables of the session are handed over as
 * addresses that lua/shark/trace/session.lua casts to the FFI types of shark.events;
 * no event passes through the Lua stack.
 */
#include <lauxlib.h>
#include <string.h>
#include <time.h>

#include "bind/bind.h"
#include "bind/bind_ring.h"
#include "bind/fields.h"
#include "bind/luaint.h"
#include "bind/run.h"
#include "trace/session.h"

#define SESSION_TYPE "shark.core.session"

static struct session **check_box(lua_State *L)
{
	return luaL_checkudata(L, 1, SESSION_TYPE);
}

static struct session *check_session(lua_State *L)
{
	struct session *session = *check_box(L);

	if (!session || session_is_closed(session))
		luaL_error(L, "the session is closed");
	return session;
}

/* ---- options ---- */

static uint64_t check_count(lua_State *L, const char *name, lua_Number most)
{
	lua_Number n = lua_tonumber(L, -1);

	if (lua_type(L, -1) != LUA_TNUMBER || n < 1 || n > most || n != (lua_Number)(uint64_t)n)
		luaL_error(L, "option '%s' takes a number from 1 to %f", name, most);
	return (uint64_t)n;
}

static const char *check_way(lua_State *L, const struct provider *provider)
{
	const char *name = lua_tostring(L, -1);

	if (lua_type(L, -1) != LUA_TSTRING || !provider_way(provider, name)) {
		lua_pushliteral(L, "");
		for (size_t i = 0; i < provider->nr_ways; i++) {
			lua_pushfstring(L, " %s", provider->ways[i].name);
			lua_concat(L, 2);
		}
		luaL_error(L, "option 'way' takes one of:%s", lua_tostring(L, -1));
	}
	return provider_way(provider, name)->name;
}

static void take_filter(lua_State *L, const struct provider *provider, const struct filter *filter,
			struct session_options *options)
{
	size_t slot = (size_t)(filter - *provider->filters);
	lua_Number n = lua_tonumber(L, -1);

	if (lua_type(L, -1) != LUA_TNUMBER || n != (lua_Number)(int64_t)n)
		luaL_error(L, "filter '%s' takes a whole number, not %s", filter->name,
			   lua_type(L, -1) == LUA_TNUMBER ? lua_tostring(L, -1)
							  : luaL_typename(L, -1));
	options->filters[slot].asked_for = true;
	options->filters[slot].value = (int64_t)n;
}

static bool check_boolean(lua_State *L, const char *name)
{
	if (lua_type(L, -1) != LUA_TBOOLEAN)
		luaL_error(L, "option '%s' takes true or false, not %s", name,
			   luaL_typename(L, -1));
	return lua_toboolean(L, -1);
}

static void take_feature(lua_State *L, const struct provider *provider,
			 const struct feature *feature, struct session_options *options)
{
	size_t slot = (size_t)(feature - *provider->features);

	options->features[slot].asked_for = true;
	options->features[slot].on = check_boolean(L, feature->name);
}

/* Returns whether it is the name of a size. */
static bool take_size(lua_State *L, const struct provider *provider, const char *name,
		      struct session_options *options)
{
	struct session_size size;

	for (size_t i = 0; session_size(provider, i, &size); i++) {
		size_t value;

		if (strcmp(size.name, name) != 0)
			continue;
		value = check_count(L, name, (lua_Number)size.most);
		memcpy((char *)options + size.at, &value, sizeof(value));
		return true;
	}
	return false;
}

/* The value is on the stack's top. */
static void take_option(lua_State *L, const struct provider *provider, const char *name,
			struct session_options *options)
{
	const struct filter *filter = provider_filter(provider, name);
	const struct feature *feature = provider_feature(provider, name);

	if (filter)
		take_filter(L, provider, filter, options);
	else if (feature)
		take_feature(L, provider, feature, options);
	else if (!strcmp(name, "way"))
		options->way = check_way(L, provider);
	else if (!take_size(L, provider, name, options))
		luaL_error(L, "%s has no filter or option '%s'", provider->name, name);
}

static void check_options(lua_State *L, int arg, const struct provider *provider,
			  struct session_options *options)
{
	memset(options, 0, sizeof(*options));
	if (lua_isnoneornil(L, arg))
		return;
	luaL_checktype(L, arg, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "the filters of %s have names", provider->name);
		take_option(L, provider, lua_tostring(L, -2), options);
	}
}

/* core.session(provider [, options]) -> session | nil, message, name */
static int open_session(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const struct provider *provider = provider_find(name);
	struct session_options options;
	struct session **box;
	struct error err;

	luaL_argcheck(L, provider, 1, "no such provider");
	check_options(L, 2, provider, &options);
	box = lua_newuserdata(L, sizeof(struct session *));
	*box = NULL;
	luaL_getmetatable(L, SESSION_TYPE);
	lua_setmetatable(L, -2);
	if (session_create(provider, &options, box, &err))
		return bind_push_error(L, &err);
	return 1;
}

/* ---- methods ---- */

/* session:rows() -> address, number of rows */
static int rows(lua_State *L)
{
	const void *at;
	uint32_t n;

	at = session_rows(check_session(L), &n);
	lua_pushlightuserdata(L, (void *)(uintptr_t)at);
	lua_pushinteger(L, n);
	return 2;
}

/* session:parts(upto) -> address, number of parts that can be read | nil, message, name */
static int parts(lua_State *L)
{
	struct error err;
	uint32_t n;
	const void *memory =
		session_parts(check_session(L), (uint32_t)luaL_checkinteger(L, 2), &n, &err);

	if (!memory)
		return bind_push_error(L, &err);
	lua_pushlightuserdata(L, (void *)(uintptr_t)memory);
	lua_pushinteger(L, n);
	return 2;
}

/* session:stream(on) -> true | nil, message, name */
static int stream(lua_State *L)
{
	struct error err;

	luaL_checktype(L, 2, LUA_TBOOLEAN);
	if (session_stream(check_session(L), lua_toboolean(L, 2), &err))
		return bind_push_error(L, &err);
	lua_pushboolean(L, 1);
	return 1;
}

/* session:peek(max) -> address of the first record's header, number of records */
static int peek(lua_State *L)
{
	struct session *session = check_session(L);
	size_t max = bind_check_records(L);
	const void *first;
	size_t n = session_peek(session, max, &first);

	return bind_push_records(L, first, n);
}

static int advance(lua_State *L)
{
	return bind_ring_advance(L, session_ring(check_session(L)));
}

static int discard(lua_State *L)
{
	return bind_ring_discard(L, session_ring(check_session(L)));
}

static int waiting(lua_State *L)
{
	return bind_ring_waiting(L, session_ring(check_session(L)));
}

/* session:memory() -> bytes that stay until the session is collected, also when it is closed */
static int memory(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)session_memory(check_session(L)));
	return 1;
}

/* session:ring_fd() -> file descriptor, readable when the ring fills up */
static int ring_fd(lua_State *L)
{
	lua_pushinteger(L, session_ring_fd(check_session(L)));
	return 1;
}

/* session:cpus_fd() -> descriptor of the map with each CPU's state, for programs */
static int cpus_fd(lua_State *L)
{
	lua_pushinteger(L, session_cpus_fd(check_session(L)));
	return 1;
}

/*
 * session:stack(index) -> address of an array of return addresses, innermost
 * first and valid until the next call, their number | nil, message, name
 */
static int stack(lua_State *L)
{
	static uint64_t addresses[SHARK_STACK_DEPTH];
	struct session *session = check_session(L);
	int32_t index = (int32_t)luaint_check_range(L, 2, INT32_MIN, INT32_MAX);
	int n = session_stack(session, index, addresses);
	struct error err;

	if (n < 0) {
		error_set(&err, n, "no such stack, or another has taken its place");
		return bind_push_error(L, &err);
	}
	lua_pushlightuserdata(L, addresses);
	lua_pushinteger(L, n);
	return 2;
}

static int push_values(lua_State *L, enum object_map map)
{
	const void *values;
	struct error err;
	int n = session_values(check_session(L), map, &values, &err);

	if (n < 0)
		return bind_push_error(L, &err);
	lua_pushlightuserdata(L, (void *)(uintptr_t)values);
	lua_pushinteger(L, n);
	return 2;
}

/*
 * session:extra() -> address of an array of what is in flight, valid until the
 * next call, their number | nil, message, name
 */
static int extra(lua_State *L)
{
	return push_values(L, MAP_EXTRA);
}

/* session:endings(): likewise, of requests by the stack they ended in */
static int endings(lua_State *L)
{
	return push_values(L, MAP_ENDINGS);
}

static void push_reason(lua_State *L, const struct error *why)
{
	lua_pushstring(L, why->text);
	lua_setfield(L, -2, "reason");
	lua_pushstring(L, error_name(why->code));
	lua_setfield(L, -2, "error");
}

static void push_skipped(lua_State *L, const struct session_how *how)
{
	lua_createtable(L, (int)how->nr_skipped, 0);
	for (size_t i = 0; i < how->nr_skipped; i++) {
		const struct point *point = how->skipped[i].point;

		lua_createtable(L, 0, 3);
		lua_pushfstring(L, "%s%s%s", point->group ? point->group : "",
				point->group ? ":" : "", point->event);
		lua_setfield(L, -2, "point");
		push_reason(L, &how->skipped[i].why);
		lua_rawseti(L, -2, (int)i + 1);
	}
}

static void push_refusals(lua_State *L, const struct session_how *how)
{
	lua_createtable(L, (int)how->nr_refused, 0);
	for (size_t i = 0; i < how->nr_refused; i++) {
		lua_createtable(L, 0, 3);
		lua_pushstring(L, how->refused[i].way);
		lua_setfield(L, -2, "way");
		push_reason(L, &how->refused[i].why);
		lua_rawseti(L, -2, (int)i + 1);
	}
}

/*
 * session:how() -> {way, forced, refused = {{way, reason, error}, ...},
 * skipped = {{point, reason, error}, ...}}
 */
static int push_how(lua_State *L)
{
	const struct session_how *how = session_how(check_session(L));

	lua_createtable(L, 0, 4);
	lua_pushstring(L, how->way);
	lua_setfield(L, -2, "way");
	lua_pushboolean(L, how->forced);
	lua_setfield(L, -2, "forced");
	push_refusals(L, how);
	lua_setfield(L, -2, "refused");
	push_skipped(L, how);
	lua_setfield(L, -2, "skipped");
	return 1;
}

/* session:loss() -> counts by name; one this kernel does not count is absent */
static int push_loss(lua_State *L)
{
	const struct session *session = check_session(L);
	struct session_loss loss;

	session_loss(session, &loss);
	lua_newtable(L);
	bind_set_losses(L, session_provider(session), &loss);
	bind_set_count(L, "map_full", loss.map_full);
	bind_set_count(L, "in_flight", loss.in_flight);
	return 1;
}

/* session:losses() -> {{field of loss(), one, several, advice, is_own}, ...}: how they are said */
static int losses(lua_State *L)
{
	bind_push_losses(L, session_provider(check_session(L)));
	return 1;
}

/* session:stop(): detaches, keeps what was counted */
static int stop(lua_State *L)
{
	session_stop(check_session(L));
	return 0;
}

/*
 * session:close(): gives back what the kernel has; again is no error. What Lua may
 * still have addresses of goes with the session itself.
 */
static int close_session(lua_State *L)
{
	struct session **box = check_box(L);

	if (*box)
		session_close(*box);
	return 0;
}

static int collect(lua_State *L)
{
	struct session **box = check_box(L);

	session_destroy(*box);
	*box = NULL;
	return 0;
}

/* ---- calling handlers ---- */

/*
 * core.call(on_error, function, ...) -> true, results... | false, what on_error()
 * made of the error: xpcall(), but nothing yields out of it.
 */
static int call(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	luaL_checkany(L, 2);
	lua_pushboolean(L, lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 1) == 0);
	lua_replace(L, 1);
	return lua_gettop(L);
}

/* Nanoseconds of CLOCK_MONOTONIC; exact for a hundred days. */
static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* core.clock() -> address of a function double (*)(void), for compiled loops */
static int clock_address(lua_State *L)
{
	double (*function)(void) = now_ns;
	void *address;

	memcpy(&address, &function, sizeof(address));
	lua_pushlightuserdata(L, address);
	return 1;
}

/* clang-format off */
static const luaL_Reg methods[] = {
	{ "rows", rows },
	{ "parts", parts },
	{ "stream", stream },
	{ "peek", peek },
	{ "advance", advance },
	{ "discard", discard },
	{ "waiting", waiting },
	{ "memory", memory },
	{ "ring_fd", ring_fd },
	{ "cpus_fd", cpus_fd },
	{ "stack", stack },
	{ "extra", extra },
	{ "endings", endings },
	{ "how", push_how },
	{ "loss", push_loss },
	{ "losses", losses },
	{ "stop", stop },
	{ "close", close_session },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "session", open_session },
	{ "call", call },
	{ "traceback", run_traceback },
	{ "misuse", run_misuse },
	{ "clock", clock_address },
	{ NULL, NULL },
};
/* clang-format on */

int bind_open_core(lua_State *L)
{
	bind_add_type(L, SESSION_TYPE, methods, collect);
	lua_newtable(L);
	luaL_register(L, NULL, functions);
	return 1;
}
