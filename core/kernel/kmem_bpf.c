// SPDX-License-Identifier: MIT
/* Reads kernel memory with a BPF program that this process runs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kfeat.h"
#include "kernel/kmem.bpf.h"
#include "kernel/kmem_ways.h"
#include "kernel/refusal.h"
#include "load/loaded.h"
#include "load/mapping.h"

#include "kmem.image.h"

/* What a slot of the exchange stands for. */
struct piece {
	struct kmem_request *request;
	uint32_t offset;
};

static struct {
	struct loaded loaded;
	struct kmem_exchange *exchange; /* NULL: not open */
	struct piece pieces[KMEM_SLOTS];
} reader;

/* ---- opening ---- */

static int map_exchange(struct error *err)
{
	int map = reader.loaded.maps[image_map_index(&kmem_image, "exchange")];

	reader.exchange = mapping_map(map, sizeof(struct kmem_exchange), err);
	return reader.exchange ? 0 : error_prefix(err, "kernel memory");
}

/* What is known gives sense to what the kernel said. */
static int explain_load(struct error *err)
{
	int code = err->code;

	if (code == -EPERM)
		return refusal_explain(err);
	if (kfeat_is_confidential())
		return error_set(err, code,
				 "the kernel is locked down (confidentiality): it keeps its "
				 "memory from BPF programs");
	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SYSCALL, NULL) == 0)
		return error_set(err, code,
				 "this kernel has no BPF programs that a process can run "
				 "(SEC(\"syscall\"), kernel 5.14 and later)");
	error_prefix(err, "the BPF program that reads memory was not loaded");
	return code;
}

static int load(struct error *err)
{
	const struct load_options options = { .entries = NULL };
	int code = loaded_load(&reader.loaded, &kmem_image, &options, err);

	if (code)
		return explain_load(err);
	return map_exchange(err);
}

int kmem_bpf_open(struct error *err)
{
	int code = kfeat_may_trace(err);

	if (!code)
		code = load(err);
	if (code)
		kmem_bpf_close();
	return code;
}

void kmem_bpf_close(void)
{
	kmem_bpf_names_close();
	mapping_unmap(reader.exchange, sizeof(struct kmem_exchange));
	loaded_unload(&reader.loaded);
	memset(&reader, 0, sizeof(reader));
}

/* ---- reading ---- */

/* How far the requests have been handed to the program. */
struct cursor {
	struct kmem_request *requests;
	size_t n, request;
	uint32_t done; /* bytes of that request */
};

/* The next bytes of a request, at most KMEM_PIECE. */
static struct piece next_piece(struct cursor *cursor, uint32_t *size)
{
	struct kmem_request *request = &cursor->requests[cursor->request];
	struct piece piece = { .request = request, .offset = cursor->done };
	uint32_t left = request->size - cursor->done;

	*size = left < KMEM_PIECE ? left : KMEM_PIECE;
	cursor->done += *size;
	if (cursor->done == request->size) {
		cursor->request++;
		cursor->done = 0;
	}
	return piece;
}

static uint32_t fill(struct cursor *cursor)
{
	struct piece *pieces = reader.pieces;
	struct kmem_exchange *x = reader.exchange;
	uint32_t n = 0, size;

	/* The largest piece must fit, whatever the next one is. */
	for (uint32_t used = 0;
	     cursor->request < cursor->n && n < KMEM_SLOTS && used + KMEM_PIECE <= KMEM_DATA;
	     used += KMEM_ALIGN(size), n++) {
		pieces[n] = next_piece(cursor, &size);
		/* Not the success of a run that did not take place. */
		x->slots[n] = (struct kmem_slot){
			.address = pieces[n].request->address + pieces[n].offset,
			.size = size,
			.result = -EIO,
		};
	}
	x->n = n;
	return n;
}

/* -ERANGE: an address that is not of the kernel's half (copy_from_kernel_nofault()). */
static int32_t meaning(int32_t result)
{
	return result == -ERANGE ? -EFAULT : result;
}

static void empty(uint32_t n)
{
	const struct kmem_exchange *x = reader.exchange;
	uint32_t used = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct kmem_slot *slot = &x->slots[i];
		const struct piece *piece = &reader.pieces[i];

		if (slot->result)
			piece->request->result = meaning(slot->result);
		else
			memcpy((char *)piece->request->into + piece->offset, x->data + used,
			       slot->size);
		used += KMEM_ALIGN(slot->size);
	}
}

static int run(struct error *err)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int program = loaded_program(&reader.loaded, "read_kernel");
	int code = bpf_prog_test_run_opts(program, &opts);

	if (code)
		return error_set(err, -errno, "the BPF program that reads memory did not run: %s",
				 strerror(errno));
	return 0;
}

int kmem_bpf_read(struct kmem_request *requests, size_t n, struct error *err)
{
	struct cursor cursor = { .requests = requests, .n = n };

	for (size_t i = 0; i < n; i++)
		requests[i].result = 0;
	/* A run without requests tells the task. */
	do {
		uint32_t filled = fill(&cursor);
		int code = run(err);

		if (code)
			return code;
		empty(filled);
	} while (cursor.request < n);
	return 0;
}

uint64_t kmem_bpf_task(void)
{
	return reader.exchange->task;
}
