// SPDX-License-Identifier: MIT
#include "kernel/kmem.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "kernel/image.h"
#include "kernel/kernel.h"
#include "kernel/kmem_ways.h"

static int open_kcore(struct error *err)
{
	return kcore_open("/proc/kcore", err);
}

struct kmem_way {
	const char *name;
	int (*open)(struct error *err);
	int (*read)(struct kmem_request *requests, size_t n, struct error *err);
	void (*close)(void);
	/* NULL: this way knows no names. */
	int (*symbol)(uint64_t address, struct kmem_symbol *symbol);
	int (*lists)(const char *name);
};

/* The better one first. */
static const struct kmem_way ways[] = {
	{ "bpf", kmem_bpf_open, kmem_bpf_read, kmem_bpf_close, kmem_bpf_symbol, kmem_bpf_lists },
	{ "kcore", open_kcore, kcore_read, kcore_close, NULL, NULL },
};

_Static_assert(ARRAY_SIZE(ways) == KMEM_NR_WAYS, "room for every refusal");

/* ---- choosing ---- */

static bool try_way(struct kmem *kmem, const struct kmem_way *way)
{
	struct kmem_how *how = &kmem->how;

	if (way->open(&how->refused[how->nr_refused].why)) {
		how->refused[how->nr_refused++].way = way->name;
		return false;
	}
	kmem->way = way;
	how->way = way->name;
	return true;
}

static int explain_refusals(const struct kmem_how *how, struct error *err)
{
	int code = how->refused[0].why.code;

	if (how->nr_refused == 1)
		return error_set(err, code, "kernel memory cannot be read: %s: %s",
				 how->refused[0].way, how->refused[0].why.text);
	return error_set(err, code, "kernel memory cannot be read: %s: %.400s; %s: %.400s",
			 how->refused[0].way, how->refused[0].why.text, how->refused[1].way,
			 how->refused[1].why.text);
}

/* A machine that refused once is not asked again and again. */
static int open_reader(struct kernel *kernel, struct error *err)
{
	struct kmem *kmem = &kernel->kmem;

	if (kernel->image) {
		kmem->how.way = "image";
		return 0;
	}
	if (!kmem->way && !kmem->how.nr_refused)
		for (size_t i = 0; i < ARRAY_SIZE(ways) && !kmem->way; i++)
			try_way(kmem, &ways[i]);
	return kmem->way ? 0 : explain_refusals(&kmem->how, err);
}

static const struct kmem_way *find_way(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	return NULL;
}

int kmem_use(struct kernel *kernel, const char *name, struct error *err)
{
	const struct kmem_way *way = name ? find_way(name) : NULL;

	if (kernel->image)
		return error_set(err, -EOPNOTSUPP, "an image is read in one way");
	if (name && !way)
		return error_set(err, -EINVAL, "'%s' is no way to read kernel memory: bpf, kcore",
				 name);
	kmem_close(kernel);
	if (!way)
		return 0;
	kernel->kmem.how.forced = true;
	return try_way(&kernel->kmem, way) ? 0 : explain_refusals(&kernel->kmem.how, err);
}

const struct kmem_how *kmem_how(struct kernel *kernel)
{
	open_reader(kernel, NULL);
	return &kernel->kmem.how;
}

void kmem_close(struct kernel *kernel)
{
	struct kmem *kmem = &kernel->kmem;

	if (kmem->way)
		kmem->way->close();
	*kmem = (struct kmem){ .work = kmem->work };
}

/* ---- reading ---- */

static void count(struct kmem_work *work, const struct kmem_request *requests, size_t n)
{
	work->calls++;
	work->reads += n;
	for (size_t i = 0; i < n; i++)
		work->bytes += requests[i].size;
}

int kmem_read_batch(struct kernel *kernel, struct kmem_request *requests, size_t n,
		    struct error *err)
{
	int code = open_reader(kernel, err);

	if (code)
		return code;
	count(&kernel->kmem.work, requests, n);
	if (kernel->image)
		return image_read(kernel->image, requests, n, err);
	return kernel->kmem.way->read(requests, n, err);
}

int kmem_read_physical(struct kernel *kernel, struct kmem_request *requests, size_t n,
		       struct error *err)
{
	if (!kernel->image)
		return error_set(err, -EOPNOTSUPP,
				 "physical memory of the running kernel is not read");
	count(&kernel->kmem.work, requests, n);
	return image_read_physical(kernel->image, requests, n, err);
}

const struct kmem_work *kmem_work(const struct kernel *kernel)
{
	return &kernel->kmem.work;
}

int kmem_explain(const struct kernel *kernel, const struct kmem_request *request, struct error *err)
{
	unsigned long long address = request->address;

	if (kernel->image)
		return image_explain(kernel->image, request, err);
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

/* The way that may know names, or NULL. */
static const struct kmem_way *open_for_names(struct kernel *kernel)
{
	return kernel->image || open_reader(kernel, NULL) ? NULL : kernel->kmem.way;
}

int kmem_symbol(struct kernel *kernel, uint64_t address, struct kmem_symbol *symbol)
{
	const struct kmem_way *way = open_for_names(kernel);

	if (!way || !way->symbol)
		return -EOPNOTSUPP;
	kernel->kmem.work.names++;
	return way->symbol(address, symbol);
}

int kmem_lists(struct kernel *kernel, const char *name)
{
	const struct kmem_way *way = open_for_names(kernel);

	if (!way || !way->lists)
		return -EOPNOTSUPP;
	kernel->kmem.work.names++;
	return way->lists(name);
}

int kmem_current_task(struct kernel *kernel, uint64_t *task, struct error *err)
{
	int code;

	if (kernel->image)
		return error_set(err, -EOPNOTSUPP, "this process is not one of an image's");
	code = open_reader(kernel, err);
	if (!code && kernel->kmem.way->read != kmem_bpf_read)
		code = error_set(err, -EOPNOTSUPP,
				 "only the BPF reader knows this process' task_struct");
	if (!code)
		code = kmem_bpf_read(NULL, 0, err);
	if (code)
		return code;
	*task = kmem_bpf_task();
	return 0;
}
