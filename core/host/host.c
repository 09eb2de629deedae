// SPDX-License-Identifier: MIT
#include "host/host.h"

#include <errno.h>
#include <lauxlib.h>
#include <luv/luv.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/log.h"
#include "bind/bind.h"
#include "bind/run.h"
#include "host/above.h"
#include "host/embedded.h"
#include "host/ending.h"
#include "host/fullscreen.h"
#include "host/lastwords.h"
#include "host/output.h"
#include "host/prompt.h"
#include "host/repl.h"
#include "host/script.h"
#include "host/terminal.h"
#include "kernel/debuginfo.h"
#include "kernel/kernel.h"

struct host {
	const struct options *options;
	lua_State *L;
	struct run run;
	int boot;	   /* reference to the table shark_init.lua returns, 0 before */
	bool at_terminal;  /* the prompt is that of prompt.h */
	struct repl *repl; /* or this one */
};

static bool wants_prompt(const struct options *options)
{
	if (options->interactive)
		return true;
	return !options->script && !options->nr_actions && script_stdin_is_terminal();
}

/* ---- the Lua state ---- */

#ifdef SHARK_GC_STRESS

/*
 * A new collection begins when the last one ends. (A pause below 100
 * makes LuaJIT leave and enter a compiled loop for ever.)
 */
static void start_collector(lua_State *L)
{
	lua_gc(L, LUA_GCSETPAUSE, 100);
	lua_gc(L, LUA_GCSETSTEPMUL, 1000);
}

#else

/*
 * The first collection begins at so many KiB, which no script has in use when it
 * starts; LuaJIT's own begin again each time that its first 30 have doubled. The
 * pause is what is to be had then in percent of what there is now.
 */
enum { FIRST_COLLECTION = 768, PAUSE = 200 };

static void start_collector(lua_State *L)
{
	int used = lua_gc(L, LUA_GCCOUNT, 0) + 1;

	lua_gc(L, LUA_GCSETPAUSE, used < FIRST_COLLECTION ? 100 * FIRST_COLLECTION / used : PAUSE);
	lua_gc(L, LUA_GCRESTART, -1);
	lua_gc(L, LUA_GCSETPAUSE, PAUSE);
}

#endif

static void open_luv(struct host *host)
{
	luv_set_loop(host->L, &host->run.loop);
	luv_set_callback(host->L, run_call);
	bind_luv(host->L);
}

/* image = {core, btf, symbols} in the table on the stack's top, if one is read. */
static void set_image(lua_State *L, const struct kernel_files *image)
{
	if (!image->core)
		return;
	lua_createtable(L, 0, 3);
	lua_pushstring(L, image->core);
	lua_setfield(L, -2, "core");
	lua_pushstring(L, image->btf);
	lua_setfield(L, -2, "btf");
	lua_pushstring(L, image->symbols);
	lua_setfield(L, -2, "symbols");
	lua_setfield(L, -2, "image");
}

/* Runs shark_init.lua; what it returns ends the run. */
static void boot(struct host *host)
{
	lua_State *L = host->L;

	script_load_init(L, host->options->root);
	bind_push_private(L);
	set_image(L, &host->options->image);
	lua_call(L, 1, 1);
	host->boot = luaL_ref(L, LUA_REGISTRYINDEX);
}

static int set_up(lua_State *L)
{
	struct host *host = lua_touserdata(L, 1);

	lua_settop(L, 0);
	start_collector(L);
	script_open_libraries(L);
	script_set_paths(L, host->options->root);
	script_set_threads();
	open_luv(host);
	bind_shark(L, host->options->verbose);
	fullscreen_preload(L, wants_prompt(host->options));
	script_set_arg(L, host->options);
	boot(host);
	return 0;
}

/* ---- the loop ---- */

static void on_ask(void *data)
{
	struct host *host = data;

	run_stop(host->L);
}

static void on_late(void *data, int signal)
{
	struct host *host = data;

	run_interrupt(&host->run, host->L, signal);
}

static void on_overdue(void *data, int signal)
{
	(void)data;
	lastwords_say(signal);
}

/* What runs is cut short; if nothing does, the line is. */
static void on_break(void *data)
{
	struct host *host = data;
	bool was_cut = host->run.interrupted;

	if (prompt_is_busy()) {
		run_interrupt(&host->run, host->L, SIGINT);
		uv_stop(&host->run.loop);
		return;
	}
	run_interrupt_end(host->L);
	ending_forget_break();
	if (!was_cut)
		prompt_break();
}

static void on_stuck(void *data)
{
	(void)data;
	lastwords_warn();
}

static void on_output_failure(int code, void *data)
{
	struct host *host = data;

	if (code != -EPIPE) {
		log_error("cannot write standard output: %s", strerror(-code));
		host->run.failed = true;
	}
	run_stop(host->L);
}

