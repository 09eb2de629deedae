/* SPDX-License-Identifier: MIT */
/*
 * Types of an ELF file from its DWARF (versions 2 to 5, compressed or not, in a file of its own
 * that a build id or .gnu_debuglink names), as BTF: so all who read BTF read them.
 *
 * Each unit of a program has types of its own. Of those with one name, the first that is complete
 * is what the name stands for. Another that is equal (its size, and of its members names, places
 * and the names of their types) is the same type. One that differs is kept beside it: members
 * lead to what their own unit means, and it is not found by its name.
 *
 * What BTF cannot tell (sizes of 4 GiB, complex numbers, bitfields behind 2 MiB) has a size and
 * no members. Variables are those outside of functions; functions those with code.
 */
#ifndef SHARK_DWARF_H
#define SHARK_DWARF_H

#include "base/error.h"

/*
 * *fd: a file in memory with the types as raw BTF, for the caller to close. 0, -ENOENT when
 * there is no DWARF, -ELIBACC when libdw cannot be loaded, or another negative errno.
 */
int dwarf_to_btf(const char *path, int *fd, struct error *err);

#endif
