// SPDX-License-Identifier: MIT
/*
 * Direct I/O of known number, sizes and depth, by Linux AIO and without a library.
 * usage: blkload PATH[,PATH...] read|write|both DEPTH COUNT BYTES[,BYTES...]
 *                [adjacent] [processes=N] [region=BYTES]
 * Each of N processes has COUNT requests, on the paths and with the sizes in
 * turn; "both" reads and writes in turn. Processes on one path have regions of
 * their own, so no two requests under way ever are about the same sector.
 * Prints how many succeeded and how many failed; ends with 0 if it could ask.
 * Without "adjacent" there is a gap between two, so that they are not merged.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_DEPTH = 256, MAX_BLOCKS = 512, MAX_WORDS = 16, MAX_PROCESSES = 256 };

/* What is asked for; the same for all processes. */
struct plan {
	char *paths[MAX_WORDS];
	long sizes[MAX_WORDS];
	long nr_paths, nr_sizes, largest;
	long depth, count, processes, stride, region;
	int reads, writes;
};

struct result {
	long done, failed;
};

/* One process. */
struct load {
	const struct plan *plan;
	struct result *result;
	int fd;
	long long start; /* of its region */
	long blocks, submitted;
	aio_context_t context;
	void *buffer;
};

static int opcode_of(const struct plan *plan, long number)
{
	int writes = plan->reads && plan->writes ? number % 2 != 0 : plan->writes;

	return writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
}

static long submit_one(struct load *load)
{
	const struct plan *plan = load->plan;
	long bytes = plan->sizes[load->submitted % plan->nr_sizes];
	struct iocb request = {
		.aio_data = (uint64_t)bytes,
		.aio_fildes = (uint32_t)load->fd,
		.aio_lio_opcode = (uint16_t)opcode_of(plan, load->submitted),
		.aio_buf = (uintptr_t)load->buffer,
		.aio_nbytes = (uint64_t)bytes,
		.aio_offset =
			load->start + load->submitted % load->blocks * plan->largest * plan->stride,
	};
	struct iocb *list[] = { &request };
	long n = syscall(SYS_io_submit, load->context, 1, list);

	load->submitted++;
	if (n != 1)
		load->result->failed++;
	return n == 1;
}

static long wait_some(struct load *load)
{
	struct io_event events[MAX_DEPTH];
	long n = syscall(SYS_io_getevents, load->context, 1, MAX_DEPTH, events, NULL);

	for (long i = 0; i < n; i++) {
		if (events[i].res == (int64_t)events[i].data)
			load->result->done++;
		else
			load->result->failed++;
	}
	return n;
}

static int run(struct load *load)
{
	const struct plan *plan = load->plan;
	long in_flight = 0;

	while (load->submitted < plan->count || in_flight) {
		while (in_flight < plan->depth && load->submitted < plan->count)
			in_flight += submit_one(load);
		if (in_flight) {
			long n = wait_some(load);

			if (n < 0)
				return 1;
			in_flight -= n;
		}
	}
	return 0;
}

static int prepare(struct load *load, long number)
{
	const struct plan *plan = load->plan;
	const char *path = plan->paths[number % plan->nr_paths];
	int mode = !plan->writes ? O_RDONLY : plan->reads ? O_RDWR : O_WRONLY;

	load->start = number / plan->nr_paths * plan->region;
	load->blocks = plan->region / (plan->largest * plan->stride);
	if (load->blocks > MAX_BLOCKS)
		load->blocks = MAX_BLOCKS;
	load->fd = open(path, mode | O_DIRECT);
	if (load->fd < 0 || posix_memalign(&load->buffer, 4096, (size_t)plan->largest)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	memset(load->buffer, 42, (size_t)plan->largest);
	return (int)syscall(SYS_io_setup, MAX_DEPTH, &load->context);
}

static int process(const struct plan *plan, long number, struct result *result)
{
	struct load load = { .plan = plan, .result = result };

	return prepare(&load, number) || run(&load);
}

static int run_all(const struct plan *plan)
{
	struct result sum = { 0 }, *results;
	int status, failed = 0;

	results = mmap(NULL, MAX_PROCESSES * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		return 1;
	for (long i = 0; i < plan->processes; i++) {
		pid_t child = fork();

		if (child < 0)
			return 1;
		if (!child)
			_exit(process(plan, i, &results[i]));
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	for (long i = 0; i < plan->processes; i++) {
		sum.done += results[i].done;
		sum.failed += results[i].failed;
	}
	printf("%ld done, %ld failed\n", sum.done, sum.failed);
	return failed;
}

static void take_paths(struct plan *plan, char *list)
{
	for (char *path = strtok(list, ","); path && plan->nr_paths < MAX_WORDS;
	     path = strtok(NULL, ","))
		plan->paths[plan->nr_paths++] = path;
}

static void take_sizes(struct plan *plan, char *list)
{
	for (char *size = strtok(list, ","); size && plan->nr_sizes < MAX_WORDS;
	     size = strtok(NULL, ",")) {
		long bytes = strtol(size, NULL, 10);

		plan->sizes[plan->nr_sizes++] = bytes;
		if (bytes > plan->largest)
			plan->largest = bytes;
	}
}

static int take_word(struct plan *plan, const char *word)
{
	if (!strcmp(word, "adjacent"))
		plan->stride = 1;
	else if (!strncmp(word, "processes=", 10))
		plan->processes = strtol(word + 10, NULL, 10);
	else if (!strncmp(word, "region=", 7))
		plan->region = strtol(word + 7, NULL, 10);
	else
		return -1;
	return 0;
}

static int is_sound(const struct plan *plan)
{
	return plan->nr_paths && plan->nr_sizes && plan->depth >= 1 && plan->depth <= MAX_DEPTH &&
	       plan->largest >= 512 && plan->processes >= 1 && plan->processes <= MAX_PROCESSES &&
	       plan->region / (plan->largest * plan->stride) >= plan->depth;
}

int main(int argc, char **argv)
{
	struct plan plan = { .processes = 1, .stride = 2, .region = 16L << 20 };
	int wrong = argc < 6;

	if (!wrong) {
		take_paths(&plan, argv[1]);
		plan.reads = strcmp(argv[2], "write") != 0;
		plan.writes = strcmp(argv[2], "read") != 0;
		plan.depth = strtol(argv[3], NULL, 10);
		plan.count = strtol(argv[4], NULL, 10);
		take_sizes(&plan, argv[5]);
	}
	for (int i = 6; i < argc; i++)
		wrong |= take_word(&plan, argv[i]);
	if (wrong || !is_sound(&plan)) {
		fprintf(stderr,
			"usage: %s PATH[,PATH...] read|write|both DEPTH COUNT BYTES[,BYTES...] "
			"[adjacent] [processes=N] [region=BYTES]\n",
			argv[0]);
		return 2;
	}
	return run_all(&plan);
}
