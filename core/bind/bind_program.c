// SPDX-License-Identifier: MIT
/* "shark.core.probe": programs as userdata. */
#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bind/bind.h"
#include "bind/bind_probe.h"
#include "bind/fields.h"
#include "bind/luaint.h"
#include "kernel/refusal.h"
#include "load/program.h"

static int check_program(lua_State *L, int arg)
{
	struct bind_program *program = luaL_checkudata(L, arg, BIND_PROGRAM_TYPE);

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
	lua_rawget(L, texts);
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
static void take_lines(lua_State *L, struct program_spec *spec)
{
	int lines, texts;
	struct program_line *list;

	bind_get_field(L, 1, "lines");
	lines = lua_gettop(L);
	check_table_or_nil(L, lines, "lines");
	bind_get_field(L, 1, "text");
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
		list[i] = (struct program_line){ .at = check_item(L, 1), .line = check_item(L, 2) };
		list[i].text = line_text(L, texts, list[i].line);
		lua_pop(L, 1);
	}
}

/* The string's bytes need not lie as instructions must. */
static void take_code(lua_State *L, struct program_spec *spec)
{
	size_t size = 0;
	const char *bytes = NULL;
	void *code;

	if (bind_get_field(L, 1, "code") && lua_type(L, -1) == LUA_TSTRING)
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
	const char *name =
		bind_get_field(L, 1, "expected") ? bind_field_text(L, 1, "expected", NULL) : NULL;

	lua_pop(L, 1);
	if (name)
		bind_check_name(L, "expected", name, program_expected(name), program_expected_at);
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
	struct program_spec spec = { 0 };
	struct bind_program *program;
	struct error err;
	char *log;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	spec.type = bind_field_text(L, 1, "type", NULL);
	bind_check_name(L, "type", spec.type, program_type(spec.type), program_type_at);
	spec.expected = check_expected(L);
	spec.name = bind_field_text(L, 1, "name", "probe");
	spec.btf_id = bind_field_number(L, 1, "btf_id", 0, INT32_MAX);
	spec.btf_fd = (int)bind_field_number(L, 1, "btf_fd", 0, INT32_MAX);
	spec.file = bind_field_text(L, 1, "file", "?");
	take_code(L, &spec);
	take_lines(L, &spec);
	program = bind_new_userdata(L, sizeof(*program), BIND_PROGRAM_TYPE);
	program->fd = program_load(&spec, &log, &err);
	if (program->fd == -EPERM)
		refusal_explain(&err);
	if (program->fd < 0)
		return refuse(L, &err, log);
	return 1;
}

/* program:fd() -> file descriptor */
static int method_fd(lua_State *L)
{
	lua_pushinteger(L, check_program(L, 1));
	return 1;
}

/*
 * program:info() -> {verified, misses, jited, xlated}: instructions that the verifier looked at,
 * runs that were skipped, bytes of machine code and of instructions; what this kernel does not tell
 * is absent | nil, message, name
 */
static int method_info(lua_State *L)
{
	struct program_info info;
	struct error err;

	if (program_info(check_program(L, 1), &info, &err))
		return bind_push_error(L, &err);
	lua_newtable(L);
	bind_set_count(L, "verified", info.verified);
	bind_set_count(L, "misses", info.misses);
	bind_set_count(L, "jited", info.jited);
	bind_set_count(L, "xlated", info.xlated);
	return 1;
}

static int push_bytes(lua_State *L)
{
	lua_pushlstring(L, lua_touserdata(L, 1), *(size_t *)lua_touserdata(L, 2));
	return 1;
}

/* program:jited() -> machine code | nil, message, name */
static int method_jited(lua_State *L)
{
	size_t size;
	struct error err;
	int failed;
	void *bytes;

	lua_pushcfunction(L, push_bytes);
	bytes = program_jited(check_program(L, 1), &size, &err);
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
static int method_run(lua_State *L)
{
	int fd = check_program(L, 1), n = lua_gettop(L) - 1;
	uint64_t args[PROGRAM_RUN_ARGS];
	uint32_t result;
	struct error err;

	luaL_argcheck(L, n <= PROGRAM_RUN_ARGS, PROGRAM_RUN_ARGS + 2, "at most 12 arguments");
	for (int i = 0; i < n; i++)
		args[i] = luaint_check_bits(L, i + 2);
	if (program_run(fd, args, (size_t)n, &result, &err))
		return bind_push_error(L, &err);
	lua_pushnumber(L, result);
	return 1;
}

/* program:close(): again is no error; where it is attached, it runs on. Also when collected. */
static int method_close(lua_State *L)
{
	struct bind_program *program = luaL_checkudata(L, 1, BIND_PROGRAM_TYPE);

	if (program->fd >= 0)
		close(program->fd);
	program->fd = -1;
	return 0;
}

/* clang-format off */
static const luaL_Reg program_methods[] = {
	{ "fd", method_fd },
	{ "info", method_info },
	{ "jited", method_jited },
	{ "run", method_run },
	{ "close", method_close },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "program", new_program },
	{ NULL, NULL },
};
/* clang-format on */

void bind_add_programs(lua_State *L)
{
	bind_add_type(L, BIND_PROGRAM_TYPE, program_methods, method_close);
	luaL_register(L, NULL, functions);
}
