/* SPDX-License-Identifier: MIT */
#ifndef SHARK_BTF_HEADER_H
#define SHARK_BTF_HEADER_H

#include <linux/btf.h>
#include <stddef.h>

/*
 * Bytes of a header of BTF without what later kernels put behind the strings' place: struct
 * btf_header of the headers that shark is built with may have more than the kernel it runs on.
 */
enum { BTF_HEADER = offsetof(struct btf_header, str_len) + sizeof(__u32) };

#endif
