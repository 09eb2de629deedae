/* SPDX-License-Identifier: MIT */
/*
 * The consumer's side of a BPF ring buffer: finds the records that are ready
 * and hands them over as one array, in place. (kernel/bpf/ringbuf.c: a page for
 * the consumer's position, a page for the producer's, then the data, mapped
 * twice so that a record never breaks at the end; each record has an 8-byte
 * header and is rounded up to 8 bytes.)
 */
#ifndef SHARK_RING_H
#define SHARK_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { RING_HEADER_SIZE = 8 };

struct ring {
	unsigned long *consumer;
	const unsigned long *producer;
	const char *data;
	size_t size; /* bytes of data, a power of two */
	size_t page;
	size_t record_size; /* bytes of each record */
	size_t peeked;	    /* records found by the last ring_peek() and not given back */
	uint64_t taken;	    /* records that were given back */
	uint64_t discarded; /* records that were thrown away */
};

/* Bytes from one record's header to the next one's. */
static inline size_t ring_stride(size_t record_size)
{
	return (RING_HEADER_SIZE + record_size + 7) & ~(size_t)7;
}

/*
 * Maps the ring of a BPF map; one that is mapped stays as it is. Until then all that follows
 * may be asked of it, and there is nothing in it. Returns 0 or a negative errno.
 */
int ring_map(struct ring *ring, int map_fd, size_t size, size_t record_size, struct error *err);

/* Takes a ring that is not mapped, and one that was unmapped before. */
void ring_unmap(struct ring *ring);

/*
 * The records waiting at the consumer's position that follow one another without a gap
 * and are all of its records' size, at most max of them. *first is the header
 * of the first; the next is ring_stride() further on. They stay valid until ring_advance(). Returns
 * how many, 0 for none. Discarded records, and those of another size, are skipped.
 */
size_t ring_peek(struct ring *ring, size_t max, const void **first);

/*
 * Gives the room of the first n records back to the kernel: of no more than the
 * last ring_peek() found. Returns of how many.
 */
size_t ring_advance(struct ring *ring, size_t n);

/* How many records are waiting, at most: some may be discarded or still be written. */
size_t ring_waiting(const struct ring *ring);

/* Throws away the records that are ready. Returns how many. */
size_t ring_discard(struct ring *ring);

/* Bytes that it takes. */
size_t ring_memory(const struct ring *ring);

#endif
