/* SPDX-License-Identifier: MIT */
/*
 * What a compiled image asks of the kernel it is loaded into: where members of its
 * types are, whether there are any, how large a type is, where symbols are, and the
 * ids of what its programs are attached to. (What libbpf calls CO-RE,
 * tools/lib/bpf/relo_core.c; here for the questions that our own programs ask.) Types come from the
 * file given to debuginfo_set(), if there is one; what is attached to is the running kernel's.
 */
#ifndef SHARK_RELOCATE_H
#define SHARK_RELOCATE_H

#include "base/error.h"
#include "load/loaded.h"

/*
 * The image's questions answered, for loaded_load(). What reads a member that this
 * kernel lacks becomes a call that no kernel knows: the verifier refuses it unless the
 * program has asked whether the member is there.
 */
extern const struct load_kernel relocate_kernel;

#endif
