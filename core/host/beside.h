/* SPDX-License-Identifier: MIT */
/* Modules that lie beside the script. */
#ifndef SHARK_BESIDE_H
#define SHARK_BESIDE_H

#include <lua.h>

/*
 * From now on require() looks for NAME.lua and NAME/init.lua in the directory that
 * the script really lies in, behind what is linked in and before what is installed.
 * In a directory that others may write to, such as /tmp, only files count that
 * belong to root, to this user or to whom the script belongs. Text only.
 */
void beside_add(lua_State *L, const char *script);

#endif
