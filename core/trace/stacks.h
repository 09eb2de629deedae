/* SPDX-License-Identifier: MIT */
/* A map of stacks, which the kernel fills (bpf_get_stackid()). */
#ifndef SHARK_STACKS_H
#define SHARK_STACKS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The return addresses of an entry, innermost first, of a map whose entries have room for so many.
 * Returns how many there are, or a negative errno: -ENOENT if there is no such entry.
 */
int stacks_read(int map_fd, uint32_t id, uint64_t addresses[], size_t room);

#endif
