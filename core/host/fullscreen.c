// SPDX-License-Identifier: MIT
#include "host/fullscreen.h"

#include <errno.h>
#include <lauxlib.h>
#include <string.h>

#include "bind/bind.h"
#include "host/terminal.h"

static int refuse(lua_State *L, int code, const char *why)
{
	struct error err;

	error_set(&err, code, "cannot take the screen of the terminal: %s", why);
	return bind_push_error(L, &err);
}

/*
 * take() -> true | nil, message, name. "EAGAIN": not while the process is in the
 * background. To be called again when the process was stopped and goes on.
 */
static int take(lua_State *L)
{
	int code;

	if (lua_toboolean(L, lua_upvalueindex(1)))
		return refuse(L, -EBUSY, "the prompt has it");
	if (!terminal_is_there())
		return refuse(L, -ENOTTY,
			      "standard input and output are no terminal with a screen");
	code = terminal_take_screen();
	if (code)
		return refuse(L, code, strerror(-code));
	lua_pushboolean(L, 1);
	return 1;
}

/* is_taken() -> boolean: who draws asks, as each stop gives the screen back */
static int is_taken(lua_State *L)
{
	lua_pushboolean(L, terminal_has_screen());
	return 1;
}

static int open_screen(lua_State *L)
{
	lua_newtable(L);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushcclosure(L, take, 1);
	lua_setfield(L, -2, "take");
	lua_pushcfunction(L, is_taken);
	lua_setfield(L, -2, "is_taken");
	return 1;
}

void fullscreen_preload(lua_State *L, bool has_prompt)
{
	lua_getglobal(L, "package");
	lua_getfield(L, -1, "preload");
	lua_pushboolean(L, has_prompt);
	lua_pushcclosure(L, open_screen, 1);
	lua_setfield(L, -2, "shark.core.terminal");
	lua_pop(L, 2);
}
