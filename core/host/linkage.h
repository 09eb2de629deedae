/* SPDX-License-Identifier: MIT */
/* What this binary was linked from and what it needs, told by its own ELF headers. */
#ifndef SHARK_LINKAGE_H
#define SHARK_LINKAGE_H

#include "base/error.h"

/*
 * Prints two lines to standard output: the libraries that are part of the binary;
 * and the glibc it needs at least, by the versions of the symbols it uses, with the
 * shared libraries. Returns 0, or a negative errno when the binary cannot be read.
 */
int linkage_print(struct error *err);

#endif
