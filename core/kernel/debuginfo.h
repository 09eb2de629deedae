/* SPDX-License-Identifier: MIT */
/*
 * A kernel's types and symbols: what the running kernel says of itself, or files that stand
 * in for it. And the program whose addresses are looked up, one for the whole process.
 */
#ifndef SHARK_DEBUGINFO_H
#define SHARK_DEBUGINFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/symbols.h"

struct kernel;

/*
 * Uses a file instead of the kernel's own types or symbols, by what it
 * holds: raw BTF, or an ELF file with a section .BTF or else with DWARF (dwarf.h),
 * gives types (programs are then relocated against it); an ELF file with symbols,
 * or text like /proc/kallsyms or System.map, gives kernel symbols. An ELF file may
 * give both. NULL goes back to the kernel's own, which an image has none of. Returns 0 or a
 * negative errno, -ELIBACC where DWARF needs a library that is not there; on failure the setting
 * stays.
 */
int debuginfo_set(struct kernel *kernel, const char *path, struct error *err);

/* The same of a file that is asked for one of the two only, whatever else is in it. */
int debuginfo_set_types(struct kernel *kernel, const char *path, struct error *err);
int debuginfo_set_symbols(struct kernel *kernel, const char *path, struct error *err);

/*
 * The same of what was made in memory: symbols, which are the kernel's from then on, and BTF in a
 * file without a name, whose descriptor is. Of BTF 0 or a negative errno: then it stays the
 * caller's.
 */
void debuginfo_take_symbols(struct kernel *kernel, struct symbols *symbols);
int debuginfo_take_types(struct kernel *kernel, const char *name, int fd, struct error *err);

/* Changes with every debuginfo_set() that succeeded: what was looked up before is old. */
unsigned long debuginfo_generation(const struct kernel *kernel);

/* Path of the types set by debuginfo_set(), or NULL for the kernel's own. */
const char *debuginfo_btf_path(const struct kernel *kernel);

/* What is to be opened for those types: it has them as BTF. */
const char *debuginfo_btf_file(const struct kernel *kernel);

/*
 * The program that user addresses belong to, by the path of its ELF file.
 * Returns 0 or a negative errno; on failure the setting stays.
 */
int debuginfo_set_binary(const char *path, struct error *err);

/*
 * The symbol that covers an address: of the kernel for an address of its half,
 * else of the program set by debuginfo_set_binary(). 0, -ENOENT when nothing
 * covers it, or why the symbols cannot be read. What *found points to lives
 * until the next set.
 */
int debuginfo_symbol(struct kernel *kernel, uint64_t address, struct symbol *found,
		     struct error *err);

/*
 * The addresses of names in the kernel, all in one pass over its symbols. A name
 * that is not there is told by its matches. 0, or why the symbols cannot be read.
 */
int debuginfo_addresses(struct kernel *kernel, struct symbol_address *wanted, size_t n,
			struct error *err);

/* Are the kernel's symbols in memory, of a file that was set or read before? */
bool debuginfo_has_symbols(const struct kernel *kernel);

/* symbols_move() for those that were set; what was looked up before is old. */
void debuginfo_move_symbols(struct kernel *kernel, int64_t bytes);

/* How often /proc/kallsyms was read from its beginning to its end. */
unsigned long debuginfo_passes(const struct kernel *kernel);

/* Gives a kernel's types and symbols back. */
void debuginfo_reset(struct kernel *kernel);

/* Forgets the program. */
void debuginfo_forget_binary(void);

/* What a kernel keeps for the above; zeroes at first. */
struct debuginfo {
	char *btf_path;		 /* NULL: the running kernel's */
	char *btf_file;		 /* where those of btf_path are, if not there: in memory */
	int btf_fd;		 /* of that */
	struct symbols *symbols; /* NULL: not read yet */
	unsigned long generation;
	unsigned long passes;
};

#endif
