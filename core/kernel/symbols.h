/* SPDX-License-Identifier: MIT */
/* Tables of symbols, looked up by address. */
#ifndef SHARK_SYMBOLS_H
#define SHARK_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct symbols;

/* Is an address in the kernel's half of the address space, and not a program's? */
static inline bool symbols_in_kernel(uint64_t address)
{
	return address >> 63;
}

struct symbol {
	const char *name;
	const char *module; /* "kernel", a module's name, or "" for a program */
	uint64_t offset;    /* of the address in the symbol */
	uint64_t size;	    /* bytes to the symbol's end, by size or by the next symbol */
};

/*
 * Reads text in the form of /proc/kallsyms or System.map:
 * "ffffffff81000000 T _text [module]". Returns 0 or a negative errno:
 * -EPERM when every address is hidden (kernel.kptr_restrict), -EINVAL when it
 * is not such text.
 */
int symbols_read_kallsyms(const char *path, struct symbols **out, struct error *err);

/*
 * Reads the symbol table of an ELF file (.symtab, else .dynsym). Returns 0 or a
 * negative errno: -EINVAL when it is not ELF, -ENODATA when it has no symbols.
 */
int symbols_read_elf(const char *path, const char *module, struct symbols **out, struct error *err);

/* The symbol that covers the address: 0 or -ENOENT. */
int symbols_find(const struct symbols *symbols, uint64_t address, struct symbol *found);

/* A name whose address is asked for. */
struct symbol_address {
	const char *name;
	uint64_t address;     /* out: of the first that has the name */
	unsigned int matches; /* out: how many addresses have it; 0: none */
};

/* Looks the names up in the table. */
void symbols_addresses(const struct symbols *symbols, struct symbol_address *wanted, size_t n);

/*
 * Looks the names up in text like /proc/kallsyms, in one pass that keeps nothing
 * else. Returns 0, also when a name is not there, or a negative errno as
 * symbols_read_kallsyms() does.
 */
int symbols_scan_kallsyms(const char *path, struct symbol_address *wanted, size_t n,
			  struct error *err);

/* The kernel was moved by so many bytes after these were written: all but what is not of its half.
 */
void symbols_move(struct symbols *symbols, int64_t bytes);

void symbols_free(struct symbols *symbols);

#endif
