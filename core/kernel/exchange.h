/* SPDX-License-Identifier: MIT */
/* Memory that a BPF program run by this process shares with it: a map of one entry. */
#ifndef SHARK_EXCHANGE_H
#define SHARK_EXCHANGE_H

#include <stddef.h>

/* Maps the entry, of so many bytes, of a map that is BPF_F_MMAPABLE. NULL, with errno. */
void *exchange_map(int map_fd, size_t bytes);

/* Takes NULL. */
void exchange_unmap(void *exchange, size_t bytes);

#endif
