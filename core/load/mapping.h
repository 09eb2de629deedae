/* SPDX-License-Identifier: MIT */
/* Memory of a BPF map that this process shares with the programs. */
#ifndef SHARK_MAPPING_H
#define SHARK_MAPPING_H

#include <stddef.h>

#include "base/error.h"

/* So many bytes, rounded up: maps are mapped by pages. */
size_t mapping_bytes(size_t bytes);

/*
 * Maps the first bytes of an array that is BPF_F_MMAPABLE, to read and write. NULL, with a
 * negative errno in err, where the kernel refuses.
 */
void *mapping_map(int map_fd, size_t bytes, struct error *err);

/* Takes NULL. */
void mapping_unmap(void *memory, size_t bytes);

#endif
