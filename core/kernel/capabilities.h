/* SPDX-License-Identifier: MIT */
/* Capabilities of this process, by name, and giving up those that are not needed any more. */
#ifndef SHARK_CAPABILITIES_H
#define SHARK_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The number of "CAP_BPF", or -1. */
int capabilities_number(const char *name);

/* "CAP_BPF" of its number, or NULL. */
const char *capabilities_name(int capability);

/* Has this process the capability (CAP_BPF, ...), as far as it goes: see refusal.h. */
bool capabilities_has(int capability);

/*
 * Gives up, for good, what the process may do, but for the capabilities whose bits (1 << number)
 * are in keep; nothing is gained. -EBUSY with several threads, as each has its own.
 */
int capabilities_drop(uint64_t keep, struct error *err);

#endif
