// SPDX-License-Identifier: MIT
/*
 * Where the kernel is in an image. With KASLR it was moved by as many bytes as nobody knows
 * beforehand (arch/x86/boot/compressed/kaslr.c): a multiple of CONFIG_PHYSICAL_ALIGN, within the
 * area for the kernel's code.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/image_parts.h"

enum {
	PAGE = 4096,
	STEP = 1 << 21,
	AREA = 1 << 30,
	MOST = 64, /* bytes of an anchor that are looked at */
	CHUNK = 1 << 20,
	/* Pages that look as if, in a file that has them by the thousand. */
	MAX_CANDIDATES = 256,
};

/* The first line (kernel/vmcore_info.c), which stands in a page of its own. */
static const char info_begins[] = "OSRELEASE=";

struct wanted {
	const struct image_anchor *anchors;
	size_t n;
	const struct image_anchor *first; /* that has bytes; NULL: none has */
	const struct image_anchor *root;  /* of the page tables; NULL: not known */
	unsigned int candidates;
};

static uint32_t size_of(const struct image_anchor *anchor)
{
	return anchor->size < MOST ? (uint32_t)anchor->size : MOST;
}

static const struct image_anchor *find_bytes(const struct image_anchor *anchors, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (anchors[i].size)
			return &anchors[i];
	return NULL;
}

static bool is_root(const char *name)
{
	return !strcmp(name, "init_top_pgt") || !strcmp(name, "swapper_pg_dir") ||
	       !strcmp(name, "init_level4_pgt");
}

static const struct image_anchor *find_root(const struct image_anchor *anchors, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_root(anchors[i].name))
			return &anchors[i];
	return NULL;
}

/* ---- anchors held against the image ---- */

static bool is_there(struct image *image, const struct image_anchor *anchor, uint64_t offset)
{
	char bytes[MOST];
	uint32_t size = size_of(anchor);

	return !image_read_virtual(image, anchor->address + offset, bytes, size) &&
	       !memcmp(bytes, anchor->bytes, size);
}

static const struct image_anchor *first_elsewhere(struct image *image, const struct wanted *wanted,
						  uint64_t offset)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (wanted->anchors[i].size && !is_there(image, &wanted->anchors[i], offset))
			return &wanted->anchors[i];
	return NULL;
}

static int check(struct image *image, const struct wanted *wanted, struct error *err)
{
	uint64_t offset = (uint64_t)image->kaslr_offset, address;
	const struct image_anchor *elsewhere = first_elsewhere(image, wanted, offset);

	if (!elsewhere)
		return 0;
	address = elsewhere->address + offset;
	return error_set(
		err, -ENOENT,
		"the symbols are not those of the kernel in this image: %s is not at 0x%llx",
		elsewhere->name, (unsigned long long)address);
}

/* ---- by virtual addresses ---- */

static bool try_offsets(struct image *image, const struct wanted *wanted)
{
	for (uint64_t offset = 0; offset < AREA; offset += STEP)
		if (!first_elsewhere(image, wanted, offset)) {
			image->kaslr_offset = (int64_t)offset;
			return image->is_located = true;
		}
	return false;
}

/* ---- by physical addresses ---- */

static bool is_there_physically(struct image *image, const struct image_anchor *anchor,
				uint64_t address)
{
	char bytes[MOST];
	uint32_t size = size_of(anchor);

	return !image->file->read_physical(image, address, bytes, size) &&
	       !memcmp(bytes, anchor->bytes, size);
}

/* The kernel lies in one piece: what is known of it has the same distance everywhere. */
static bool all_there_physically(struct image *image, const struct wanted *wanted, uint64_t first)
{
	for (size_t i = 0; i < wanted->n; i++) {
		const struct image_anchor *anchor = &wanted->anchors[i];
		uint64_t address = first + (anchor->address - wanted->first->address);

		if (anchor->size && !is_there_physically(image, anchor, address))
			return false;
	}
	return true;
}

static bool try_tables(struct image *image, const struct wanted *wanted, uint64_t root)
{
	static const enum image_paging_kinds kinds[] = { IMAGE_PAGING_4, IMAGE_PAGING_5,
							 IMAGE_PAGING_PAE, IMAGE_PAGING_32 };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		image_set_paging(image, kinds[i], root, 0);
		if (try_offsets(image, wanted))
			return true;
	}
	return false;
}

