// SPDX-License-Identifier: MIT
#include "host/script.h"

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <luajit.h>
#include <lualib.h>
#include <luv/luv.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "bind/run.h"
#include "host/beside.h"
#include "host/embedded.h"

/* See script_load_text(). */
#define TEXT_ONLY "t"

/* ---- modules ---- */

static int require_embedded(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const struct embedded *module = embedded_find(embedded_modules, name);

	if (luaL_loadbuffer(L, module->code, module->size, name))
		return lua_error(L);
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	return 1;
}

/* The module's file in the source tree, its first upvalue. */
static int require_from_root(lua_State *L)
{
	if (luaL_loadfilex(L, lua_tostring(L, lua_upvalueindex(1)), TEXT_ONLY))
		return lua_error(L);
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	return 1;
}

/* What the build makes fits this binary only; what others made is not in the tree. */
static bool is_of_tree(const char *source)
{
	return !strncmp(source, "lua/", 4) || !strncmp(source, "core/", 5);
}

/* Pushes its loader: of the source tree, if one is given and has it, else what is linked in. */
static void push_loader(lua_State *L, const char *root, const struct embedded *module)
{
	lua_pushfstring(L, "%s/%s", root ? root : "", module->source);
	if (root && is_of_tree(module->source) && !access(lua_tostring(L, -1), F_OK)) {
		lua_pushcclosure(L, require_from_root, 1);
	} else {
		lua_pop(L, 1);
		lua_pushcfunction(L, require_embedded);
	}
}

static void preload_modules(lua_State *L, const char *root)
{
	lua_getfield(L, -1, "preload");
	for (const struct embedded *module = embedded_modules; module->name; module++) {
		push_loader(L, root, module);
		lua_setfield(L, -2, module->name);
	}
	lua_pop(L, 1);
}

/* Keeps the absolute entries of the path in package[field], after first. */
static void strip_path(lua_State *L, const char *field, const char *first)
{
	const char *entry, *end;
	luaL_Buffer kept;

	lua_getfield(L, -1, field);
	entry = lua_tostring(L, -1);
	luaL_buffinit(L, &kept);
	luaL_addstring(&kept, first);
	for (; entry && *entry; entry = *end ? end + 1 : end) {
		end = strchrnul(entry, ';');
		if (*entry != '/')
			continue;
		luaL_addlstring(&kept, entry, (size_t)(end - entry));
		luaL_addchar(&kept, ';');
	}
	luaL_pushresult(&kept);
	lua_setfield(L, -3, field);
	lua_pop(L, 1);
}

void script_set_paths(lua_State *L, const char *root)
{
	char first[PATH_MAX + 16] = "";

	if (root)
		snprintf(first, sizeof(first), "%s/lua/?.lua;", root);
	lua_getglobal(L, "package");
	strip_path(L, "path", first);
	strip_path(L, "cpath", "");
	preload_modules(L, root);
	lua_pop(L, 1);
}

