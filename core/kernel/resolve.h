/* SPDX-License-Identifier: MIT */
/* The symbol that covers an address, found the cheapest way there is. */
#ifndef SHARK_RESOLVE_H
#define SHARK_RESOLVE_H

#include <stdint.h>

#include "base/error.h"
#include "kernel/symbols.h"

struct kernel;

/*
 * The kernel is asked where it can be (kmem_symbol()): that takes microseconds,
 * knows modules that were loaded a moment ago, and keeps nothing. Otherwise, and
 * for what debuginfo.h was told to use instead, tables are searched; that of
 * /proc/kallsyms is read once, which takes a tenth of a second. Returns 0,
 * -ENOENT when nothing covers the address, or why symbols cannot be read. What
 * *found points to lives until the next call.
 */
int resolve(struct kernel *kernel, uint64_t address, struct symbol *found, struct error *err);

#endif
