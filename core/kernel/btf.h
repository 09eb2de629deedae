/* SPDX-License-Identifier: MIT */
/*
 * Reads BTF: the kernel's own, a module's (split BTF, on that of the kernel), or a file's.
 * Only the parts that are asked for come into memory; a type is found by its name in one
 * pass over the strings and one over the types.
 *
 * BTF may be damaged or made to do harm: whatever it holds, what is returned lies within
 * it, and every call ends. Records are as linux/btf.h has them.
 */
#ifndef SHARK_BTF_H
#define SHARK_BTF_H

#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct btf_reader;

enum btf_source {
	BTF_FILE,     /* raw BTF, or an ELF file with a section .BTF */
	BTF_OF_SYSFS, /* in /sys/kernel/btf: never becomes shorter, so it may be mapped */
};

/*
 * Opens BTF and looks at its header. base: of a module's types, those of the kernel; it
 * must outlive the module's; NULL for all others. 0 or a negative errno.
 */
int btf_open(const char *path, enum btf_source source, struct btf_reader *base,
	     struct btf_reader **out, struct error *err);

void btf_close(struct btf_reader *reader);

/* Holds no descriptor until something is read again: for BTF_OF_SYSFS, of which there are many. */
void btf_rest(struct btf_reader *reader);

/* Goes over all types that no search has come to. -EINVAL when one of them is no record. */
int btf_check(struct btf_reader *reader, struct error *err);

/* Is the id one of the base's? */
bool btf_is_of_base(const struct btf_reader *reader, uint32_t id);

/*
 * The record of a type, with all its members, as it is in BTF, or NULL when there is
 * none. Id 0 is void. What it points to lives until btf_close().
 */
const struct btf_type *btf_type_at(struct btf_reader *reader, uint32_t id);

/* The string at an offset, "" when there is none. Lives until btf_close(). */
const char *btf_string_at(struct btf_reader *reader, uint32_t offset);

/* A name to look for. All but the first two begin as 0; source is btf_source_find()'s, the rest
 * btf_find()'s. */
struct btf_wanted {
	const char *name;
	const int *kinds; /* BTF_KIND_*, an earlier one is preferred; 0 ends them */
	uint32_t id;	  /* what was found, or 0 */
	int rank;	  /* of its kind */
	uint32_t offset;  /* of the name in the strings of this BTF, or 0 */
	uint32_t in_base; /* the same in its base */
	bool asked_base;
	uint32_t source; /* number of the BTF that has it, or 0 */
};

/*
 * Looks for several names at once, among the types of this BTF without those of its
 * base, and no further than where the last is found. Of a name that stands for several types
 * of the preferred kind it takes the first. The same wanted may be taken to the next module. 0, or
 * a negative errno when that could not be done.
 */
int btf_find(struct btf_reader *reader, struct btf_wanted *wanted, size_t n, struct error *err);

/*
 * Bytes of a pointer, which BTF does not tell: as many as Linux's long has. 8 when there is no
 * long either.
 */
uint32_t btf_pointer_size(struct btf_reader *reader);

/* Names that match a pattern, by their offsets in the strings. */
struct btf_names {
	uint32_t *offsets; /* ascending; free() */
	size_t count;
};

/* Adds the names that match (fnmatch(3)), without those of the base. 0 or a negative errno. */
int btf_match(struct btf_reader *reader, const char *pattern, struct btf_names *names,
	      struct error *err);

typedef void (*btf_found)(void *context, uint32_t id, uint32_t name);

/* Calls found for each type of a kind with one of the names. 0 or a negative errno. */
int btf_each(struct btf_reader *reader, int kind, const struct btf_names *names, btf_found found,
	     void *context, struct error *err);

#endif
