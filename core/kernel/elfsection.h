/* SPDX-License-Identifier: MIT */
/* Where the sections of an ELF file are. */
#ifndef SHARK_ELFSECTION_H
#define SHARK_ELFSECTION_H

#include <stdint.h>

/* A section by its name: bytes within the file. -ENOENT when there is none, or nothing is in it. */
int elfsection_find(int fd, const char *name, uint64_t *start, uint64_t *size);

#endif
