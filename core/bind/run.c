// SPDX-License-Identifier: MIT
#include "bind/run.h"

#include <lauxlib.h>
#include <limits.h>
#include <luajit.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* What catches failures: pcall() is made of it, see shark_init.lua. */
#define CATCHER "shark.catcher"

void run_adopt(struct run *run, lua_State *L)
{
	lua_pushlightuserdata(L, run);
	lua_setfield(L, LUA_REGISTRYINDEX, "shark.run");
}

void run_open(lua_State *L)
{
	lua_getglobal(L, "xpcall");
	lua_setfield(L, LUA_REGISTRYINDEX, CATCHER);
}

static struct run *run_of(lua_State *L)
{
	struct run *run;

	lua_getfield(L, LUA_REGISTRYINDEX, "shark.run");
	run = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return run;
}

/* ---- whose code it is ---- */

static bool begins_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* Names of chunks: what is linked in, and loops made for a handler. */
static bool is_linked_in(const char *source)
{
	return begins_with(source, "@lua/shark/") || begins_with(source, "@core/tracers/") ||
	       !strcmp(source, "@shark_init.lua") || begins_with(source, "=shark.");
}

/* The same of files of a source tree. */
static bool is_in_tree(const char *source, const char *root)
{
	size_t length = root ? strlen(root) : 0;

	if (!root || *source != '@' || !begins_with(source + 1, root) || source[1 + length] != '/')
		return false;
	source += 2 + length;
	return begins_with(source, "lua/shark/") || begins_with(source, "core/tracers/") ||
	       !strcmp(source, "shark_init.lua");
}

static bool is_ours(const char *source, const char *root)
{
	return is_linked_in(source) || is_in_tree(source, root);
}

/* ---- errors as text ---- */

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

/* Does the message say that it happened there? Returns what it says besides, or NULL. */
static const char *behind_place(const char *message, const lua_Debug *at)
{
	char place[LUA_IDSIZE + 16];
	int size = snprintf(place, sizeof(place), "%s:%d: ", at->short_src, at->currentline);

	return strncmp(message, place, (size_t)size) ? NULL : message + size;
}

/* Does the message begin with a line of a script, as those of handlers that cannot be compiled do?
 */
static bool names_line(const char *message, const char *root)
{
	size_t place = strcspn(message, ":\n"), digits;
	char source[PATH_MAX];

	digits = message[place] == ':' ? strspn(message + place + 1, "0123456789") : 0;
	if (!place || !digits || strncmp(message + place + 1 + digits, ": ", 2) != 0)
		return false;
	snprintf(source, sizeof(source), "@%s", message);
	return !is_ours(source, root);
}

/* Is it the function that catches what fails in what it calls? Pops the function of the level. */
static bool is_catcher(lua_State *L)
{
	bool is;

	lua_getfield(L, LUA_REGISTRYINDEX, CATCHER);
	is = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return is;
}

/*
 * Finds the line of the script that called what of ours failed, from the level on at which
 * it failed; none with until_caught where one of ours catches it before. What the message says of a
 * line of ours is left out: the traceback has it.
 */
static bool find_caller(lua_State *L, bool until_caught, const char **message, lua_Debug *at)
{
	const struct run *run = run_of(L);
	bool failed_in_ours = false, caught = false;

	for (int level = 1; lua_getstack(L, level, at); level++) {
		const char *rest;

		lua_getinfo(L, "Slf", at);
		if (is_catcher(L))
			caught = until_caught;
		if (at->currentline < 0)
			continue;
		if (!is_ours(at->source, run->root))
			return failed_in_ours && !names_line(*message, run->root);
		if (caught)
			return false;
		failed_in_ours = true;
		rest = behind_place(*message, at);
		*message = rest ? rest : *message;
	}
	return false;
}

/* A mistake in a call of ours is the caller's: the message at index 1 begins with the script's
 * line. */
static void blame_caller(lua_State *L, bool until_caught)
{
	const char *message = lua_tostring(L, 1);
	lua_Debug at;

	if (!find_caller(L, until_caught, &message, &at))
		return;
	lua_pushfstring(L, "%s:%d: %s", at.short_src, at.currentline, message);
	lua_replace(L, 1);
}

