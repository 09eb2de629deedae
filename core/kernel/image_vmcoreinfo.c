// SPDX-License-Identifier: MIT
/* What VMCOREINFO says (Documentation/admin-guide/kdump/vmcoreinfo.rst). */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/image_parts.h"

/* Where the kernel's code is mapped (__START_KERNEL_map), in every kernel of x86-64. */
#define KERNEL_MAP 0xffffffff80000000ULL

/* ---- its lines ---- */

static const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line ? line + 1 : NULL;
}

static const char *find_value(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = next_line(line))
		if (!strncmp(line, key, length) && line[length] == '=')
			return line + length + 1;
	return NULL;
}

static bool find_number(const char *text, const char *key, int base, uint64_t *number)
{
	const char *value = find_value(text, key);
	char *end;

	if (!value)
		return false;
	errno = 0;
	*number =
		*value == '-' ? (uint64_t)strtoll(value, &end, base) : strtoull(value, &end, base);
	return !errno && end > value && (!*end || *end == '\n');
}

bool image_info_number(const struct image *image, const char *key, int base, uint64_t *number)
{
	return image->vmcoreinfo && find_number(image->vmcoreinfo, key, base, number);
}

static uint64_t number_or_0(const char *text, const char *key)
{
	uint64_t number;

	return find_number(text, key, 10, &number) ? number : 0;
}

/* ---- page tables ---- */

/* The kernel's own; the same by different names. */
static bool find_root(const char *text, uint64_t *address)
{
	static const char *const keys[] = { "SYMBOL(swapper_pg_dir)", "SYMBOL(init_top_pgt)",
					    "SYMBOL(init_level4_pgt)" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (find_number(text, keys[i], 16, address))
			return true;
	return false;
}

/* Kernels before 4.10 do not say the number, and machines of 32 bits have none. */
static bool find_physical(const struct image *image, uint64_t address, uint64_t *physical)
{
	const struct elfcore_segment *segment = elfcore_find(&image->core.virtual, address);
	uint64_t base;

	if (find_number(image->vmcoreinfo, "NUMBER(phys_base)", 10, &base))
		*physical = address - KERNEL_MAP + base;
	else if (segment && segment->physical != ELFCORE_NOWHERE)
		*physical = address - segment->start + segment->physical;
	else
		return false;
	return true;
}

static enum image_paging_kinds kind_of(const struct image *image)
{
	const char *text = image->vmcoreinfo;

	if (image->machine == EM_X86_64)
		return number_or_0(text, "NUMBER(pgtable_l5_enabled)") ? IMAGE_PAGING_5
								       : IMAGE_PAGING_4;
	return find_value(text, "CONFIG_X86_PAE") ? IMAGE_PAGING_PAE : IMAGE_PAGING_32;
}

/* The right ones map themselves; else others that are known stay. */
static bool tell_tables(struct image *image)
{
	const struct image_paging before = image->paging;
	uint64_t encrypted = number_or_0(image->vmcoreinfo, "NUMBER(sme_mask)");
	uint64_t address, root;

	if ((image->machine != EM_X86_64 && image->machine != EM_386) ||
	    !find_root(image->vmcoreinfo, &address) || !find_physical(image, address, &root))
		return false;
	image_set_paging(image, kind_of(image), root, encrypted);
	if (image_maps(image, address, root))
		return true;
	image->paging = before;
	return false;
}

/* ---- all of it ---- */

bool image_tell(struct image *image)
{
	uint64_t offset;

	if (find_number(image->vmcoreinfo, "KERNELOFFSET", 16, &offset)) {
		image->kaslr_offset = (int64_t)offset;
		image->is_located = true;
	}
	return tell_tables(image);
}
