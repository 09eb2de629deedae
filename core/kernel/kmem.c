// SPDX-License-Identifier: MIT
#include "kernel/kmem.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "kernel/kmem_ways.h"

static int open_kcore(struct error *err)
{
	return kcore_open("/proc/kcore", err);
}

struct way {
	const char *name;
	int (*open)(struct error *err);
	int (*read)(struct kmem_request *requests, size_t n, struct error *err);
	void (*close)(void);
	/* NULL: this way knows no names. */
	int (*symbol)(uint64_t address, struct kmem_symbol *symbol);
	int (*lists)(const char *name);
};

/* The better one first. */
static const struct way ways[] = {
	{ "bpf", kmem_bpf_open, kmem_bpf_read, kmem_bpf_close, kmem_bpf_symbol, kmem_bpf_lists },
	{ "kcore", open_kcore, kcore_read, kcore_close, NULL, NULL },
};

_Static_assert(ARRAY_SIZE(ways) == KMEM_NR_WAYS, "room for every refusal");

static struct {
	const struct way *way; /* NULL: none is open */
	struct kmem_how how;
} state;

static struct kmem_work work;

/* ---- choosing ---- */

static bool try_way(const struct way *way)
{
	struct kmem_how *how = &state.how;

	if (way->open(&how->refused[how->nr_refused].why)) {
		how->refused[how->nr_refused++].way = way->name;
		return false;
	}
	state.way = way;
	how->way = way->name;
	return true;
}

static int explain_refusals(struct error *err)
{
	const struct kmem_how *how = &state.how;
	int code = how->refused[0].why.code;

	if (how->nr_refused == 1)
		return error_set(err, code, "kernel memory cannot be read: %s: %s",
				 how->refused[0].way, how->refused[0].why.text);
	return error_set(err, code, "kernel memory cannot be read: %s: %.400s; %s: %.400s",
			 how->refused[0].way, how->refused[0].why.text, how->refused[1].way,
			 how->refused[1].why.text);
}

/* A machine that refused once is not asked again and again. */
static int open_reader(struct error *err)
{
	if (!state.way && !state.how.nr_refused)
		for (size_t i = 0; i < ARRAY_SIZE(ways) && !state.way; i++)
			try_way(&ways[i]);
	return state.way ? 0 : explain_refusals(err);
}

static const struct way *find_way(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	return NULL;
}

int kmem_use(const char *name, struct error *err)
{
	const struct way *way = name ? find_way(name) : NULL;

	if (name && !way)
		return error_set(err, -EINVAL, "'%s' is no way to read kernel memory: bpf, kcore",
				 name);
	kmem_close();
	if (!way)
		return 0;
	state.how.forced = true;
	return try_way(way) ? 0 : explain_refusals(err);
}

const struct kmem_how *kmem_how(void)
{
	open_reader(NULL);
	return &state.how;
}

void kmem_close(void)
{
	if (state.way)
		state.way->close();
	memset(&state, 0, sizeof(state));
}

/* ---- reading ---- */

static void count(const struct kmem_request *requests, size_t n)
{
	work.calls++;
	work.reads += n;
	for (size_t i = 0; i < n; i++)
		work.bytes += requests[i].size;
}

int kmem_read_batch(struct kmem_request *requests, size_t n, struct error *err)
{
	int code = open_reader(err);

	if (code)
		return code;
	count(requests, n);
	return state.way->read(requests, n, err);
}

const struct kmem_work *kmem_work(void)
{
	return &work;
}

int kmem_explain(const struct kmem_request *request, struct error *err)
{
	unsigned long long address = request->address;

	if (request->result == -ENODATA)
		return error_set(err, -ENODATA,
				 "the %u bytes at 0x%llx cannot be read: /proc/kcore gives zeros "
				 "for that page, as it does for device memory and for nothing "
				 "at all",
				 request->size, address);
	return error_set(err, request->result, "the %u bytes at 0x%llx cannot be read: %s",
			 request->size, address,
			 request->result == -EFAULT ? "no kernel memory there"
						    : strerror(-request->result));
}

/* ---- names ---- */

int kmem_symbol(uint64_t address, struct kmem_symbol *symbol)
{
	int code = open_reader(NULL);

	if (code || !state.way->symbol)
		return code ? code : -EOPNOTSUPP;
	work.names++;
	return state.way->symbol(address, symbol);
}

int kmem_lists(const char *name)
{
	int code = open_reader(NULL);

	if (code || !state.way->lists)
		return code ? code : -EOPNOTSUPP;
	work.names++;
	return state.way->lists(name);
}

int kmem_current_task(uint64_t *task, struct error *err)
{
	int code = open_reader(err);

	if (!code && state.way->read != kmem_bpf_read)
		code = error_set(err, -EOPNOTSUPP,
				 "only the BPF reader knows this process' task_struct");
	if (!code)
		code = kmem_bpf_read(NULL, 0, err);
	if (code)
		return code;
	*task = kmem_bpf_task();
	return 0;
}