int run_misuse(lua_State *L)
{
	luaL_checkstring(L, 1);
	lua_settop(L, 1);
	blame_caller(L, false);
	return lua_error(L);
}

int run_caught(lua_State *L)
{
	lua_settop(L, 1);
	if (lua_type(L, 1) == LUA_TSTRING)
		blame_caller(L, true);
	return 1;
}

int run_traceback(lua_State *L)
{
	lua_settop(L, 1);
	if (!lua_isstring(L, 1))
		error_to_text(L);
	lua_settop(L, 1);
	/* An error that was caught and raised again knows better where it was. */
	if (strstr(lua_tostring(L, 1), "\nstack traceback:\n"))
		return 1;
	blame_caller(L, false);
	luaL_traceback(L, L, lua_tostring(L, 1), 1);
	return 1;
}

bool run_is_ending(lua_State *L)
{
	return run_of(L)->ending;
}

void run_stop(lua_State *L)
{
	struct run *run = run_of(L);

	run->ending = true;
	uv_stop(&run->loop);
}

/* ---- interruption ---- */

static const char *interrupter(int signal)
{
	return signal == SIGINT	    ? "SIGINT"
	       : signal == SIGTERM  ? "SIGTERM"
	       : signal == RUN_EXIT ? "os.exit()"
				    : "its output being closed";
}

static void raise_interruption(lua_State *L, lua_Debug *at)
{
	struct run *run = run_of(L);

	if (lua_getinfo(L, "S", at) && is_ours(at->source, run->root))
		return;
	luaL_error(L, "interrupted by %s", interrupter(run->interrupted));
}

void run_interrupt(struct run *run, lua_State *L, int signal)
{
	run->interrupted = signal;
	lua_sethook(L, raise_interruption, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

void run_interrupt_end(lua_State *L)
{
	struct run *run = run_of(L);

	run->interrupted = 0;
	run->told_of_it = false;
	lua_sethook(L, NULL, 0, 0);
}

bool run_is_exiting(const struct run *run)
{
	return run->interrupted == RUN_EXIT;
}

int run_exit(lua_State *L, int status)
{
	struct run *run = run_of(L);

	run->status = status;
	run_stop(L);
	/* Compiled code would not notice. */
	luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_FLUSH);
	run_interrupt(run, L, RUN_EXIT);
	return luaL_error(L, "interrupted by %s", interrupter(RUN_EXIT));
}

void run_exit_end(lua_State *L)
{
	if (run_is_exiting(run_of(L)))
		run_interrupt_end(L);
}

/*
 * One interruption may reach several callbacks before the loop stops: the first
 * tells. That nobody reads the output any more is nothing to tell.
 */
static bool was_told(struct run *run)
{
	bool told = run->told_of_it || run->interrupted == SIGPIPE;

	run->told_of_it = run->interrupted;
	return told && run->interrupted;
}

/* ---- calls ---- */

void run_report(lua_State *L)
{
	struct run *run = run_of(L);
	const char *message = lua_tostring(L, -1);

	if (!run->interactive)
		run->before_report();
	if (!run_is_exiting(run) && !was_told(run))
		log_error("%s", message ? message : "(error in error handling)");
	lua_pop(L, 1);
	if (run->interactive || run_is_exiting(run))
		return;
	run->failed = true;
	run_stop(L);
}

/* A loop that was run from a callback has taken the stop for itself. */
static void stop_again(struct run *run)
{
	if (run->ending && !run->over)
		uv_stop(&run->loop);
}

int run_call(lua_State *L, int nargs, int nresults, int flags)
{
	int base = lua_gettop(L) - nargs; /* of the function */
	int status;

	(void)flags;
#ifdef SHARK_GC_STRESS
	/* What a callback needs and nobody keeps does not survive. */
	lua_gc(L, LUA_GCCOLLECT, 0);
#endif
	lua_pushcfunction(L, run_traceback);
	lua_insert(L, base);
	status = lua_pcall(L, nargs, nresults, base);
	lua_remove(L, base);
	stop_again(run_of(L));
	if (!status)
		return lua_gettop(L) - base + 1;
	run_report(L);
	return -status;
}
