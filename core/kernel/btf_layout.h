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
	uint32_t count;	       /* of its own types, so far as a pass has come */
	uint64_t next;	       /* where it came to, from the first */
	uint32_t pointer_size; /* 0: not asked yet */
};

/* Has a pass go so far that this one of its own types, from 0 on, has its place. */
int btf_pass_to(struct btf_reader *reader, uint32_t i, struct error *err);

/*
 * By kind: bytes of a record without its elements, and of each of those; zeroes for what is
 * no kind. As many as the bits of info can say.
 */
struct btf_sizes {
	uint16_t fixed, each;
};
extern const struct btf_sizes btf_sizes[32];

/*
 * Bytes of the record, from its first three words; 0 when it is none. A pass is a chain of
 * these, each waiting for the one before: no calls and no branches.
 */
static inline uint32_t btf_record_size(const struct btf_type *type)
{
	struct btf_sizes sizes = btf_sizes[BTF_INFO_KIND(type->info)];

	/* A function has its linkage where others have the number of their elements. */
	return sizes.fixed + sizes.each * BTF_INFO_VLEN(type->info);
}

#endif
