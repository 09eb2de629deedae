// SPDX-License-Identifier: MIT
/*
 * Page tables of x86 (Intel SDM volume 3, chapter 4), where an image has physical addresses only
 * or its segments leave out what is mapped elsewhere: modules, vmalloc(), the stacks.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "kernel/image_parts.h"

enum {
	PAGE_SHIFT = 12,
	PAGE = 1 << PAGE_SHIFT,
	PRESENT = 1 << 0,
	IS_PAGE = 1 << 7, /* of a table's entry: not another table, but a large page */
	CR4_PAE = 1 << 5,
	CR4_LA57 = 1 << 12,
	/* Of two tables the one that a process has in user space (arch/x86/mm/pti.c). */
	PTI_USER = 1 << 12,
	/* Of a root's entries. */
	MEMORY = 256,
	MEMORY_END = 508,
	/* If none of so many has the kernel's tables, no other will. */
	MAX_CPUS = 64,
};

#define FRAME 0xffffffffff000ULL

struct image_paging_kind {
	unsigned int levels, bits, entry; /* bits of the address for a level, bytes of an entry */
	unsigned int large;		  /* levels that may have pages, the lowest being 0 */
	uint64_t frame;			  /* bits of an entry that are an address */
	uint64_t sign;			  /* bits that all addresses of the kernel have */
};

static const struct image_paging_kind kinds[] = {
	[IMAGE_PAGING_32] = { 2, 10, 4, 1, 0xfffff000, 0 },
	[IMAGE_PAGING_PAE] = { 3, 9, 8, 1, FRAME, 0 },
	[IMAGE_PAGING_4] = { 4, 9, 8, 2, FRAME, 0xffff800000000000 },
	[IMAGE_PAGING_5] = { 5, 9, 8, 2, FRAME, 0xff00000000000000 },
};

/* ---- walking ---- */

static int read_entry(struct image *image, uint64_t address, unsigned int size, uint64_t *entry)
{
	*entry = 0;
	return image->file->read_physical(image, address, entry, size) ? -ENODATA : 0;
}

static bool is_canonical(const struct image_paging_kind *kind, uint64_t address)
{
	return kind->sign ? (address & kind->sign) == kind->sign : address <= UINT32_MAX;
}

static int walk(struct image *image, uint64_t address, uint64_t *physical)
{
	const struct image_paging *paging = &image->paging;
	const struct image_paging_kind *kind = paging->kind;
	uint64_t entry, at = paging->root;

	if (!is_canonical(kind, address))
		return -EFAULT;
	for (unsigned int level = kind->levels; level--;) {
		unsigned int shift = PAGE_SHIFT + level * kind->bits;
		uint64_t index = address >> shift & ((1U << kind->bits) - 1);
		uint64_t within = ((uint64_t)1 << shift) - 1;
		int code = read_entry(image, at + index * kind->entry, kind->entry, &entry);

		if (code)
			return code;
		if (!(entry & PRESENT))
			return -EFAULT;
		at = entry & kind->frame & ~paging->encrypted;
		if (!level || (level <= kind->large && entry & IS_PAGE)) {
			*physical = (at & ~within) | (address & within);
			return 0;
		}
	}
	return -EFAULT;
}

/* Of pages that were asked for before. */
static struct image_page *known_page(struct image *image, uint64_t address)
{
	return &image->pages[address >> PAGE_SHIFT & (IMAGE_PAGES - 1)];
}

static int translate(struct image *image, uint64_t address, uint64_t *physical)
{
	struct image_page *known = known_page(image, address);
	uint64_t within = address & (PAGE - 1);
	int code;

	if (known->is_known && known->address == address - within) {
		*physical = known->physical + within;
		return 0;
	}
	code = walk(image, address, physical);
	if (!code)
		*known = (struct image_page){ address - within, *physical - within, true };
	return code;
}

/* In one page. What is mapped and not in the image may be a device's. */
static int read_mapped(struct image *image, uint64_t address, void *into, size_t size)
{
	uint64_t physical;
	int code = translate(image, address, &physical);

	if (code)
		return code;
	return image->file->read_physical(image, physical, into, size) ? -ENODATA : 0;
}

static int read_page(struct image *image, uint64_t address, void *into, size_t size)
{
	int code = image->file->read_virtual(image, address, into, size), mapped;

	if (!code)
		return 0;
	mapped = read_mapped(image, address, into, size);
	return mapped == -EFAULT ? code : mapped;
}

static int read_pages(struct image *image, uint64_t address, unsigned char *into, size_t size)
{
	int code = 0;

	for (size_t done = 0, n; !code && done < size; done += n) {
		n = PAGE - (size_t)((address + done) & (PAGE - 1));
		n = n < size - done ? n : size - done;
		code = read_page(image, address + done, into + done, n);
	}
	return code;
}

int image_read_virtual(struct image *image, uint64_t address, void *into, size_t size)
{
	int code = image->file->read_virtual(image, address, into, size);

	return code && image->paging.kind ? read_pages(image, address, into, size) : code;
}

/* ---- which tables ---- */

bool image_maps(struct image *image, uint64_t address, uint64_t physical)
{
	uint64_t found;

	return !walk(image, address, &found) && found == physical;
}

void image_set_paging(struct image *image, enum image_paging_kinds kind, uint64_t root,
		      uint64_t encrypted)
{
	image->paging = (struct image_paging){
		.kind = &kinds[kind],
		.root = root & ~encrypted,
		.encrypted = encrypted,
	};
	memset(image->pages, 0, sizeof(image->pages));
}

/*
 * Has a table the kernel's memory: the direct mapping, vmalloc(), vmemmap
 * (Documentation/arch/x86/x86_64/mm.rst)? That of a process in user space has of the kernel only
 * what is above them, and an LDT (arch/x86/mm/pti.c).
 */
static bool is_kernels(struct image *image, uint64_t root)
{
	uint64_t entries[MEMORY_END - MEMORY];
	unsigned int n = 0;
	char byte;

	if (image->file->read_physical(image, root + MEMORY * sizeof(*entries), entries,
				       sizeof(entries)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		if (!(entries[i] & PRESENT))
			continue;
		if (image->file->read_physical(image, entries[i] & FRAME, &byte, 1))
			return false;
		n++;
	}
	return n > 1;
}

static void try_long_mode(struct image *image, uint64_t cr3, uint64_t cr4)
{
	enum image_paging_kinds kind = cr4 & CR4_LA57 ? IMAGE_PAGING_5 : IMAGE_PAGING_4;
	uint64_t root = cr3 & FRAME, other = root & ~(uint64_t)PTI_USER;

	if (is_kernels(image, root))
		image_set_paging(image, kind, root, 0);
	else if (other != root && is_kernels(image, other))
		image_set_paging(image, kind, other, 0);
}

void image_take_cpu(struct image *image, uint64_t cr3, uint64_t cr4)
{
	if (image->paging.kind || image->nr_cpus++ >= MAX_CPUS)
		return;
	if (image->machine == EM_X86_64)
		try_long_mode(image, cr3, cr4);
	else if (image->machine == EM_386 && cr4 & CR4_PAE)
		image_set_paging(image, IMAGE_PAGING_PAE, cr3 & 0xffffffe0, 0);
	else if (image->machine == EM_386)
		image_set_paging(image, IMAGE_PAGING_32, cr3 & 0xfffff000, 0);
}
