// SPDX-License-Identifier: MIT
/*
 * Images that makedumpfile compressed, read by libkdumpfile. Few have such a file, so the library
 * is loaded when one is opened; what is used of it is the same in its versions 10 to 12.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/library.h"
#include "kernel/image_parts.h"

/* Of <libkdumpfile/kdumpfile.h>. */
enum {
	KDUMP_MACHPHYSADDR = 1,
	KDUMP_MMAP_NEVER = 0,
	KDUMP_NUMBER = 2,
	KDUMP_BITMAP = 5,
};

struct kdump_attribute {
	int type;
	union {
		uint64_t number;
		void *bitmap;
	} value;
};

/* A dump that it has open. */
struct image_dump {
	void *context, *pages; /* which are in the file */
	uint64_t page;
	bool is_open;
	struct image_dump *next;
};

static struct {
	void *(*create)(void);
	void (*destroy)(void *context);
	int (*open_fdset)(void *context, unsigned int n, const int *fds);
	const char *(*get_err)(void *context);
	int (*get_attr)(void *context, const char *key, struct kdump_attribute *attribute);
	int (*set_attr)(void *context, const char *key, const struct kdump_attribute *attribute);
	int (*read)(void *context, int space, uint64_t address, void *into, size_t *size);
	int (*bmp_find_set)(void *bitmap, uint64_t *index);
	int (*bmp_find_clear)(void *bitmap, uint64_t *index);
} kdump;

static const struct library_function functions[] = {
	{ "kdump_new", &kdump.create },
	{ "kdump_free", &kdump.destroy },
	{ "kdump_open_fdset", &kdump.open_fdset },
	{ "kdump_get_err", &kdump.get_err },
	{ "kdump_get_attr", &kdump.get_attr },
	{ "kdump_set_attr", &kdump.set_attr },
	{ "kdump_read", &kdump.read },
	{ "kdump_bmp_find_set", &kdump.bmp_find_set },
	{ "kdump_bmp_find_clear", &kdump.bmp_find_clear },
};

static struct library newer = { "libkdumpfile.so.12", "libkdumpfile12", "compressed dumps", NULL };
static struct library older = { "libkdumpfile.so.10", "libkdumpfile10", "compressed dumps", NULL };

/* Loaded once; it then stays. */
static int load(struct error *err)
{
	int code;

	if (!older.handle && !library_load(&newer, functions, ARRAY_SIZE(functions), NULL))
		return 0;
	code = library_load(&older, functions, ARRAY_SIZE(functions), err);
	if (code)
		error_suffix(err, "makedumpfile -E, and QEMU's dump-guest-memory without a format, "
				  "write dumps that need none");
	return code;
}

/* ---- reading ---- */

/* Whether memory was left out or never was, the library does not tell. */
static int read_physical(struct image *image, uint64_t address, void *into, size_t size)
{
	struct image_dump *dump = image->dump;

	return kdump.read(dump->context, KDUMP_MACHPHYSADDR, address, into, &size) ? -ENODATA : 0;
}

static int read_virtual(struct image *image, uint64_t address, void *into, size_t size)
{
	(void)image;
	(void)address;
	(void)into;
	(void)size;
	return -EFAULT;
}

static bool scan_pages(struct image *image, struct image_scan *scan)
{
	struct image_dump *dump = image->dump;
	uint64_t begin = scan->at, end;

	if (!dump->pages || kdump.bmp_find_set(dump->pages, &begin))
		return false;
	end = begin;
	if (kdump.bmp_find_clear(dump->pages, &end) || end <= begin)
		return false;
	scan->start = begin * dump->page;
	scan->size = (end - begin) * dump->page;
	scan->at = end;
	return true;
}

/*
 * What the library could not open it must not free: version 0.5.1 then frees what it never had.
 * So it is kept, in a list that nobody reads.
 */
static struct image_dump *not_opened;

static void give_back(struct image_dump *dump)
{
	if (dump->context && !dump->is_open) {
		dump->next = not_opened;
		not_opened = dump;
		return;
	}
	if (dump->context)
		kdump.destroy(dump->context);
	free(dump);
}

static void close_dump(struct image *image)
{
	if (image->dump)
		give_back(image->dump);
	elfcore_close(&image->core);
}

static const struct image_file format = {
	.read_physical = read_physical,
	.read_virtual = read_virtual,
	.scan = scan_pages,
	.close = close_dump,
};

/* ---- opening ---- */

/* diskdump_mod.h of makedumpfile, in which machines of 32 bits differ. */
struct header {
	char signature[8];
	int32_t version;
	char system[6][65];
	int64_t time[2];
	uint32_t status, block, sub_header, bitmaps, pages;
};

struct sub_header {
	uint64_t phys_base;
	uint32_t level, split;
	uint64_t first_page, last_page, info, info_size;
	uint64_t notes, notes_size;
	uint64_t erased, erased_size, first_page_64, last_page_64, pages;
};

struct headers {
	struct header first;
	struct sub_header sub;
};

static int damaged(struct error *err)
{
	return error_set(err, -EINVAL,
			 "it is a compressed dump that is damaged, or of a machine of 32 bits");
}

