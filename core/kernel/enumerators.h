/* SPDX-License-Identifier: MIT */
/* Enumerators by their name alone: most enums of the kernel's flags have none. */
#ifndef SHARK_ENUMERATORS_H
#define SHARK_ENUMERATORS_H

#include <stdint.h>

#include "base/error.h"

struct kernel;

/*
 * The value of an enumerator of the kernel itself, sign-extended where its enum is signed;
 * of several the first. Looks at all types, about 10 ms. 0 or a negative errno, -ENOENT when
 * no enum has it.
 */
int enumerator_find(const struct kernel *kernel, const char *name, uint64_t *value,
		    struct error *err);

#endif
