/* SPDX-License-Identifier: MIT */
/*
 * The BTF there is, of every kernel that is read: its own or that of the file given to
 * debuginfo_set(), and its modules'. Each is opened when it is first asked for and stays so. It
 * has a number, which no other one has in this process.
 */
#ifndef SHARK_BTF_SOURCES_H
#define SHARK_BTF_SOURCES_H

#include "kernel/btf.h"

struct kernel;

struct btf_place {
	struct btf_reader *reader; /* NULL: it could not be read, and err says why */
	const char *module;	   /* NULL: the kernel's, or a file's */
	const char *path;	   /* of a file that was set, else NULL */
	struct error why;
};

/*
 * Number, from 1 on, of the BTF of a module of the running kernel, or with NULL of the
 * kernel: the file that was set, or the running one's. 0, and the error, when it cannot
 * be read.
 */
uint32_t btf_source(const struct kernel *kernel, const char *module, struct error *err);

/* The one with this number, or NULL. What it points to lives until btf_sources_reset(). */
const struct btf_place *btf_source_at(uint32_t number);

/* The number of the running kernel's own, which modules are based on; 0, and the error. */
uint32_t btf_source_of_kernel(struct error *err);

typedef int (*btf_visit)(void *context, uint32_t number);

/*
 * Calls visit for the BTF of each module that is loaded, until it returns other than 0.
 * Returns that, or 0. With a file that was set, and of an image, there are no modules.
 */
int btf_sources_of_modules(const struct kernel *kernel, btf_visit visit, void *context);

/*
 * Looks in one BTF for those names that have no source yet: what is found there gets its number.
 * 0 or a negative errno.
 */
int btf_source_find(uint32_t number, struct btf_wanted *wanted, size_t n, struct error *err);

/*
 * The same in a module's, or with NULL in the kernel's and, as long as something is missing, in
 * those of its modules; of these, what cannot be read is passed over. With a file that was set
 * in that only. 0, whatever was found, or a negative errno.
 */
int btf_sources_find(const struct kernel *kernel, const char *module, struct btf_wanted *wanted,
		     size_t n, struct error *err);

/* What btf_sources_find() looked in, in words. */
const char *btf_sources_searched(const struct kernel *kernel, const char *module);

/*
 * A descriptor of the BTF of a module of the running kernel, as bpf(2) wants it in
 * attach_btf_obj_fd. It stays open until btf_sources_reset(): not the caller's to close. Or a
 * negative errno.
 */
int btf_source_fd(const char *module, struct error *err);

/* Gives back what is a kernel's; its numbers are void from then on. */
void btf_sources_reset(const struct kernel *kernel);

#endif
