/* SPDX-License-Identifier: MIT */
/*
 * bpf(2) as it is: no probing of features before it, no parsing of types. What libbpf
 * wraps without such work (lookups, links, test runs) is called through libbpf.
 */
#ifndef SHARK_BPFCALL_H
#define SHARK_BPFCALL_H

#include <stddef.h>

union bpf_attr;

enum {
	/* Bytes of a name that the kernel keeps (BPF_OBJ_NAME_LEN). */
	BPFCALL_NAME = 16,
};

/*
 * Returns what the call returns, descriptors being closed on exec, or a negative errno.
 * Tries once more where the verifier was interrupted by a signal (-EAGAIN), and after
 * raising the limit of locked memory, which maps, programs and types count as before 5.11
 * (and -EPERM is said for).
 */
int bpfcall(int command, union bpf_attr *attr, size_t size);

/* Copies what the kernel takes of a name: letters, digits, '_' and '.', others become '_'. */
void bpfcall_name(char to[BPFCALL_NAME], const char *name);

#endif