/* Something that looks like the first anchor is at this address. */
static bool try_kernel(struct image *image, struct wanted *wanted, uint64_t address)
{
	const struct image_paging before = image->paging;

	if (!wanted->root || !all_there_physically(image, wanted, address) ||
	    wanted->candidates++ >= MAX_CANDIDATES)
		return false;
	if (try_tables(image, wanted, address + (wanted->root->address - wanted->first->address)))
		return true;
	image->paging = before;
	return false;
}

/* ---- by VMCOREINFO, which lies in memory, too ---- */

static void forget(struct image *image, const struct image_paging *before)
{
	free(image->vmcoreinfo);
	image->vmcoreinfo = NULL;
	image->paging = *before;
	image->kaslr_offset = 0;
	image->is_located = false;
}

/* Others may be of kernels that ran before: this one's tables map themselves. */
static bool try_info(struct image *image, struct wanted *wanted, const char *page, size_t size)
{
	const struct image_paging before = image->paging;

	if (image->vmcoreinfo || wanted->candidates++ >= MAX_CANDIDATES)
		return false;
	image->vmcoreinfo = strndup(page, size);
	if (image->vmcoreinfo && image_tell(image) && image->is_located &&
	    !first_elsewhere(image, wanted, (uint64_t)image->kaslr_offset))
		return true;
	forget(image, &before);
	return false;
}

/* ---- the search through memory ---- */

static bool begins(const char *bytes, size_t size, const void *with, size_t n)
{
	return size >= n && !memcmp(bytes, with, n);
}

static bool try_page(struct image *image, struct wanted *wanted, uint64_t address,
		     const char *bytes, size_t size)
{
	const struct image_anchor *first = wanted->first;
	size_t within = first ? first->address & (PAGE - 1) : 0;

	if (begins(bytes, size, info_begins, strlen(info_begins)) &&
	    try_info(image, wanted, bytes, size < PAGE ? size : PAGE))
		return true;
	return first && size > within &&
	       begins(bytes + within, size - within, first->bytes, size_of(first)) &&
	       try_kernel(image, wanted, address + within);
}

static bool try_chunk(struct image *image, struct wanted *wanted, uint64_t address,
		      const char *bytes, size_t size)
{
	size_t to_page = -address & (PAGE - 1);

	for (size_t at = to_page; at < size; at += PAGE)
		if (try_page(image, wanted, address + at, bytes + at, size - at))
			return true;
	return false;
}

/* Chunks share a page, so that nothing lies across the end of one only. */
static bool try_piece(struct image *image, struct wanted *wanted, const struct image_scan *piece,
		      char *chunk)
{
	for (uint64_t at = 0, n; at < piece->size; at += n < CHUNK ? n : CHUNK - PAGE) {
		n = piece->size - at < CHUNK ? piece->size - at : CHUNK;
		if (!image->file->read_physical(image, piece->start + at, chunk, n) &&
		    try_chunk(image, wanted, piece->start + at, chunk, n))
			return true;
	}
	return false;
}

static bool search_with(struct image *image, struct wanted *wanted, char *chunk)
{
	struct image_scan scan = { .size = 0 };

	while (image->file->scan(image, &scan))
		if (try_piece(image, wanted, &scan, chunk))
			return true;
	return false;
}

static bool search(struct image *image, struct wanted *wanted)
{
	char *chunk = malloc(CHUNK);
	bool found = chunk && search_with(image, wanted, chunk);

	free(chunk);
	return found;
}

int image_locate(struct image *image, const struct image_anchor *anchors, size_t n,
		 struct error *err)
{
	struct wanted wanted = {
		.anchors = anchors,
		.n = n,
		.first = find_bytes(anchors, n),
		.root = find_root(anchors, n),
	};

	if (image->is_located)
		return check(image, &wanted, err);
	if ((wanted.first && try_offsets(image, &wanted)) || search(image, &wanted))
		return 0;
	return error_set(
		err, -ENOENT,
		wanted.first ? "the kernel that the symbols are of is not found in the image"
			     : "the image does not say where its kernel is, and nothing is known "
			       "by which to find it");
}