static int ends(struct error *err)
{
	return error_set(err, -EINVAL, "it ends within its headers");
}

static int check_blocks(const struct image *image, const struct header *header, struct error *err)
{
	bool is_page = header->block >= 4096 && header->block <= 65536 &&
		       !(header->block & (header->block - 1));
	uint64_t blocks = 1 + (uint64_t)header->sub_header + header->bitmaps;

	if (!is_page || !header->sub_header)
		return damaged(err);
	return blocks > image->size / header->block ? ends(err) : 0;
}

/* Two maps have a bit for each page. */
static int check_pages(const struct headers *headers, struct error *err)
{
	const struct header *header = &headers->first;
	uint64_t bits = (uint64_t)header->bitmaps * header->block * 8 / 2;
	uint64_t pages = header->version >= 6 ? headers->sub.pages : header->pages;

	return pages > bits || header->pages > bits ? damaged(err) : 0;
}

static bool is_within(const struct image *image, uint64_t offset, uint64_t size)
{
	return !size || (offset <= image->size && size <= image->size - offset);
}

static int check_sub_header(const struct image *image, const struct sub_header *sub,
			    struct error *err)
{
	bool all = is_within(image, sub->notes, sub->notes_size) &&
		   is_within(image, sub->info, sub->info_size) &&
		   is_within(image, sub->erased, sub->erased_size);

	return all ? 0 : ends(err);
}

/* The library believes headers, and is given none that lead nowhere. */
static int read_headers(const struct image *image, struct headers *headers, struct error *err)
{
	int fd = image->core.fd, code;

	if (elfcore_read_file(fd, &headers->first, sizeof(headers->first), 0))
		return ends(err);
	code = check_blocks(image, &headers->first, err);
	if (code)
		return code;
	if (elfcore_read_file(fd, &headers->sub, sizeof(headers->sub), headers->first.block))
		return ends(err);
	code = check_sub_header(image, &headers->sub, err);
	return code ? code : check_pages(headers, err);
}

static bool get(struct image_dump *dump, const char *key, int type,
		struct kdump_attribute *attribute)
{
	return !kdump.get_attr(dump->context, key, attribute) && attribute->type == type;
}

static void take_attributes(struct image *image)
{
	struct image_dump *dump = image->dump;
	struct kdump_attribute attribute;

	dump->page = get(dump, "arch.page_size", KDUMP_NUMBER, &attribute) ? attribute.value.number
									   : 4096;
	dump->pages =
		get(dump, "file.pagemap", KDUMP_BITMAP, &attribute) ? attribute.value.bitmap : NULL;
	snprintf(image->format, sizeof(image->format), "compressed dump of makedumpfile");
}

/* A file that is mapped and shorter than it says is a signal, one that is read an error. */
static int open_without_mapping(struct image_dump *dump, int fd)
{
	const struct kdump_attribute never = { KDUMP_NUMBER, { .number = KDUMP_MMAP_NEVER } };
	int status = kdump.set_attr(dump->context, "file.mmap_policy", &never);

	return status ? status : kdump.open_fdset(dump->context, 1, &fd);
}

static int open_with(struct image *image, struct error *err)
{
	struct image_dump *dump = image->dump;
	int code = load(err);

	if (code)
		return code;
	dump->context = kdump.create();
	if (!dump->context)
		return error_set(err, -ENOMEM, "out of memory");
	if (open_without_mapping(dump, image->core.fd))
		return error_set(err, -EINVAL, "libkdumpfile: %s", kdump.get_err(dump->context));
	dump->is_open = true;
	take_attributes(image);
	return 0;
}

static int open_dump(struct image *image, struct error *err)
{
	struct headers headers;
	int code = read_headers(image, &headers, err);

	if (!code)
		code = open_with(image, err);
	if (!code)
		image_read_notes(image, headers.sub.notes, headers.sub.notes_size);
	return code;
}

/* As it goes through a pipe: of makedumpfile -F, and of QEMU. Old versions cannot read it. */
static int open_flattened(struct image *image, struct error *err)
{
	int code = open_with(image, err);

	if (code == -EINVAL)
		error_suffix(
			err,
			"it is flattened: makedumpfile -R NEW <FILE makes one of it that is not");
	return code;
}

enum { MAGIC = 12 };

static bool begins(int fd, const char *with)
{
	char magic[MAGIC] = "";

	elfcore_read_file(fd, magic, sizeof(magic), 0);
	return !memcmp(magic, with, strlen(with));
}

static bool is_flattened(int fd)
{
	return begins(fd, "makedumpfile");
}

bool image_is_kdump(int fd)
{
	return begins(fd, "KDUMP   ") || is_flattened(fd);
}

int image_kdump_open(struct image *image, int fd, struct error *err)
{
	image->core.fd = fd;
	image->file = &format;
	image->machine = EM_X86_64;
	image->dump = calloc(1, sizeof(*image->dump));
	if (!image->dump)
		return error_set(err, -ENOMEM, "out of memory");
	return is_flattened(fd) ? open_flattened(image, err) : open_dump(image, err);
}
