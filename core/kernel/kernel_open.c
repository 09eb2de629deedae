// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "kernel/image.h"
#include "kernel/kernel.h"
#include "kernel/types.h"

enum { MOST_TYPES = 64 << 20 };

/* ---- where the symbols are ---- */

static const char banner[] = "Linux version "; /* init/version.c, linux_banner */

/* By what names the root of the kernel's page tables goes (arch/x86/kernel/head_64.S). */
static const char *const roots[] = { "init_top_pgt", "swapper_pg_dir", "init_level4_pgt" };

/* Those of the anchors that there are symbols of. */
static size_t find_anchors(struct kernel *kernel, struct image_anchor *anchors)
{
	struct symbol_address wanted[1 + ARRAY_SIZE(roots)] = { { .name = "linux_banner" } };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		wanted[1 + i].name = roots[i];
	debuginfo_addresses(kernel, wanted, ARRAY_SIZE(wanted), NULL);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (wanted[i].matches)
			anchors[n++] = (struct image_anchor){
				.name = wanted[i].name,
				.address = wanted[i].address,
				.bytes = i ? NULL : banner,
				.size = i ? 0 : strlen(banner),
			};
	return n;
}

static bool is_at(struct kernel *kernel, const struct image_anchor *anchor)
{
	char bytes[sizeof(banner)];
	struct kmem_request request = {
		.address = anchor->address,
		.into = bytes,
		.size = (uint32_t)anchor->size,
	};

	return anchor->size && !image_read(kernel->image, &request, 1, NULL) && !request.result &&
	       !memcmp(bytes, anchor->bytes, anchor->size);
}

/*
 * A copy of /proc/kallsyms has the addresses that the kernel ran at; System.map and vmlinux have
 * those that it was linked at.
 */
static int place_symbols(struct kernel *kernel, struct error *err)
{
	struct image_anchor anchors[1 + ARRAY_SIZE(roots)];
	size_t n = find_anchors(kernel, anchors);
	int code;

	if (n && is_at(kernel, &anchors[0]))
		return 0;
	code = image_locate(kernel->image, anchors, n, err);
	if (!code && image_kaslr_offset(kernel->image))
		debuginfo_move_symbols(kernel, image_kaslr_offset(kernel->image));
	return code;
}

int kernel_use_file(struct kernel *kernel, const char *path, struct error *err)
{
	const struct symbols *before = kernel->debuginfo.symbols;
	int code = debuginfo_set(kernel, path, err);

	if (code || !kernel->image || !kernel->debuginfo.symbols ||
	    kernel->debuginfo.symbols == before)
		return code;
	return place_symbols(kernel, err);
}

/* ---- what the kernel has of itself ---- */

static int own_symbols(struct kernel *kernel, struct error *err)
{
	struct symbols *symbols;
	int code = image_symbols(kernel->image, &symbols, err);

	if (!code)
		debuginfo_take_symbols(kernel, symbols);
	return code;
}

static int read_memory(struct kernel *kernel, uint64_t address, void *into, uint32_t size,
		       struct error *err)
{
	struct kmem_request request = { .address = address, .into = into, .size = size };
	int code = image_read(kernel->image, &request, 1, err);

	return code || !request.result ? code : image_explain(kernel->image, &request, err);
}

/* A file without a name, with size bytes of the image. */
static int copy_memory(struct kernel *kernel, uint64_t address, uint32_t size, struct error *err)
{
	autofree void *bytes = malloc(size);
	int code, fd;

	if (!bytes)
		return error_set(err, -ENOMEM, "out of memory for types");
	code = read_memory(kernel, address, bytes, size, err);
	if (code)
		return code;
	fd = memfd_create("types", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, bytes, size) == (ssize_t)size)
		return fd;
	if (fd >= 0)
		close(fd);
	return error_set(err, -ENOMEM, "out of memory for types");
}

/* include/asm-generic/vmlinux.lds.h, BTF */
static int own_types(struct kernel *kernel, struct error *err)
{
	struct symbol_address ends[] = { { .name = "__start_BTF" }, { .name = "__stop_BTF" } };
	int code = debuginfo_addresses(kernel, ends, ARRAY_SIZE(ends), err), fd;
	uint64_t size = ends[1].address - ends[0].address;

	if (code)
		return code;
	if (!ends[0].matches || !ends[1].matches || !size || size > MOST_TYPES)
		return error_set(err, -ENODATA, "its symbols tell of no BTF");
	fd = copy_memory(kernel, ends[0].address, (uint32_t)size, err);
	if (fd < 0)
		return fd;
	code = debuginfo_take_types(kernel, "the image's own BTF", fd, err);
	if (code)
		close(fd);
	return code;
}

/* What is not there is said when it is asked for. */
static void use_own(struct kernel *kernel)
{
	struct error err;

	if (!debuginfo_has_symbols(kernel) && own_symbols(kernel, &err))
		log_debug("the image's own symbols: %s", err.text);
	if (!debuginfo_btf_path(kernel) && own_types(kernel, &err))
		log_debug("the image's own types: %s", err.text);
}

/* ---- opening and closing ---- */

/* A file with symbols may have types, too: those if no other file has them. */
static int use_files(struct kernel *kernel, const struct kernel_files *files, struct error *err)
{
	int code = 0;

	if (files->btf)
		code = debuginfo_set_types(kernel, files->btf, err);
	if (!code && files->btf && files->symbols)
		code = debuginfo_set_symbols(kernel, files->symbols, err);
	else if (!code && files->symbols)
		code = debuginfo_set(kernel, files->symbols, err);
	return !code && kernel->debuginfo.symbols ? place_symbols(kernel, err) : code;
}

static int open_files(struct kernel *kernel, const struct kernel_files *files, struct error *err)
{
	int code = image_open(files->core, &kernel->image, err);

	if (!code)
		code = use_files(kernel, files, err);
	if (!code)
		use_own(kernel);
	return code;
}

int kernel_open(const struct kernel_files *files, struct kernel **out, struct error *err)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int code = kernel ? open_files(kernel, files, err)
			  : error_set(err, -ENOMEM, "out of memory for an image");

	if (code && kernel)
		kernel_close(kernel);
	else if (!code)
		*out = kernel;
	return code;
}

void kernel_close(struct kernel *kernel)
{
	types_reset(kernel);
	debuginfo_reset(kernel);
	kmem_close(kernel);
	if (kernel == kernel_running())
		return;
	image_close(kernel->image);
	free(kernel);
}
