// SPDX-License-Identifier: MIT
/* The functions of the module `shark` that are written in C. */
#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/version.h"
#include "bind/bind.h"
#include "bind/luaint.h"
#include "bind/run.h"
#include "kernel/capabilities.h"
#include "kernel/debuginfo.h"
#include "kernel/kernel.h"
#include "kernel/resolve.h"
#include "trace/rawsock.h"
#include "trace/session.h"

int bind_push_error(lua_State *L, const struct error *err)
{
	lua_pushnil(L);
	lua_pushstring(L, err->text);
	lua_pushstring(L, error_name(err->code));
	return 3;
}

static int push_result(lua_State *L, int code, const struct error *err)
{
	if (code < 0)
		return bind_push_error(L, err);
	lua_pushboolean(L, 1);
	return 1;
}

/* shark.debuginfo_set(path | nil) -> true | nil, message, name */
static int debuginfo_set_(lua_State *L)
{
	struct error err;

	return push_result(L, debuginfo_set(kernel_running(), luaL_optstring(L, 1, NULL), &err),
			   &err);
}

/* shark.set_binary(path) -> true | nil, message, name */
static int set_binary(lua_State *L)
{
	struct error err;

	return push_result(L, debuginfo_set_binary(luaL_checkstring(L, 1), &err), &err);
}

/* shark.symbol(address) -> name, offset, size, module | nil, message, name */
static int symbol(lua_State *L)
{
	uint64_t address = luaint_check_u64(L, 1);
	struct symbol found;
	struct error err;

	if (resolve(kernel_running(), address, &found, &err))
		return bind_push_error(L, &err);
	lua_pushstring(L, found.name);
	lua_pushnumber(L, (lua_Number)found.offset);
	lua_pushnumber(L, (lua_Number)found.size);
	lua_pushstring(L, found.module);
	return 4;
}

/* ---- references ---- */

/* Not the registry itself: a wrong number must not reach what others keep there. */
static void push_refs(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, "shark.refs");
}

/* shark.lua_ref(value) -> number */
static int lua_ref_(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_settop(L, 1);
	push_refs(L);
	lua_insert(L, 1);
	lua_pushinteger(L, luaL_ref(L, 1));
	return 1;
}

/* shark.get_ref(number) -> value, nil for a number that lua_ref() never gave */
static int get_ref(lua_State *L)
{
	lua_Number ref = luaL_checknumber(L, 1);

	push_refs(L);
	if (ref > 0 && ref <= INT_MAX && ref == (int)ref)
		lua_rawgeti(L, -1, (int)ref);
	else
		lua_pushnil(L);
	return 1;
}

/* ---- what was seen and lost ---- */

void bind_set_count(lua_State *L, const char *name, uint64_t count)
{
	if (count == SESSION_UNKNOWN)
		return;
	lua_pushnumber(L, (lua_Number)count);
	lua_setfield(L, -2, name);
}

/* A counter that this kernel does not have is absent, not 0. */
void bind_set_losses(lua_State *L, const struct provider *provider, const struct session_loss *lost)
{
	for (size_t i = 0, at; i < LOSS_END; i++) {
		const struct loss *loss = loss_at(provider, i, &at);

		if (loss)
			bind_set_count(L, loss->field, loss_count(lost, at));
	}
}

/* shark.stats() -> table of what this process has seen and lost so far */
static int stats(lua_State *L)
{
	struct session_totals totals;

	session_totals(&totals);
	lua_newtable(L);
	bind_set_count(L, "sessions_opened", totals.opened);
	bind_set_count(L, "sessions_open", totals.open);
	bind_set_count(L, "events", totals.events);
	bind_set_losses(L, NULL, &totals.lost);
	bind_set_count(L, "lua_bytes",
		       (uint64_t)lua_gc(L, LUA_GCCOUNT, 0) * 1024 +
			       (uint64_t)lua_gc(L, LUA_GCCOUNTB, 0));
	return 1;
}

/* ---- sockets ---- */

/* shark.open_raw_sock(interface) -> fd | nil, message, name */
static int open_raw_sock(lua_State *L)
{
	struct error err;
	int fd = rawsock_open(luaL_checkstring(L, 1), &err);

	if (fd < 0)
		return bind_push_error(L, &err);
	lua_pushinteger(L, fd);
	return 1;
}

