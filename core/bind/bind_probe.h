/* SPDX-License-Identifier: MIT */
/* The parts of "shark.core.probe": each adds its functions to the table on the stack's top. */
#ifndef SHARK_BIND_PROBE_H
#define SHARK_BIND_PROBE_H

#include <lua.h>

#include "probe/map.h"

#define BIND_MAP_TYPE "shark.core.probe.map"
#define BIND_PROGRAM_TYPE "shark.core.probe.program"

struct bind_program {
	int fd; /* -1: closed */
};

/* The open map that is argument arg, or raises. */
struct probe_map *bind_check_map(lua_State *L, int arg);

void bind_add_maps(lua_State *L);
void bind_add_programs(lua_State *L);
void bind_add_binaries(lua_State *L);

#endif
