// SPDX-License-Identifier: MIT
#include "kernel/libdw.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/library.h"

struct libdw libdw;

#define FUNCTION(function) { #function, &libdw.function },
static const struct library_function functions[] = { LIBDW_FUNCTIONS(FUNCTION) };

static struct library library = {
	.file = "libdw.so.1",
	.package = "libdw1",
	.purpose = "types in DWARF",
};

int libdw_load(struct error *err)
{
	/* What is not found here it would download (debuginfod), as root. */
	unsetenv("DEBUGINFOD_URLS");
	return library_load(&library, functions, ARRAY_SIZE(functions), err);
}
