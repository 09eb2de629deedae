/* SPDX-License-Identifier: MIT */
/* What the two halves of the BTF reader share: where things are, and passes over them. */
#ifndef SHARK_BTF_LAYOUT_H
#define SHARK_BTF_LAYOUT_H

#include "kernel/btf.h"
#include "kernel/lazyfile.h"

enum {
	/* Of so many types one has its place noted; the others are counted from there. */
	BTF_STRIDE = 32,
};

struct btf_part {
	uint64_t start; /* within the file */
	uint32_t size;
};

struct btf_reader {
	struct lazyfile file;
	struct btf_reader *base;
	struct btf_part types, strings;
	uint32_t first_id;     /* of the types of its own */
	uint32_t first_string; /* where its own strings begin, counted after the base's */
	uint32_t *places;      /* of every BTF_STRIDE-th type; NULL: no pass yet */
	uint32_t count;	       /* of its own types */
	struct error broken;   /* what a pass met */
};

/* Bytes of the record, from its first three words; 0 when it is none. */
uint32_t btf_record_size(const struct btf_type *type);

#endif