/* The first program loaded, which sock_attach_bpf(fd) attaches. */
static int first_program = -1;

static int attach_object(lua_State *L, int fd, const char *path)
{
	struct error err;
	int program = rawsock_load_filter(path, &err);
	int code = program < 0 ? program : rawsock_attach(fd, program, &err);

	if (program >= 0 && first_program < 0)
		first_program = program;
	else if (program >= 0)
		close(program);
	return push_result(L, code, &err);
}

static int attach_first(lua_State *L, int fd)
{
	struct error err;

	if (first_program < 0) {
		error_set(&err, -ENOENT, "no filter program has been loaded yet");
		return bind_push_error(L, &err);
	}
	return push_result(L, rawsock_attach(fd, first_program, &err), &err);
}

static unsigned int field_of(lua_State *L, int i, unsigned long most)
{
	lua_Number n;

	lua_rawgeti(L, -1, i);
	n = lua_tonumber(L, -1);
	if (!lua_isnumber(L, -1) || !(n >= 0 && n <= (lua_Number)most) ||
	    n != (lua_Number)(uint32_t)n)
		luaL_argerror(L, 2, "each instruction is {code, jt, jf, k}");
	lua_pop(L, 1);
	return (unsigned int)n;
}

static struct sock_filter check_instruction(lua_State *L, int i)
{
	struct sock_filter instruction;

	lua_rawgeti(L, 2, i);
	if (!lua_istable(L, -1))
		luaL_argerror(L, 2, "each instruction is {code, jt, jf, k}");
	instruction.code = (unsigned short)field_of(L, 1, UINT16_MAX);
	instruction.jt = (unsigned char)field_of(L, 2, UINT8_MAX);
	instruction.jf = (unsigned char)field_of(L, 3, UINT8_MAX);
	instruction.k = field_of(L, 4, UINT32_MAX);
	lua_pop(L, 1);
	return instruction;
}

static int attach_classic(lua_State *L, int fd)
{
	size_t length = lua_objlen(L, 2);
	struct sock_filter *code = lua_newuserdata(L, (length + 1) * sizeof(*code));
	struct error err;

	for (size_t i = 0; i < length; i++)
		code[i] = check_instruction(L, (int)i + 1);
	return push_result(L, rawsock_attach_classic(fd, code, length, &err), &err);
}

/*
 * shark.sock_attach_bpf(fd [, filter]) -> true | nil, message, name
 * filter: path of a compiled BPF object, whose first socket filter is loaded;
 * or classic instructions {{code, jt, jf, k}, ...}; none: the first program
 * that was loaded.
 */
static int sock_attach_bpf(lua_State *L)
{
	int fd = (int)luaint_check_range(L, 1, 0, INT_MAX);

	switch (lua_type(L, 2)) {
	case LUA_TNONE:
	case LUA_TNIL:
		return attach_first(L, fd);
	case LUA_TTABLE:
		return attach_classic(L, fd);
	case LUA_TSTRING:
		return attach_object(L, fd, lua_tostring(L, 2));
	default:
		return luaL_argerror(L, 2, "path of a BPF object or table of instructions");
	}
}

/* shark.iptos(address) -> "a.b.c.d"; address: IPv4, 32 bits in host order */
static int iptos(lua_State *L)
{
	lua_Number number = luaL_checknumber(L, 1);
	struct in_addr address;
	char text[INET_ADDRSTRLEN];

	luaL_argcheck(L, number >= 0 && number <= UINT32_MAX && number == (uint32_t)number, 1,
		      "not a 32-bit address");
	address.s_addr = htonl((uint32_t)number);
	lua_pushstring(L, inet_ntop(AF_INET, &address, text, sizeof(text)));
	return 1;
}

/* ---- capabilities ---- */

/* The bit of the name on the stack's top. */
static uint64_t capability_bit(lua_State *L)
{
	const char *name = lua_tostring(L, -1);
	int number = lua_type(L, -1) == LUA_TSTRING ? capabilities_number(name) : -1;

	if (number >= 0)
		return UINT64_C(1) << number;
	lua_pushfstring(L, "'%s' is no capability", name ? name : luaL_typename(L, -1));
	return (uint64_t)luaL_argerror(L, 1, lua_tostring(L, -1));
}

