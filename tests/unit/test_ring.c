// SPDX-License-Identifier: MIT
/* The consumer's side of the ring, on a ring made by hand in a memory file. */
#include "unit.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>

#include "trace/ring.h"

enum { RECORD = 24, STRIDE = 32 };

struct fake {
	struct ring ring;
	unsigned long consumer, producer;
	char *data; /* writable, twice, one after the other */
	size_t size;
};

static int make_ring(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	int fd = memfd_create("ring", 0);

	fake->size = (size_t)sysconf(_SC_PAGESIZE);
	assert_int_equal(ftruncate(fd, (off_t)fake->size), 0);
	fake->data = mmap(NULL, 2 * fake->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 2; i++)
		assert_ptr_not_equal(mmap(fake->data + (size_t)i * fake->size, fake->size,
					  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0),
				     MAP_FAILED);
	close(fd);
	fake->ring = (struct ring){
		.consumer = &fake->consumer,
		.producer = &fake->producer,
		.data = fake->data,
		.size = fake->size,
		.record_size = RECORD,
	};
	*state = fake;
	return 0;
}

static int free_ring(void **state)
{
	struct fake *fake = *state;

	munmap(fake->data, 2 * fake->size);
	free(fake);
	return 0;
}

static uint32_t *produce(struct fake *fake, uint32_t length, char mark)
{
	char *header = fake->data + (fake->producer & (fake->size - 1));
	uint32_t *word = (uint32_t *)(void *)header;
	uint32_t size = length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	memset(header + RING_HEADER_SIZE, mark, size);
	*word = length;
	fake->producer += (RING_HEADER_SIZE + size + 7) & ~7UL;
	return word;
}

static char mark_of(const void *first, size_t i)
{
	return ((const char *)first)[i * STRIDE + RING_HEADER_SIZE];
}

static void an_empty_ring_has_no_records(void **state)
{
	struct fake *fake = *state;
	const void *first;

	assert_int_equal(ring_peek(&fake->ring, 100, &first), 0);
}

static void records_come_in_order_and_once(void **state)
{
	struct fake *fake = *state;
	const void *first;

	for (int i = 0; i < 3; i++)
		produce(fake, RECORD, (char)('a' + i));
	assert_int_equal(ring_peek(&fake->ring, 2, &first), 2);
	assert_int_equal(mark_of(first, 1), 'b');
	ring_advance(&fake->ring, 2);
	assert_int_equal(ring_peek(&fake->ring, 2, &first), 1);
	assert_int_equal(mark_of(first, 0), 'c');
	ring_advance(&fake->ring, 1);
	assert_int_equal(ring_peek(&fake->ring, 2, &first), 0);
	assert_int_equal(fake->consumer, fake->producer);
}

static void a_record_being_written_stops_the_batch(void **state)
{
	struct fake *fake = *state;
	const void *first;
	uint32_t *busy;

	produce(fake, RECORD, 'a');
	busy = produce(fake, RECORD | BPF_RINGBUF_BUSY_BIT, 'b');
	produce(fake, RECORD, 'c');
	assert_int_equal(ring_peek(&fake->ring, 100, &first), 1);
	ring_advance(&fake->ring, 1);
	assert_int_equal(ring_peek(&fake->ring, 100, &first), 0);
	*busy = RECORD;
	assert_int_equal(ring_peek(&fake->ring, 100, &first), 2);
	assert_int_equal(mark_of(first, 0), 'b');
}

static void discarded_records_are_skipped(void **state)
{
	struct fake *fake = *state;
	const void *first;

	produce(fake, RECORD | BPF_RINGBUF_DISCARD_BIT, 'x');
	produce(fake, 40 | BPF_RINGBUF_DISCARD_BIT, 'x');
	produce(fake, RECORD, 'a');
	produce(fake, RECORD | BPF_RINGBUF_DISCARD_BIT, 'x');
	produce(fake, RECORD, 'b');
	assert_int_equal(ring_peek(&fake->ring, 100, &first), 1);
	assert_int_equal(mark_of(first, 0), 'a');
	ring_advance(&fake->ring, 1);
	assert_int_equal(ring_peek(&fake->ring, 100, &first), 1);
	assert_int_equal(mark_of(first, 0), 'b');
}

