/* SPDX-License-Identifier: MIT */
/* The module "shark.core.terminal": the whole screen of the terminal, for lua/shark/top/. */
#ifndef SHARK_FULLSCREEN_H
#define SHARK_FULLSCREEN_H

#include <lua.h>
#include <stdbool.h>

/* has_prompt: the prompt will have the terminal, so nobody else gets it. */
void fullscreen_preload(lua_State *L, bool has_prompt);

#endif
