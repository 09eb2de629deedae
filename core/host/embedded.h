/* SPDX-License-Identifier: MIT */
/* The Lua files that are compiled to bytecode and linked in (see embed.lua). */
#ifndef SHARK_EMBEDDED_H
#define SHARK_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name;    /* of a module: "shark.irq"; of a script: "hardirqs" */
	const char *summary; /* the first comment line of a script */
	const char *source;  /* where it is in the source tree: "lua/shark/irq.lua" */
	const char *code;
	size_t size;
};

/* shark_init.lua */
extern const struct embedded embedded_init;

/* Both end with an entry without a name. */
extern const struct embedded embedded_modules[];
extern const struct embedded embedded_scripts[];

/* The entry of that name, or NULL. */
const struct embedded *embedded_find(const struct embedded *list, const char *name);

#endif
