// SPDX-License-Identifier: MIT
/*
 * Direct I/O of known number and depth, by Linux AIO and without a library.
 * usage: blkload PATH read|write DEPTH COUNT BYTES [adjacent]
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
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_DEPTH = 256, BLOCKS = 512 };

struct load {
	int fd;
	int opcode;
	long depth, count, bytes, stride;
	long submitted, done, failed;
	aio_context_t context;
	void *buffer;
};

static long submit_one(struct load *load)
{
	struct iocb request = {
		.aio_fildes = (uint32_t)load->fd,
		.aio_lio_opcode = (uint16_t)load->opcode,
		.aio_buf = (uintptr_t)load->buffer,
		.aio_nbytes = (uint64_t)load->bytes,
		.aio_offset = load->submitted % BLOCKS * load->bytes * load->stride,
	};
	struct iocb *list[] = { &request };
	long n = syscall(SYS_io_submit, load->context, 1, list);

	load->submitted++;
	if (n != 1)
		load->failed++;
	return n == 1;
}

static long wait_some(struct load *load)
{
	struct io_event events[MAX_DEPTH];
	long n = syscall(SYS_io_getevents, load->context, 1, MAX_DEPTH, events, NULL);

	for (long i = 0; i < n; i++) {
		if (events[i].res == load->bytes)
			load->done++;
		else
			load->failed++;
	}
	return n;
}

static int run(struct load *load)
{
	long in_flight = 0;

	while (load->submitted < load->count || in_flight) {
		while (in_flight < load->depth && load->submitted < load->count)
			in_flight += submit_one(load);
		if (in_flight) {
			long n = wait_some(load);

			if (n < 0)
				return 1;
			in_flight -= n;
		}
	}
	printf("%ld done, %ld failed\n", load->done, load->failed);
	return 0;
}

static int prepare(struct load *load, const char *path)
{
	load->fd = open(path, (load->opcode == IOCB_CMD_PREAD ? O_RDONLY : O_WRONLY) | O_DIRECT);
	if (load->fd < 0 || load->depth < 1 || load->depth > MAX_DEPTH || load->bytes < 512)
		return -1;
	if (posix_memalign(&load->buffer, 4096, (size_t)load->bytes))
		return -1;
	memset(load->buffer, 42, (size_t)load->bytes);
	return (int)syscall(SYS_io_setup, MAX_DEPTH, &load->context);
}

int main(int argc, char **argv)
{
	struct load load = { 0 };

	if (argc != 6 && argc != 7) {
		fprintf(stderr, "usage: %s PATH read|write DEPTH COUNT BYTES [adjacent]\n",
			argv[0]);
		return 2;
	}
	load.opcode = strcmp(argv[2], "write") ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE;
	load.depth = strtol(argv[3], NULL, 10);
	load.count = strtol(argv[4], NULL, 10);
	load.bytes = strtol(argv[5], NULL, 10);
	load.stride = argc == 7 ? 1 : 2;
	if (prepare(&load, argv[1])) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return run(&load);
}
