/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What user space and the programs that ask the kernel for names exchange: the
 * only value of a map that is mapped into the process.
 */
#ifndef SHARK_BPF_KNAMES_H
#define SHARK_BPF_KNAMES_H

#include <linux/types.h>

/* KSYM_SYMBOL_LEN is 512 and more; a longer name is cut. */
enum { KNAMES_TEXT = 512 };

struct knames_exchange {
	__u64 address;
	__s64 result; /* out: a negative errno, or how long the text is */
	char text[KNAMES_TEXT];
};

#endif