static void no_more_is_given_back_than_was_found(void **state)
{
	struct fake *fake = *state;
	const void *first;

	produce(fake, RECORD, 'a');
	produce(fake, RECORD, 'b');
	assert_int_equal(ring_peek(&fake->ring, 1, &first), 1);
	assert_int_equal(ring_advance(&fake->ring, 1000), 1);
	assert_int_equal(ring_advance(&fake->ring, 1), 0);
	assert_int_equal(fake->ring.taken, 1);
	assert_int_equal(ring_peek(&fake->ring, 100, &first), 1);
	assert_int_equal(mark_of(first, 0), 'b');
}

static void what_is_ready_is_thrown_away(void **state)
{
	struct fake *fake = *state;
	uint32_t *busy;
	const void *first;

	produce(fake, RECORD, 'a');
	produce(fake, RECORD | BPF_RINGBUF_DISCARD_BIT, '-');
	produce(fake, RECORD, 'b');
	busy = produce(fake, RECORD | BPF_RINGBUF_BUSY_BIT, 'c');
	assert_int_equal(ring_waiting(&fake->ring), 4);
	assert_int_equal(ring_discard(&fake->ring), 2);
	assert_int_equal(fake->ring.discarded, 2);
	*busy = RECORD;
	assert_int_equal(ring_peek(&fake->ring, 100, &first), 1);
	assert_int_equal(mark_of(first, 0), 'c');
}

static void batches_go_on_over_the_end_of_the_ring(void **state)
{
	struct fake *fake = *state;
	size_t fits = fake->size / STRIDE;
	const void *first;

	fake->consumer = fake->producer = fake->size - STRIDE - 16;
	for (size_t i = 0; i < fits; i++)
		produce(fake, RECORD, (char)i);
	assert_int_equal(ring_peek(&fake->ring, fits, &first), fits);
	for (size_t i = 0; i < fits; i++)
		assert_int_equal(mark_of(first, i), (char)i);
}

static void a_map_that_is_no_ring_is_refused(void **state)
{
	struct ring ring = { 0 };
	struct error err;

	(void)state;
	assert_true(ring_map(&ring, -1, 4096, RECORD, &err) < 0);
	assert_int_equal(err.code, -EBADF);
	ring_unmap(&ring);
}

/* Until it is mapped. */
static void a_ring_that_is_not_there_is_empty(void **state)
{
	struct ring ring = { 0 };
	const void *first = state;

	assert_int_equal(ring_peek(&ring, 10, &first), 0);
	assert_null(first);
	assert_int_equal(ring_advance(&ring, 10), 0);
	assert_int_equal(ring_waiting(&ring), 0);
	assert_int_equal(ring_discard(&ring), 0);
	assert_int_equal(ring_memory(&ring), 0);
	ring_unmap(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_ring_has_no_records, make_ring, free_ring),
		cmocka_unit_test_setup_teardown(records_come_in_order_and_once, make_ring,
						free_ring),
		cmocka_unit_test_setup_teardown(a_record_being_written_stops_the_batch, make_ring,
						free_ring),
		cmocka_unit_test_setup_teardown(discarded_records_are_skipped, make_ring,
						free_ring),
		cmocka_unit_test_setup_teardown(no_more_is_given_back_than_was_found, make_ring,
						free_ring),
		cmocka_unit_test_setup_teardown(what_is_ready_is_thrown_away, make_ring, free_ring),
		cmocka_unit_test_setup_teardown(batches_go_on_over_the_end_of_the_ring, make_ring,
						free_ring),
		cmocka_unit_test(a_map_that_is_no_ring_is_refused),
		cmocka_unit_test(a_ring_that_is_not_there_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
