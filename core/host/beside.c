// SPDX-License-Identifier: MIT
#include "host/beside.h"

#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

struct source {
	FILE *file;
	char text[4096];
};

static const char *read_on(lua_State *L, void *data, size_t *size)
{
	struct source *source = data;

	(void)L;
	*size = fread(source->text, 1, sizeof(source->text), source->file);
	return *size ? source->text : NULL;
}

static bool is_trusted(const struct stat *file, uid_t owner)
{
	return !file->st_uid || file->st_uid == geteuid() || file->st_uid == owner;
}

/* What is wrong with an opened file, to be said with its path and owner; NULL if nothing is. */
static const char *refusal_of(int fd, struct stat *found, uid_t owner)
{
	if (fd < 0 || fstat(fd, found) || !S_ISREG(found->st_mode))
		return "\n\tno file '%s'";
	if (!is_trusted(found, owner))
		return "\n\tfile '%s' is left alone: it belongs to user %d, who is neither root "
		       "nor you nor the owner of the script";
	return NULL;
}

/* Opened and then looked at, so that what was looked at is what is read. NULL: why not is pushed.
 */
static FILE *open_trusted(lua_State *L, const char *path, uid_t owner)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat found = { 0 };
	const char *refusal = refusal_of(fd, &found, owner);
	FILE *file = refusal ? NULL : fdopen(fd, "r");

	if (file)
		return file;
	if (fd >= 0)
		close(fd);
	lua_pushfstring(L, refusal ? refusal : "\n\tcannot read '%s'", path, (int)found.st_uid);
	return NULL;
}

/* Pushes the file as a function and returns true; or pushes why it is not there. Raises what is
 * wrong in it. */
static bool load(lua_State *L, const char *name, const char *path, uid_t owner)
{
	struct source source = { .file = open_trusted(L, path, owner) };
	int status;

	if (!source.file)
		return false;
	lua_pushfstring(L, "@%s", path);
	status = lua_loadx(L, read_on, &source, lua_tostring(L, -1), "t");
	fclose(source.file);
	if (status)
		luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, path,
			   lua_tostring(L, -1));
	lua_remove(L, -2);
	return true;
}

/* One of package.loaders; its upvalues: the directory, and whom the script belongs to. */
static int search(lua_State *L)
{
	static const char *const endings[] = { ".lua", "/init.lua" };
	const char *name = luaL_checkstring(L, 1);
	const char *folder = lua_tostring(L, lua_upvalueindex(1));
	uid_t owner = (uid_t)lua_tonumber(L, lua_upvalueindex(2));
	const char *file = luaL_gsub(L, name, ".", "/");

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		const char *path = lua_pushfstring(L, "%s/%s%s", folder, file, endings[i]);

		if (load(L, name, path, owner))
			return 1;
		lua_remove(L, -2);
	}
	lua_concat(L, ARRAY_SIZE(endings));
	return 1;
}

/* Behind the first, which has what is linked in. */
static void insert_loader(lua_State *L)
{
	int loaders;

	lua_getglobal(L, "package");
	lua_getfield(L, -1, "loaders");
	loaders = lua_gettop(L);
	for (int i = (int)lua_objlen(L, loaders); i > 1; i--) {
		lua_rawgeti(L, loaders, i);
		lua_rawseti(L, loaders, i + 1);
	}
	lua_pushvalue(L, loaders - 2);
	lua_rawseti(L, loaders, 2);
	lua_pop(L, 3);
}

void beside_add(lua_State *L, const char *script)
{
	char *path = realpath(script, NULL);
	struct stat found;

	if (path && !stat(path, &found) && S_ISREG(found.st_mode)) {
		*strrchr(path, '/') = '\0';
		lua_pushstring(L, path);
		lua_pushnumber(L, found.st_uid);
		lua_pushcclosure(L, search, 2);
		insert_loader(L);
	}
	free(path);
}
