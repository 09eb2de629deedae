// SPDX-License-Identifier: MIT
/*
 * The shared half of block requests (core/bpf/block) with another driver than
 * virtio-blk: loop_disks.bpf.c counts the writes to a disk that this test makes.
 */
#include "../unit/unit.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "bpf/block/wire.h"
#include "kernel/kfeat.h"

enum { WRITES = 32, BYTES = 48 << 10, ROWS = 1024, OP_WRITE = 1, UP_TO_64K = 3 };

static __u32 possible_cpus(void)
{
	struct error err;
	int n = kfeat_possible_cpus(&err);

	assert_true(n > 0);
	return (__u32)n;
}

/* ---- a disk ---- */

struct disk {
	int fd, backing;
	__u32 dev; /* as in a row's id */
};

static int open_free_loop(void)
{
	autoclose int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	char path[32];

	snprintf(path, sizeof(path), "/dev/loop%d", number);
	return number < 0 ? -1 : open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
}

static bool make_disk(struct disk *disk)
{
	struct stat status;

	disk->fd = open_free_loop();
	disk->backing = memfd_create("disk", MFD_CLOEXEC);
	if (disk->fd < 0 || disk->backing < 0 || ftruncate(disk->backing, (off_t)WRITES * BYTES) ||
	    ioctl(disk->fd, LOOP_SET_FD, disk->backing) || fstat(disk->fd, &status))
		return false;
	disk->dev = major(status.st_rdev) << 20 | minor(status.st_rdev);
	return true;
}

static void free_disk(struct disk *disk)
{
	ioctl(disk->fd, LOOP_CLR_FD, 0);
	close(disk->fd);
	close(disk->backing);
}

static void write_all_of(const struct disk *disk)
{
	void *data = NULL;

	assert_int_equal(posix_memalign(&data, 4096, BYTES), 0);
	memset(data, 'x', BYTES);
	for (int i = 0; i < WRITES; i++)
		assert_int_equal(pwrite(disk->fd, data, BYTES, (off_t)i * BYTES), BYTES);
	free(data);
}

/* ---- the programs ---- */

/* It lies where this test does. */
static struct bpf_object *open_object(void)
{
	char test[256] = "", path[300];

	assert_true(readlink("/proc/self/exe", test, sizeof(test) - 1) > 0);
	snprintf(path, sizeof(path), "%.*s/loop_disks.o", (int)(strrchr(test, '/') - test), test);
	return bpf_object__open(path);
}

static struct bpf_map *map_of(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	assert_non_null(map);
	return map;
}

static void size_maps(struct bpf_object *object)
{
	const struct {
		const char *name;
		__u32 entries;
	} maps[] = { { "rows", ROWS },
		     { "cpus", possible_cpus() },
		     { "parts", 4096 },
		     { "extra", 4 * WRITES },
		     { "queues", 16 } };

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		bpf_map__set_max_entries(map_of(object, maps[i].name), maps[i].entries);
}

static void configure(struct bpf_object *object, __u32 dev)
{
	struct error err;
	int second = kfeat_raw_tp_has_argument("block_rq_issue", 1, &err);
	struct shark_config config = {
		.nr_rows = ROWS,
		.at = { [SHARK_BLOCK_AT_REQUEST] = (__u32)second },
	};

	assert_true(second >= 0);
	for (size_t i = 0; i < SHARK_FILTERS; i++)
		config.filters[i] = i == SHARK_FILTER_ID ? (__s64)dev : SHARK_ANY;
	assert_int_equal(
		bpf_map__set_initial_value(map_of(object, ".rodata"), &config, sizeof(config)), 0);
}

static struct bpf_object *load(__u32 dev)
{
	struct bpf_object *object = open_object();

	assert_non_null(object);
	size_maps(object);
	configure(object, dev);
	assert_int_equal(bpf_object__load(object), 0);
	return object;
}

static size_t attach_all(struct bpf_object *object, struct bpf_link *links[8])
{
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program (program, object) {
		assert_true(n < 8);
		links[n] = bpf_program__attach(program);
		assert_non_null(links[n++]);
	}
	return n;
}

static void arm(struct bpf_object *object, __u32 armed)
{
	struct shark_control control = { .armed = armed };
	__u32 zero = 0;

	assert_int_equal(bpf_map__update_elem(map_of(object, ".bss"), &zero, sizeof(zero), &control,
					      sizeof(control), 0),
			 0);
}

/* ---- what they have counted ---- */

struct counted {
	__u64 whole, completions, bytes, errors, depth;
};

static bool is_write(const struct shark_row *row, __u32 dev)
{
	__u64 kind = row->key[SHARK_REQUEST_KIND];

	return row->used && row->id == dev && (kind >> SHARK_KIND_OP & 0xff) == OP_WRITE &&
	       (kind >> SHARK_KIND_SIZE & 0xff) == UP_TO_64K;
}

static void add_row(struct counted *sum, const struct shark_row *row)
{
	if (row->what == SHARK_COMPLETED)
		sum->completions += row->count;
	if (row->what == SHARK_DEPTH)
		sum->depth += row->count;
	if (row->what != SHARK_WHOLE)
		return;
	sum->whole += row->count;
	sum->bytes += row->tally[SHARK_REQUEST_BYTES];
	sum->errors += row->tally[SHARK_REQUEST_ERRORS];
}

static struct counted read_rows(struct bpf_object *object, __u32 dev)
{
	struct bpf_map *rows = map_of(object, "rows");
	struct counted sum = { 0 };

	for (__u32 i = 0; i < ROWS; i++) {
		struct shark_row row;

		assert_int_equal(bpf_map__lookup_elem(rows, &i, sizeof(i), &row, sizeof(row), 0),
				 0);
		if (is_write(&row, dev))
			add_row(&sum, &row);
	}
	return sum;
}

/* Whose issuing was not seen: a task was preempted in the program for another disk (7.x). */
static __u64 late_ends(struct bpf_object *object)
{
	struct bpf_map *cpus = map_of(object, "cpus");
	__u64 late = 0;

	for (__u32 i = 0; i < possible_cpus(); i++) {
		struct shark_cpu cpu;

		assert_int_equal(bpf_map__lookup_elem(cpus, &i, sizeof(i), &cpu, sizeof(cpu), 0),
				 0);
		late += cpu.own[SHARK_LATE_ENDS];
	}
	return late;
}

static void requests_of_another_driver_are_counted_exactly(void **state)
{
	struct disk *disk = *state;
	struct bpf_object *object = load(disk->dev);
	struct bpf_link *links[8];
	size_t n = attach_all(object, links);
	struct counted sum;

	arm(object, SHARK_ON);
	write_all_of(disk);
	arm(object, SHARK_OFF);
	for (size_t i = 0; i < n; i++)
		bpf_link__destroy(links[i]);
	sum = read_rows(object, disk->dev);
	assert_int_equal(sum.whole, WRITES);
	assert_int_equal(sum.completions + late_ends(object), WRITES); /* each from being issued */
	assert_int_equal(sum.depth, sum.completions);		       /* each in a queue */
	assert_int_equal(sum.bytes, WRITES * BYTES);
	assert_int_equal(sum.errors, 0);
	bpf_object__close(object);
}

int main(void)
{
	struct disk disk;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(requests_of_another_driver_are_counted_exactly, &disk),
	};
	struct error why;
	int code;

	if (kfeat_may_trace(&why) || !make_disk(&disk)) {
		printf("1..0 # SKIP no right to trace, or no loop devices\n");
		return 0;
	}
	code = cmocka_run_group_tests(tests, NULL, NULL);
	free_disk(&disk);
	return code;
}