/* LUA_NOENV: neither LUA_PATH nor LUA_CPATH choose what root loads. */
void script_open_libraries(lua_State *L)
{
	lua_pushboolean(L, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
	luaL_openlibs(L);
}

static lua_State *open_thread(void)
{
	lua_State *L = luaL_newstate();

	if (!L)
		return NULL;
	script_open_libraries(L);
	lua_getglobal(L, "package");
	strip_path(L, "path", "");
	strip_path(L, "cpath", "");
	lua_getfield(L, -1, "loaded");
	luaopen_luv(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "luv");
	lua_setfield(L, -2, "uv");
	lua_pop(L, 2);
	return L;
}

void script_set_threads(void)
{
	luv_set_thread_cb(open_thread, lua_close);
}

void script_load_init(lua_State *L, const char *root)
{
	char path[PATH_MAX];
	int status;

	if (root) {
		snprintf(path, sizeof(path), "%s/shark_init.lua", root);
		status = luaL_loadfilex(L, path, TEXT_ONLY);
	} else {
		status = luaL_loadbuffer(L, embedded_init.code, embedded_init.size,
					 embedded_init.name);
	}
	if (status)
		lua_error(L);
}

/* ---- arguments ---- */

void script_set_arg(lua_State *L, const struct options *options)
{
	lua_createtable(L, options->argc, options->script + 1);
	for (int i = 0; i < options->argc; i++) {
		lua_pushstring(L, options->argv[i]);
		lua_rawseti(L, -2, i - options->script);
	}
	lua_setglobal(L, "arg");
}

static int push_script_args(lua_State *L, const struct options *options)
{
	int nargs = options->script ? options->argc - options->script - 1 : 0;

	luaL_checkstack(L, nargs + 3, "too many arguments to the script");
	for (int i = 0; i < nargs; i++)
		lua_pushstring(L, options->argv[options->script + 1 + i]);
	return nargs;
}

/* ---- scripts ---- */

/* Reports the message on the stack's top. */
static bool fail(lua_State *L)
{
	run_report(L);
	return false;
}

/* Puts in words what LuaJIT says of bytecode. */
static int explain_mode(lua_State *L, int status, const char *name)
{
	if (!status || strcmp(lua_tostring(L, -1), "attempt to load chunk with wrong mode") != 0)
		return status;
	lua_pop(L, 1);
	lua_pushfstring(L, "cannot run '%s': it holds bytecode, shark runs text only", name);
	return status;
}

int script_load_text(lua_State *L, const char *text, size_t size, const char *name)
{
	int status = luaL_loadbufferx(L, text, size, name, TEXT_ONLY);

	return explain_mode(L, status, name + (*name == '='));
}

/* path: NULL for standard input */
static bool load_file(lua_State *L, const char *path)
{
	int status = luaL_loadfilex(L, path, TEXT_ONLY);

	return !explain_mode(L, status, path ? path : "-") || fail(L);
}

static bool load_packaged(lua_State *L, const struct options *options,
			  const struct embedded *script)
{
	char path[PATH_MAX];

	if (!options->root)
		return luaL_loadbuffer(L, script->code, script->size, script->name) ? fail(L)
										    : true;
	snprintf(path, sizeof(path), "%s/samples/%s.lua", options->root, script->name);
	return load_file(L, path);
}

/*
 * Who runs shark as root in somebody else's directory must get what is
 * packaged: a bare word never is a file.
 */
static bool names_file(const char *name)
{
	const char *suffix = strrchr(name, '.');

	return strchr(name, '/') || (suffix && !strcmp(suffix, ".lua"));
}

static bool load_beside(lua_State *L, const char *path)
{
	beside_add(L, path);
	return load_file(L, path);
}

static bool load_path(lua_State *L, const char *path)
{
	struct stat found;

	if (stat(path, &found))
		lua_pushfstring(L, "cannot run '%s': %s", path, strerror(errno));
	else if (S_ISDIR(found.st_mode))
		lua_pushfstring(L, "cannot run '%s': it is a directory", path);
	else
		return load_beside(L, path);
	return fail(L);
}

static bool load_named(lua_State *L, const struct options *options, const char *name)
{
	const struct embedded *packaged = embedded_find(embedded_scripts, name);

	if (packaged)
		return load_packaged(L, options, packaged);
	if (names_file(name))
		return load_path(L, name);
	lua_pushfstring(L, "cannot run '%s': no packaged script of that name ('shark --list'); ",
			name);
	if (access(name, F_OK))
		lua_pushliteral(L, "a file needs a slash or the suffix .lua");
	else
		lua_pushfstring(L, "'./%s' runs the file", name);
	lua_concat(L, 2);
	return fail(L);
}

static bool run_chunk(lua_State *L, const char *text)
{
	if (script_load_text(L, text, strlen(text), "=(command line)"))
		return fail(L);
	return run_call(L, 0, 0, 0) >= 0;
}

/* text: NAME=MODULE, or a MODULE that names the global too */
static bool run_library(lua_State *L, const char *text)
{
	const char *equals = strchr(text, '=');

	lua_pushlstring(L, text, equals ? (size_t)(equals - text) : strlen(text));
	lua_getglobal(L, "require");
	lua_pushstring(L, equals ? equals + 1 : text);
	if (run_call(L, 1, 1, 0) < 0) {
		lua_pop(L, 1);
		return false;
	}
	lua_rawset(L, LUA_GLOBALSINDEX);
	return true;
}

static bool run_action(lua_State *L, const struct action *action)
{
	return (action->option == 'e' ? run_chunk : run_library)(L, action->text);
}

/* jit.status(): -e 'jit.off()' may have turned it off. */
static bool compiles(lua_State *L)
{
	bool on;

	luaL_findtable(L, LUA_REGISTRYINDEX, "_LOADED.jit", 0);
	lua_getfield(L, -1, "status");
	lua_call(L, 0, 1);
	on = lua_toboolean(L, -1);
	lua_pop(L, 2);
	return on;
}

/* What packaged scripts do until the loop runs they do once: compiling it costs more than it saves.
 */
static bool run_interpreted(lua_State *L, int nargs)
{
	bool ran;

	luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
	ran = run_call(L, nargs, 0, 0) >= 0;
	luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_ON);
	return ran;
}

static bool run_main(lua_State *L, const struct options *options)
{
	const char *name = options->script ? options->argv[options->script] : "-";
	bool loaded = !strcmp(name, "-") ? load_file(L, NULL) : load_named(L, options, name);
	int nargs;

	if (!loaded)
		return false;
	nargs = push_script_args(L, options);
	if (embedded_find(embedded_scripts, name) && compiles(L))
		return run_interpreted(L, nargs);
	return run_call(L, nargs, 0, 0) >= 0;
}

bool script_stdin_is_terminal(void)
{
	return isatty(STDIN_FILENO);
}

static bool has_main(const struct options *options)
{
	if (options->script)
		return true;
	return !options->nr_actions && !options->interactive && !script_stdin_is_terminal();
}

bool script_run(lua_State *L, const struct options *options)
{
	for (size_t i = 0; i < options->nr_actions; i++)
		if (!run_action(L, &options->actions[i]))
			return false;
	return !has_main(options) || run_main(L, options);
}
