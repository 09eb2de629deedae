/* SPDX-License-Identifier: MIT */
/* Where probes can be put in a program or library: offsets in its file, as the kernel wants them.
 */
#ifndef SHARK_PROBE_BINARY_H
#define SHARK_PROBE_BINARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The offset of a function by its name, from the symbols that the file itself has. Returns 0 or a
 * negative errno: -ENOENT if there is none of that name, -EINVAL if it is chosen when the
 * program starts (an indirect function), -ENOEXEC if the file is no ELF file.
 */
int binary_function(const char *path, const char *name, uint64_t *offset, struct error *err);

/*
 * A static marker (USDT): a place that the program names, with its arguments. One marker can
 * have several places, each with arguments elsewhere.
 */
struct binary_marker {
	char *provider, *name;
	char *arguments;    /* as the assembler has them: "-4@%edi 8@-8(%rbp)" */
	uint64_t offset;    /* of the place */
	uint64_t semaphore; /* of a counter that the program looks at first; 0: it has none */
};

struct binary_markers {
	struct binary_marker *list;
	size_t n;
};

/*
 * All markers of a file, from its notes. Returns 0 or a negative errno; a file without has 0 of
 * them. The caller frees them, also on failure.
 */
int binary_markers(const char *path, struct binary_markers *markers, struct error *err);
void binary_markers_free(struct binary_markers *markers);

#endif
