// SPDX-License-Identifier: MIT
#include "host.h"

#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <luv/luv.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bind/bind.h"
#include "debuginfo.h"
#include "embedded.h"
#include "ending.h"
#include "log.h"
#include "output.h"
#include "repl.h"
#include "script.h"

struct host {
	const struct options *options;
	lua_State *L;
	uv_loop_t loop;
	bool failed;	   /* an error was reported: exit status 1 */
	bool ending;	   /* no more turns of the loop */
	int boot;	   /* reference to the table shark_init.lua returns, 0 before */
	struct repl *repl; /* NULL without a prompt */
};

/* ---- calls into Lua ---- */

static struct host *host_of(lua_State *L)
{
	struct host *host;

	lua_getfield(L, LUA_REGISTRYINDEX, "shark.host");
	host = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return host;
}

/* Replaces the error value at index 1, which is no text, by text. */
static void error_to_text(lua_State *L)
{
	if (luaL_getmetafield(L, 1, "__tostring")) {
		lua_pushvalue(L, 1);
		if (!lua_pcall(L, 1, 1, 0) && lua_isstring(L, -1)) {
			lua_replace(L, 1);
			return;
		}
	}
	lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
	lua_replace(L, 1);
}

/* Message handler: any error value to text, with where it happened. */
static int traceback(lua_State *L)
{
	if (!lua_isstring(L, 1))
		error_to_text(L);
	lua_settop(L, 1);
	/* An error that was caught and raised again knows better where it was. */
	if (!strstr(lua_tostring(L, 1), "\nstack traceback:\n"))
		luaL_traceback(L, L, lua_tostring(L, 1), 1);
	return 1;
}

void host_stop(lua_State *L)
{
	struct host *host = host_of(L);

	host->ending = true;
	uv_stop(&host->loop);
}

void host_report(lua_State *L)
{
	struct host *host = host_of(L);
	const char *message = lua_tostring(L, -1);

	log_error("%s", message ? message : "(error in error handling)");
	lua_pop(L, 1);
	if (host->repl)
		return;
	host->failed = true;
	host_stop(L);
}

int host_call(lua_State *L, int nargs, int nresults, int flags)
{
	int base = lua_gettop(L) - nargs; /* of the function */
	int status;

	(void)flags;
#ifdef SHARK_GC_STRESS
	/* What a callback needs and nobody keeps does not survive. */
	lua_gc(L, LUA_GCCOLLECT, 0);
#endif
	lua_pushcfunction(L, traceback);
	lua_insert(L, base);
	status = lua_pcall(L, nargs, nresults, base);
	lua_remove(L, base);
	if (!status)
		return lua_gettop(L) - base + 1;
	host_report(L);
	return -status;
}

/* ---- the Lua state ---- */

/* LUA_NOENV: neither LUA_PATH nor LUA_CPATH choose what root loads. */
static void open_libraries(lua_State *L)
{
	lua_pushboolean(L, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
	luaL_openlibs(L);
#ifdef SHARK_GC_STRESS
	/*
	 * A new collection begins when the last one ends. (A pause below 100
	 * makes LuaJIT leave and enter a compiled loop for ever.)
	 */
	lua_gc(L, LUA_GCSETPAUSE, 100);
	lua_gc(L, LUA_GCSETSTEPMUL, 1000);
#endif
}

static void open_luv(struct host *host)
{
	luv_set_loop(host->L, &host->loop);
	luv_set_callback(host->L, host_call);
	bind_luv(host->L);
}

/* Runs shark_init.lua; what it returns ends the run. */
static void boot(struct host *host)
{
	lua_State *L = host->L;

	script_load_init(L, host->options->root);
	bind_push_private(L);
	lua_call(L, 1, 1);
	host->boot = luaL_ref(L, LUA_REGISTRYINDEX);
}

static int set_up(lua_State *L)
{
	struct host *host = lua_touserdata(L, 1);

	lua_settop(L, 0);
	open_libraries(L);
	script_set_paths(L, host->options->root);
	open_luv(host);
	bind_shark(L, host->options->verbose);
	script_set_arg(L, host->options);
	boot(host);
	return 0;
}

/* ---- the loop ---- */

static void on_ask(void *data)
{
	struct host *host = data;

	host_stop(host->L);
}

static void on_output_failure(int code, void *data)
{
	struct host *host = data;

	if (code != -EPIPE) {
		log_error("cannot write standard output: %s", strerror(-code));
		host->failed = true;
	}
	host_stop(host->L);
}

static int open_loop(struct host *host)
{
	int code = uv_loop_init(&host->loop);

	if (!code)
		code = output_watch(&host->loop, on_output_failure, host);
	return code;
}

/* Calls the function that shark_init.lua returned under this name. */
static void call_boot(struct host *host, const char *name)
{
	lua_State *L = host->L;

	if (!host->boot)
		return;
	lua_rawgeti(L, LUA_REGISTRYINDEX, host->boot);
	lua_getfield(L, -1, name);
	lua_remove(L, -2);
	host_call(L, 0, 0, 0);
}

/* Callbacks that still run may open handles anew; not for ever. */
enum { CLOSING_ROUNDS = 1000 };

static void close_loop(struct host *host)
{
	output_unwatch();
	for (int i = 0; i < CLOSING_ROUNDS; i++) {
		call_boot(host, "close_handles");
		if (!uv_run(&host->loop, UV_RUN_ONCE))
			break;
	}
	lua_close(host->L);
	if (uv_loop_close(&host->loop))
		log_debug("the loop closed with handles open");
}

static void run_loop(struct host *host)
{
	if (!host->ending)
		uv_run(&host->loop, UV_RUN_DEFAULT);
}

/* ---- the run ---- */

static bool set_up_protected(struct host *host)
{
	lua_State *L = host->L;

	lua_pushlightuserdata(L, host);
	lua_setfield(L, LUA_REGISTRYINDEX, "shark.host");
	lua_pushcfunction(L, set_up);
	lua_pushlightuserdata(L, host);
	return host_call(L, 1, 0, 0) >= 0;
}

static bool wants_prompt(const struct options *options)
{
	if (options->interactive)
		return true;
	return !options->script && !options->nr_actions && script_stdin_is_terminal();
}

static void run(struct host *host)
{
	if (!set_up_protected(host))
		return;
	if (ending_watch(&host->loop, on_ask, host)) {
		log_error("cannot watch for signals");
		host->failed = true;
		return;
	}
	if (script_run(host->L, host->options) && wants_prompt(host->options))
		host->repl = repl_start(host->L, &host->loop);
	run_loop(host);
	repl_stop(host->repl);
	host->repl = NULL;
	ending_begin();
}

static int last_words(const struct host *host)
{
	int code = output_flush();

	if (ending_by_closed_output() || code == -EPIPE) {
		ending_die_of_closed_output();
		return EXIT_FAILURE;
	}
	return host->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int host_run(const struct options *options)
{
	struct host host = { .options = options };
	int status;

	log_set_verbose(options->verbose);
	host.L = luaL_newstate();
	if (!host.L || open_loop(&host)) {
		log_error("cannot create the Lua state or the event loop: not enough memory");
		if (host.L)
			lua_close(host.L);
		return EXIT_FAILURE;
	}
	run(&host);
	call_boot(&host, "finish");
	close_loop(&host);
	status = last_words(&host);
	debuginfo_reset();
	return status;
}
