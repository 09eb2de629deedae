/* SPDX-License-Identifier: MIT */
/*
 * Reads a kernel's memory. Of the running one in two ways, the better one first: "bpf",
 * a BPF program that this process runs (kernel 5.14 and later), and "kcore", /proc/kcore.
 * The way is chosen at the first read and stays. Of a kernel that is in a file: "image".
 *
 * What cannot be read is an error, never zeros.
 */
#ifndef SHARK_KMEM_H
#define SHARK_KMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct kernel;

enum { KMEM_NR_WAYS = 2 };

/* Lua declares the same struct, see lua/shark/kernel.lua. */
struct kmem_request {
	uint64_t address;
	void *into;
	uint32_t size;
	/*
	 * Out: 0; -EFAULT: no readable kernel memory; -ENODATA: /proc/kcore gives
	 * zeros for that page, which may be device memory or nothing at all; or an
	 * image does not hold it.
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
int kmem_read_batch(struct kernel *kernel, struct kmem_request *requests, size_t n,
		    struct error *err);

/* The same of physical addresses; -EOPNOTSUPP but for images. */
int kmem_read_physical(struct kernel *kernel, struct kmem_request *requests, size_t n,
		       struct error *err);

/* Records why a request failed, in words. Returns its result. */
int kmem_explain(const struct kernel *kernel, const struct kmem_request *request,
		 struct error *err);

/*
 * Reads the running kernel this way only ("bpf", "kcore"), or the best again (NULL). Returns 0
 * or a negative errno; -EINVAL for a name that is none, -EOPNOTSUPP for an image.
 */
int kmem_use(struct kernel *kernel, const char *way, struct error *err);

/* How memory is read, and why no better. Opens the reader if need be. */
const struct kmem_how *kmem_how(struct kernel *kernel);

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
int kmem_symbol(struct kernel *kernel, uint64_t address, struct kmem_symbol *symbol);

/*
 * Does the kernel list a symbol of this name? 1, 0, or a negative errno where
 * only /proc/kallsyms can tell.
 */
int kmem_lists(struct kernel *kernel, const char *name);

/* What reading has cost. */
struct kmem_work {
	uint64_t calls; /* of kmem_read_batch() */
	uint64_t reads; /* requests in them */
	uint64_t bytes;
	uint64_t names; /* questions for names */
};

const struct kmem_work *kmem_work(const struct kernel *kernel);

/* Address of this process' struct task_struct; -EOPNOTSUPP without "bpf". */
int kmem_current_task(struct kernel *kernel, uint64_t *task, struct error *err);

/* Gives the reader of the running kernel back; the next read opens anew. */
void kmem_close(struct kernel *kernel);

/* What a kernel keeps for the above; zeroes at first. */
struct kmem {
	const struct kmem_way *way; /* NULL: none is open */
	struct kmem_how how;
	struct kmem_work work;
};

#endif
