// SPDX-License-Identifier: MIT
/*
 * Makes the bpf(2) calls that record.c wrote down and waits for a signal: maps,
 * programs and links by nothing but system calls, with everything that depends on
 * the kernel known beforehand.
 * usage: replay FILE
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpfcalls.h"

static int descriptors[RECORDED_DESCRIPTORS];
static size_t nr_descriptors;

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* A descriptor's number becomes the descriptor. */
static void resolve(void *at)
{
	__u32 number;

	memcpy(&number, at, sizeof(number));
	memcpy(at, &descriptors[number % RECORDED_DESCRIPTORS], sizeof(int));
}

static void resolve_instructions(struct bpf_insn *code, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has_descriptor(&code[i]))
			resolve(&code[i].imm);
}

/* Returns what comes behind it. */
static char *take_piece(const struct recorded_call *call, union bpf_attr *attr, char *from)
{
	struct recorded_piece piece;
	uint64_t address;

	memcpy(&piece, from, sizeof(piece));
	from += sizeof(piece);
	address = (uintptr_t)from;
	memcpy((char *)attr + piece.at, &address, sizeof(address));
	if (call->command == BPF_PROG_LOAD && piece.at == offsetof(union bpf_attr, insns))
		resolve_instructions((struct bpf_insn *)(void *)from,
				     piece.size / sizeof(struct bpf_insn));
	return from + piece.size;
}

static char *make_call(char *from)
{
	struct recorded_call call;
	union bpf_attr attr = { 0 };
	int at, result;

	memcpy(&call, from, sizeof(call));
	from += sizeof(call);
	memcpy(&attr, from, call.size);
	from += call.size;
	at = descriptor_at(call.command);
	if (at >= 0)
		resolve((char *)&attr + at);
	for (uint32_t i = 0; i < call.nr_pieces; i++)
		from = take_piece(&call, &attr, from);
	result = (int)syscall(SYS_bpf, call.command, &attr, call.size);
	if (result < 0)
		fail("bpf");
	if (call.gives)
		descriptors[nr_descriptors++ % RECORDED_DESCRIPTORS] = result;
	return from;
}

static char *map_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat found;
	void *memory;

	if (fd < 0 || fstat(fd, &found))
		fail(path);
	*size = (size_t)found.st_size;
	memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (memory == MAP_FAILED)
		fail(path);
	close(fd);
	return memory;
}

int main(int argc, char **argv)
{
	char *at, *end;
	size_t size;

	if (argc != 2) {
		fputs("usage: replay FILE\n", stderr);
		return 2;
	}
	at = map_file(argv[1], &size);
	for (end = at + size; at < end;)
		at = make_call(at);
	pause();
	return EXIT_SUCCESS;
}
