// SPDX-License-Identifier: MIT
/* Images that are ELF cores. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/image_parts.h"

/* ---- reading ---- */

static int told(int code)
{
	return code == -EIO ? -ENODATA : code;
}

static int read_virtual(struct image *image, uint64_t address, void *into, size_t size)
{
	return told(elfcore_read(&image->core, &image->core.virtual, address, into, size));
}

static int read_physical(struct image *image, uint64_t address, void *into, size_t size)
{
	return told(elfcore_read(&image->core, &image->core.physical, address, into, size));
}

/* ---- what the file has ---- */

/* Segments may overlap without end: memory as large as the file is looked at twice at the most. */
static bool is_enough(const struct image *image, const struct image_scan *scan)
{
	return scan->passed / 2 > image->size;
}

/* Where from `at` on the segment has data, and not a hole of the file. */
static bool find_data(const struct image *image, const struct elfcore_segment *segment,
		      struct image_scan *scan)
{
	int fd = image->core.fd;
	uint64_t end = segment->offset + segment->in_file, data, hole;
	off_t found = lseek(fd, (off_t)(segment->offset + scan->at), SEEK_DATA);

	if (end < segment->offset || end > image->size)
		end = image->size;
	data = found < 0 ? end : (uint64_t)found;
	found = data < end ? lseek(fd, (off_t)data, SEEK_HOLE) : -1;
	hole = found < 0 || (uint64_t)found > end ? end : (uint64_t)found;
	if (data >= hole)
		return false;
	scan->start = segment->start + (data - segment->offset);
	scan->size = hole - data;
	scan->at = hole - segment->offset;
	scan->passed += scan->size;
	return true;
}

static bool scan_core(struct image *image, struct image_scan *scan)
{
	const struct elfcore_list *list = &image->core.physical;

	for (; scan->segment < list->n && !is_enough(image, scan); scan->segment++, scan->at = 0)
		if (find_data(image, &list->list[scan->segment], scan))
			return true;
	return false;
}

static void close_core(struct image *image)
{
	elfcore_close(&image->core);
}

static const struct image_file elf = {
	.read_physical = read_physical,
	.read_virtual = read_virtual,
	.scan = scan_core,
	.close = close_core,
};

/* ---- what it is ---- */

static const char *machine_name(uint16_t machine)
{
	return machine == EM_X86_64    ? "x86-64"
	       : machine == EM_386     ? "i386"
	       : machine == EM_AARCH64 ? "arm64"
	       : machine == EM_ARM     ? "arm"
				       : "of another machine";
}

static uint64_t missing(const struct elfcore_list *list, uint64_t file_size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct elfcore_segment *segment = &list->list[i];
		uint64_t there = segment->offset < file_size ? file_size - segment->offset : 0;

		if (there < segment->in_file)
			sum += segment->in_file - there;
	}
	return sum;
}

static void describe(struct image *image)
{
	const struct elfcore *core = &image->core;
	const struct elfcore_list *most = core->virtual.n > core->physical.n ? &core->virtual
									     : &core->physical;
	uint64_t lacks = missing(most, image->size);
	int length = snprintf(image->format, sizeof(image->format), "ELF core, %d bits, %s, %s",
			      core->is_32bit ? 32 : 64, machine_name(core->machine),
			      core->virtual.n ? "virtual addresses" : "physical addresses only");

	if (lacks && length > 0)
		snprintf(image->format + length, sizeof(image->format) - (size_t)length,
			 ", truncated: %llu bytes are missing", (unsigned long long)lacks);
}

int image_elf_open(struct image *image, int fd, struct error *err)
{
	int code = elfcore_open(&image->core, fd, err);

	image->file = &elf;
	image->machine = image->core.machine;
	if (code)
		return code;
	if (!image->core.virtual.n && !image->core.physical.n)
		return error_set(err, -EINVAL,
				 "it is a core file that holds no memory of a kernel");
	for (size_t i = 0; i < image->core.notes.n; i++)
		image_read_notes(image, image->core.notes.list[i].offset,
				 image->core.notes.list[i].size);
	describe(image);
	return 0;
}
