// SPDX-License-Identifier: MIT
#include "trace/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int ring_map(struct ring *ring, int map_fd, size_t size, size_t record_size, struct error *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	if (ring->data)
		return 0;
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED)
		return error_set(err, -errno, "cannot map the ring's consumer page: %s",
				 strerror(errno));
	producer = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, map_fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int code = -errno;

		munmap(consumer, page);
		return error_set(err, code, "cannot map %zu bytes of ring: %s", size,
				 strerror(-code));
	}
	*ring = (struct ring){
		.consumer = consumer,
		.producer = producer,
		.data = (const char *)producer + page,
		.size = size,
		.page = page,
		.record_size = record_size,
	};
	return 0;
}

void ring_unmap(struct ring *ring)
{
	if (!ring->consumer)
		return;
	munmap(ring->consumer, ring->page);
	munmap((void *)(uintptr_t)ring->producer, ring->page + 2 * ring->size);
	*ring = (struct ring){ 0 };
}

/* The length word of the record at a position; the kernel may still write it. */
static uint32_t length_at(const struct ring *ring, unsigned long position)
{
	const char *header = ring->data + (position & (ring->size - 1));

	return __atomic_load_n((const uint32_t *)(const void *)header, __ATOMIC_ACQUIRE);
}

/* Passes over what is ready but not a record of ours. */
static unsigned long skip_others(struct ring *ring, unsigned long at, unsigned long end)
{
	unsigned long start = at;

	while (at < end) {
		uint32_t length = length_at(ring, at);

		if ((length & BPF_RINGBUF_BUSY_BIT) || length == ring->record_size)
			break;
		at += ring_stride(length & ~BPF_RINGBUF_DISCARD_BIT);
	}
	if (at != start)
		__atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
	return at;
}

size_t ring_peek(struct ring *ring, size_t max, const void **first)
{
	unsigned long at, end;
	size_t n = 0;

	*first = NULL;
	if (!ring->data)
		return 0;
	end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	at = skip_others(ring, *ring->consumer, end);
	*first = ring->data + (at & (ring->size - 1));
	while (at < end && n < max && length_at(ring, at) == ring->record_size) {
		at += ring_stride(ring->record_size);
		n++;
	}
	ring->peeked = n;
	return n;
}

static size_t give_back(struct ring *ring, size_t n)
{
	if (n > ring->peeked)
		n = ring->peeked;
	if (!n)
		return 0;
	ring->peeked -= n;
	__atomic_store_n(ring->consumer, *ring->consumer + n * ring_stride(ring->record_size),
			 __ATOMIC_RELEASE);
	return n;
}

size_t ring_advance(struct ring *ring, size_t n)
{
	n = give_back(ring, n);
	ring->taken += n;
	return n;
}

size_t ring_waiting(const struct ring *ring)
{
	if (!ring->data)
		return 0;
	return (__atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - *ring->consumer) /
	       ring_stride(ring->record_size);
}

size_t ring_discard(struct ring *ring)
{
	size_t room = ring->size / ring_stride(ring->record_size), discarded = 0, n;
	const void *first;

	/* No more than there can be now: new ones may come for ever. */
	while (discarded < room && (n = ring_peek(ring, room - discarded, &first)))
		discarded += give_back(ring, n);
	ring->discarded += discarded;
	return discarded;
}

size_t ring_memory(const struct ring *ring)
{
	return ring->size + 2 * ring->page;
}
