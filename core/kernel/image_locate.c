// SPDX-License-Identifier: MIT
/*
 * Where the kernel is in an image. With KASLR it was moved by as many bytes as nobody knows
 * beforehand (arch/x86/boot/compressed/kaslr.c): a multiple of CONFIG_PHYSICAL_ALIGN, within the
 * area for the kernel's code.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/image_parts.h"

enum {
	STEP = 1 << 21,
	AREA = 1 << 30,
	MOST = 64, /* bytes of an anchor */
};

/* ---- anchors held against the image ---- */

static bool is_there(struct image *image, const struct image_anchor *anchor, uint64_t offset)
{
	char bytes[MOST];
	struct kmem_request request = {
		.address = anchor->address + offset,
		.into = bytes,
		.size = anchor->size < MOST ? (uint32_t)anchor->size : MOST,
	};

	image_read(image, &request, 1, NULL);
	return !request.result && !memcmp(bytes, anchor->bytes, request.size);
}

static const struct image_anchor *
first_elsewhere(struct image *image, const struct image_anchor *anchors, size_t n, uint64_t offset)
{
	for (size_t i = 0; i < n; i++)
		if (anchors[i].size && !is_there(image, &anchors[i], offset))
			return &anchors[i];
	return NULL;
}

static int check(struct image *image, const struct image_anchor *anchors, size_t n,
		 struct error *err)
{
	const struct image_anchor *elsewhere =
		first_elsewhere(image, anchors, n, (uint64_t)image->kaslr_offset);

	if (!elsewhere)
		return 0;
	return error_set(
		err, -ENOENT,
		"the symbols are not those of the kernel in this image: %s is not at 0x%llx",
		elsewhere->name,
		(unsigned long long)elsewhere->address + (unsigned long long)image->kaslr_offset);
}

/* ---- the search ---- */

static bool try_offsets(struct image *image, const struct image_anchor *anchors, size_t n)
{
	for (uint64_t offset = 0; offset < AREA; offset += STEP)
		if (!first_elsewhere(image, anchors, n, offset)) {
			image->kaslr_offset = (int64_t)offset;
			return image->is_located = true;
		}
	return false;
}

static bool has_bytes(const struct image_anchor *anchors, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (anchors[i].size)
			return true;
	return false;
}

int image_locate(struct image *image, const struct image_anchor *anchors, size_t n,
		 struct error *err)
{
	if (image->is_located)
		return check(image, anchors, n, err);
	if (!has_bytes(anchors, n))
		return error_set(err, -ENOENT,
				 "the image does not say where its kernel is, and nothing is known "
				 "by which to find it");
	if (try_offsets(image, anchors, n))
		return 0;
	return error_set(err, -ENOENT,
			 "the kernel that the symbols are of is not found in the image");
}

/* ---- what the image says ---- */

void image_tell(struct image *image)
{
	uint64_t offset;

	if (!image->vmcoreinfo ||
	    !image_vmcoreinfo_number(image->vmcoreinfo, "KERNELOFFSET", 16, &offset))
		return;
	image->kaslr_offset = (int64_t)offset;
	image->is_located = true;
}