/* shark.capabilities() -> {"CAP_BPF", ...}: what this process may do now */
static int capabilities(lua_State *L)
{
	const char *name;

	lua_newtable(L);
	for (int i = 0; (name = capabilities_name(i)); i++) {
		if (!capabilities_has(i))
			continue;
		lua_pushstring(L, name);
		lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
	}
	return 1;
}

/*
 * shark.drop_capabilities([keep]) -> true | nil, message, name
 * keep: list of names, {"CAP_BPF"}; none: nothing
 */
static int drop_capabilities(lua_State *L)
{
	uint64_t keep = 0;
	struct error err;

	lua_settop(L, 1);
	if (lua_isnil(L, 1)) {
		lua_newtable(L);
		lua_replace(L, 1);
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
		keep |= capability_bit(L);
	return push_result(L, capabilities_drop(keep, &err), &err);
}

/* ---- the run ---- */

/* shark.gettimeofday() -> microseconds since 1970 */
static int gettimeofday_(lua_State *L)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	lua_pushnumber(L, (lua_Number)now.tv_sec * 1e6 + (lua_Number)now.tv_usec);
	return 1;
}

/* shark.stop(): ends the run in order, when control is back in the loop */
static int stop(lua_State *L)
{
	run_stop(L);
	return 0;
}

static int status_of(lua_State *L)
{
	if (lua_isboolean(L, 1))
		return lua_toboolean(L, 1) ? EXIT_SUCCESS : EXIT_FAILURE;
	return luaL_optint(L, 1, EXIT_SUCCESS);
}

/* os.exit([status]): the run ends in order, here and now; true is 0, false 1 */
static int exit_(lua_State *L)
{
	return run_exit(L, status_of(L));
}

static void replace_exit(lua_State *L)
{
	lua_getglobal(L, "os");
	lua_pushcfunction(L, exit_);
	lua_setfield(L, -2, "exit");
	lua_pop(L, 1);
}

static const luaL_Reg functions[] = {
	{ "debuginfo_set", debuginfo_set_ },
	{ "set_binary", set_binary },
	{ "symbol", symbol },
	{ "lua_ref", lua_ref_ },
	{ "get_ref", get_ref },
	{ "stats", stats },
	{ "open_raw_sock", open_raw_sock },
	{ "sock_attach_bpf", sock_attach_bpf },
	{ "iptos", iptos },
	{ "capabilities", capabilities },
	{ "drop_capabilities", drop_capabilities },
	{ "gettimeofday", gettimeofday_ },
	{ "stop", stop },
	{ NULL, NULL },
};

/* What modules in Lua are made of. */
static const luaL_Reg core_modules[] = {
	{ "shark.core", bind_open_core },
	{ "shark.core.probe", bind_open_probe },
	{ "shark.core.providers", bind_open_providers },
	{ "shark.kernel.core", bind_open_kernel },
	{ "shark.text.escape", bind_open_foreign },
	{ "shark.text.screen", bind_open_screen },
	{ NULL, NULL },
};

static void preload_core(lua_State *L)
{
	lua_getglobal(L, "package");
	lua_getfield(L, -1, "preload");
	luaL_register(L, NULL, core_modules);
	lua_pop(L, 2);
}

void bind_shark(lua_State *L, bool verbose)
{
	luaint_open(L);
	run_open(L);
	lua_newtable(L);
	lua_setfield(L, LUA_REGISTRYINDEX, "shark.refs");
	luaL_register(L, "shark", functions);
	lua_pushboolean(L, verbose);
	lua_setfield(L, -2, "verbose");
	lua_pushliteral(L, SHARK_VERSION);
	lua_setfield(L, -2, "version");
	lua_pop(L, 1);
	replace_exit(L);
	preload_core(L);
}

/* protected(function, ...): calls it; a failure is reported and not raised, os.exit() ends it only
 */
static int protected(lua_State *L)
{
	luaL_checkany(L, 1);
	run_call(L, lua_gettop(L) - 1, 0, 0);
	run_exit_end(L);
	return 0;
}

void bind_push_private(lua_State *L)
{
	lua_newtable(L);
	lua_pushcfunction(L, protected);
	lua_setfield(L, -2, "protected");
	lua_pushcfunction(L, run_caught);
	lua_setfield(L, -2, "caught");
}
