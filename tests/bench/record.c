// SPDX-License-Identifier: MIT
/*
 * Opens a session of a tracer and writes down the bpf(2) calls that made its maps,
 * loaded its programs and attached them, for replay.c.
 * usage: record TRACER FILE
 *
 * Linked with --wrap=syscall: all calls of the core and of libbpf come by here.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "bpfcalls.h"
#include "trace/provider.h"
#include "trace/session.h"

enum { ARGUMENTS = 6, PIECES = 2 };

static FILE *file;
static int descriptors[RECORDED_DESCRIPTORS];
static union bpf_attr created[RECORDED_DESCRIPTORS]; /* of those that are maps */
static uint32_t nr_descriptors;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "record: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

static void put(const void *data, size_t size)
{
	if (size && fwrite(data, size, 1, file) != 1)
		fail("writing", strerror(errno));
}

static uint32_t number_of(int fd)
{
	for (uint32_t i = nr_descriptors; i-- > 0;)
		if (descriptors[i] == fd)
			return i;
	fail("a descriptor", "no call that was recorded gave it");
	return 0;
}

/* ---- what attributes lead to ---- */

struct piece {
	struct recorded_piece head;
	const void *data;
};

#define PIECE(attr, field, bytes)                                                                  \
	((struct piece){ { (uint32_t)offsetof(union bpf_attr, field), (uint32_t)(bytes) },         \
			 (const void *)(uintptr_t)(attr)->field })

static uint32_t pieces_of(uint32_t command, const union bpf_attr *attr, struct piece pieces[PIECES])
{
	const union bpf_attr *map;
	const char *name;

	switch (command) {
	case BPF_MAP_CREATE:
	case BPF_MAP_FREEZE:
		return 0;
	case BPF_MAP_UPDATE_ELEM:
		map = &created[number_of((int)attr->map_fd)];
		pieces[0] = PIECE(attr, value, map->value_size);
		pieces[1] = PIECE(attr, key, map->key_size);
		return map->key_size ? 2 : 1;
	case BPF_PROG_LOAD:
		if (attr->prog_btf_fd || attr->attach_btf_obj_fd)
			fail("a program", "it has types, or is attached to a module");
		pieces[0] = PIECE(attr, insns, attr->insn_cnt * sizeof(struct bpf_insn));
		pieces[1] =
			PIECE(attr, license, strlen((const char *)(uintptr_t)attr->license) + 1);
		return 2;
	case BPF_RAW_TRACEPOINT_OPEN:
		name = (const char *)(uintptr_t)attr->raw_tracepoint.name;
		if (name)
			pieces[0] = PIECE(attr, raw_tracepoint.name, strlen(name) + 1);
		return name ? 1 : 0;
	default:
		fail("the tracer", "it makes other calls than are known here");
		return 0;
	}
}

static void put_instructions(const struct bpf_insn *code, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bpf_insn insn = code[i];

		if (has_descriptor(&insn))
			insn.imm = (__s32)number_of(insn.imm);
		put(&insn, sizeof(insn));
	}
}

static void put_piece(uint32_t command, const struct piece *piece)
{
	put(&piece->head, sizeof(piece->head));
	if (command == BPF_PROG_LOAD && piece->head.at == offsetof(union bpf_attr, insns))
		put_instructions(piece->data, piece->head.size / sizeof(struct bpf_insn));
	else
		put(piece->data, piece->head.size);
}

/* ---- calls ---- */

static void put_attributes(uint32_t command, const union bpf_attr *attr, uint32_t size)
{
	char copy[sizeof(*attr)];
	int at = descriptor_at(command), fd;

	memcpy(copy, attr, size);
	if (at >= 0) {
		memcpy(&fd, copy + at, sizeof(fd));
		fd = (int)number_of(fd);
		memcpy(copy + at, &fd, sizeof(fd));
	}
	put(copy, size);
}

static void record(uint32_t command, const union bpf_attr *attr, uint32_t size, int result)
{
	struct piece pieces[PIECES];
	struct recorded_call call = {
		.command = command,
		.size = size,
		.nr_pieces = pieces_of(command, attr, pieces),
		.gives = result > 0,
	};

	put(&call, sizeof(call));
	put_attributes(command, attr, size);
	for (uint32_t i = 0; i < call.nr_pieces; i++)
		put_piece(command, &pieces[i]);
	if (!call.gives)
		return;
	if (nr_descriptors == RECORDED_DESCRIPTORS)
		fail("the tracer", "it has more descriptors than are known here");
	descriptors[nr_descriptors] = result;
	memcpy(&created[nr_descriptors++], attr, size);
}

/* Programs are loaded by several threads. */
static pthread_mutex_t recording = PTHREAD_MUTEX_INITIALIZER;

/* The linker's names. NOLINTBEGIN(bugprone-reserved-identifier) */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
/* NOLINTEND(bugprone-reserved-identifier) */

/* What failed was tried in vain: the next way is what is recorded. */
long __wrap_syscall(long number, ...)
{
	long a[ARGUMENTS], result;
	va_list list;

	va_start(list, number);
	for (int i = 0; i < ARGUMENTS; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	result = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number != SYS_bpf || result < 0)
		return result;
	pthread_mutex_lock(&recording);
	record((uint32_t)a[0], (const union bpf_attr *)a[1], (uint32_t)a[2], (int)result);
	pthread_mutex_unlock(&recording);
	return result;
}

int main(int argc, char **argv)
{
	const struct provider *provider = argc == 3 ? provider_find(argv[1]) : NULL;
	const struct session_options options = { 0 };
	struct session *session;
	struct error err;

	if (!provider)
		fail("usage", "record TRACER FILE");
	file = fopen(argv[2], "w");
	if (!file)
		fail(argv[2], strerror(errno));
	if (session_create(provider, &options, &session, &err))
		fail(argv[1], err.text);
	if (fclose(file))
		fail(argv[2], strerror(errno));
	_Exit(EXIT_SUCCESS);
}