static int open_loop(struct host *host)
{
	int code = uv_loop_init(&host->run.loop);

	if (!code)
		code = output_watch(&host->run.loop, on_output_failure, host);
	return code;
}

/* Calls the function that shark_init.lua returned under this name. */
static void call_boot(struct host *host, const char *name)
{
	lua_State *L = host->L;

	if (!host->boot)
		return;
	run_exit_end(L);
	lua_rawgeti(L, LUA_REGISTRYINDEX, host->boot);
	lua_getfield(L, -1, name);
	lua_remove(L, -2);
	run_call(L, 0, 0, 0);
}

/* Callbacks that still run may open handles anew; not for ever. */
enum { CLOSING_ROUNDS = 1000 };

static void close_loop(struct host *host)
{
	output_unwatch();
	ending_resume();
	for (int i = 0; i < CLOSING_ROUNDS; i++) {
		call_boot(host, "close_handles");
		if (!uv_run(&host->run.loop, UV_RUN_ONCE))
			break;
	}
	ending_over();
	run_interrupt_end(host->L);
	lua_close(host->L);
	if (uv_loop_close(&host->run.loop))
		log_debug("the loop closed with handles open");
}

static void run_loop(struct host *host)
{
	if (!host->run.ending)
		uv_run(&host->run.loop, UV_RUN_DEFAULT);
}

/* ---- the run ---- */

static bool set_up_protected(struct host *host)
{
	lua_State *L = host->L;

	host->run.root = host->options->root;
	host->run.before_report = terminal_restore;
	run_adopt(&host->run, L);
	lua_pushcfunction(L, set_up);
	lua_pushlightuserdata(L, host);
	return run_call(L, 1, 0, 0) >= 0;
}

/* No script: what is typed there, or on the command line. */
static bool is_for_lines(const struct options *options)
{
	return !options->script || options->interactive;
}

/* The prompt of a terminal, or a plain one. */
static void start_prompt(struct host *host)
{
	int code;

	host->run.interactive = true;
	if (host->at_terminal) {
		code = prompt_start(host->L, &host->run.loop);
		if (!code)
			return;
		log_error("cannot edit lines on this terminal: %s", uv_strerror(code));
		prompt_stop();
		host->at_terminal = false;
	}
	host->repl = repl_start(host->L, &host->run.loop);
	host->run.interactive = host->repl != NULL;
}

static void stop_prompt(struct host *host)
{
	host->run.interactive = false;
	if (host->at_terminal)
		prompt_stop();
	repl_stop(host->repl);
}

static bool watch_signals(struct host *host)
{
	const struct ending_calls calls = {
		.on_ask = on_ask,
		.on_late = on_late,
		.on_overdue = on_overdue,
		.on_break = on_break,
		.on_stuck = on_stuck,
		.data = host,
	};

	if (!ending_watch(&host->run.loop, &calls))
		return true;
	log_error("cannot watch for signals");
	host->run.failed = true;
	return false;
}

/* A prompt behind a script is there whatever became of that. */
static void run_script(struct host *host)
{
	bool prompts = wants_prompt(host->options), ran;

	if (is_for_lines(host->options))
		call_boot(host, "put_at_hand");
	host->run.interactive = prompts;
	ran = script_run(host->L, host->options);
	host->run.failed |= !ran && !run_is_exiting(&host->run);
	if (prompts && !host->run.ending)
		start_prompt(host);
	else if (ran && !host->options->script)
		call_boot(host, "go_on");
}

/* From the first line of the script to the last turn of the loop. */
static void run_it(struct host *host)
{
	if (!set_up_protected(host) || !watch_signals(host))
		return;
	run_script(host);
	run_loop(host);
	host->run.over = true;
	stop_prompt(host);
	terminal_restore();
	ending_begin();
	run_interrupt_end(host->L);
}

/* code: of writing standard output */
static int exit_status(const struct host *host, int code)
{
	if (ending_by_closed_output() || code == -EPIPE) {
		ending_die_of_closed_output();
		return EXIT_FAILURE;
	}
	return host->run.status ? host->run.status : host->run.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int host_run(const struct options *options)
{
	struct host host = { .options = options };
	int code;

	log_set_verbose(options->verbose);
	host.at_terminal = wants_prompt(options) && prompt_is_possible() && !above_open();
	host.L = luaL_newstate();
	if (!host.L || open_loop(&host)) {
		log_error("cannot create the Lua state or the event loop: not enough memory");
		if (host.L)
			lua_close(host.L);
		return EXIT_FAILURE;
	}
	run_it(&host);
	call_boot(&host, "finish");
	code = output_flush();
	close_loop(&host);
	if (!code)
		code = output_flush();
	kernel_close(kernel_running());
	debuginfo_forget_binary();
	return exit_status(&host, code);
}
