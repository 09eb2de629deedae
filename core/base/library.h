/* SPDX-License-Identifier: MIT */
/*
 * Libraries that are loaded when they are needed: shark starts without them, and only what
 * needs one fails where it is missing.
 */
#ifndef SHARK_LIBRARY_H
#define SHARK_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

struct library {
	const char *file;    /* "libdw.so.1" */
	const char *package; /* Debian's, that has it */
	const char *purpose; /* what is not possible without it: "types from DWARF" */
	void *handle;	     /* NULL: not loaded yet; it then stays loaded */
};

struct library_function {
	const char *name;
	void *at; /* the pointer to a function that is to be set */
};

/*
 * Loads a library, unless it is loaded, and sets the functions; they may also be those of the
 * libraries it needs in turn. 0, or -ELIBACC when it is not there, is too old for one of them,
 * or this binary is linked statically.
 */
int library_load(struct library *library, const struct library_function *functions, size_t n,
		 struct error *err);

#endif
