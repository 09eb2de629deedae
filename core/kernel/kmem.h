/* SPDX-License-Identifier: MIT */
/*
 * Reads kernel memory. Two ways, the better one first: "bpf", a BPF program that
 * this process runs (kernel 5.14 and later), and "kcore", /proc/kcore. The way
 * is chosen at the first read and stays; one for the whole process.
 *
 * What cannot be read is an error, never zeros.
 */
#ifndef SHARK_KMEM_H
#define SHARK_KMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { KMEM_NR_WAYS = 2 };

/* Lua declares the same struct, see lua/shark/kernel.lua. */
struct kmem_request {
	uint64_t address;
	void *into;
	uint32_t size;
	/*
	 * Out: 0; -EFAULT: no readable kernel memory; -ENODATA: /proc/kcore gives
	 * zeros for that page, which may be device memory or nothing at all.
	 */
	int32_t result;
};

_Static_assert(sizeof(struct kmem_request) == 24, "as declared to the FFI");

struct kmem_how {
	const char *way; /* NULL: none */
	bool forced;	 /* by kmem_use() */
	size_t nr_refused;
	struct {
		const char *way;
		struct error why;
	} refused[KMEM_NR_WAYS];
};

/*
 * Reads many at once, each with a result of its own. Returns 0 when the requests
 * were carried out, however each ended, and a negative errno when this machine
 * lets nothing be read.
 */
int kmem_read_batch(struct kmem_request *requests, size_t n, struct error *err);

/* Records why a request failed, in words. Returns its result. */
int kmem_explain(const struct kmem_request *request, struct error *err);

/*
 * Reads this way only ("bpf", "kcore"), or the best again (NULL). Returns 0 or a
 * negative errno; -EINVAL for a name that is none.
 */
int kmem_use(const char *way, struct error *err);

/* How memory is read, and why no better. Opens the reader if need be. */
const struct kmem_how *kmem_how(void);

/* What an address is called, in the kernel's words. */
struct kmem_symbol {
	const char *name;
	const char *module; /* "kernel" or a module's name */
	uint64_t offset;    /* of the address in the symbol */
	uint64_t size;
};

/*
 * Asks the kernel for the symbol that covers an address. What *symbol points to
 * lives until the next call. Returns 0, -ENOENT when nothing covers it, or
 * another negative errno where only /proc/kallsyms can tell.
 */
int kmem_symbol(uint64_t address, struct kmem_symbol *symbol);

/*
 * Does the kernel list a symbol of this name? 1, 0, or a negative errno where
 * only /proc/kallsyms can tell.
 */
int kmem_lists(const char *name);

/* What reading has cost this process. */
struct kmem_work {
	uint64_t calls; /* of kmem_read_batch() */
	uint64_t reads; /* requests in them */
	uint64_t bytes;
	uint64_t names; /* questions for names */
};

const struct kmem_work *kmem_work(void);

/* Address of this process' struct task_struct; -EOPNOTSUPP without "bpf". */
int kmem_current_task(uint64_t *task, struct error *err);

/* Gives all back; the next read opens anew. */
void kmem_close(void);

#endif
