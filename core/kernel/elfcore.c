// SPDX-License-Identifier: MIT
#include "kernel/elfcore.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"

enum {
	PAGE = 4096,
	/* Headers read at once. */
	BATCH = 512,
	/* Each range of memory has one, with QEMU's paging each mapping: more than any dump has. */
	MAX_HEADERS = 1 << 22,
};

int elfcore_read_file(int fd, void *into, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, (char *)into + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			return -EIO;
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* ---- headers of both widths ---- */

/* The members that are asked for, as wide as the wider has them. */
struct headers {
	uint64_t offset; /* of the program headers */
	uint64_t sections;
	uint32_t n, size;
	uint16_t type, section_size;
};

static struct headers headers_of(struct elfcore *core, const void *file)
{
	const Elf64_Ehdr *wide = file;
	const Elf32_Ehdr *narrow = file;

	core->machine = wide->e_machine; /* in the same place in both */
	core->is_32bit = wide->e_ident[EI_CLASS] == ELFCLASS32;
	if (core->is_32bit)
		return (struct headers){
			narrow->e_phoff,     narrow->e_shoff, narrow->e_phnum,
			narrow->e_phentsize, narrow->e_type,  narrow->e_shentsize
		};
	return (struct headers){ wide->e_phoff,	    wide->e_shoff, wide->e_phnum,
				 wide->e_phentsize, wide->e_type,  wide->e_shentsize };
}

static Elf64_Phdr widen(const Elf32_Phdr *narrow)
{
	return (Elf64_Phdr){
		.p_type = narrow->p_type,
		.p_offset = narrow->p_offset,
		.p_vaddr = narrow->p_vaddr,
		.p_paddr = narrow->p_paddr == ~0U ? ELFCORE_NOWHERE : narrow->p_paddr,
		.p_filesz = narrow->p_filesz,
		.p_memsz = narrow->p_memsz,
	};
}

static size_t header_size(const struct elfcore *core)
{
	return core->is_32bit ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
}

static int check_identity(const unsigned char *identity, struct error *err)
{
	if (memcmp(identity, ELFMAG, SELFMAG) != 0)
		return error_set(err, -EINVAL, "it is not an ELF file");
	if (identity[EI_DATA] != ELFDATA2LSB)
		return error_set(err, -EINVAL, "it is of a big-endian machine");
	if (identity[EI_CLASS] != ELFCLASS64 && identity[EI_CLASS] != ELFCLASS32)
		return error_set(err, -EINVAL, "it is an ELF file of an unknown width");
	return 0;
}

/* More than e_phnum can hold: the number is in the first section header (elf(5), PN_XNUM). */
static int read_many(const struct elfcore *core, struct headers *headers)
{
	Elf64_Shdr wide;
	Elf32_Shdr narrow;
	size_t size = core->is_32bit ? sizeof(narrow) : sizeof(wide);
	void *into = core->is_32bit ? (void *)&narrow : &wide;

	if (!headers->sections || headers->section_size != size ||
	    elfcore_read_file(core->fd, into, size, headers->sections))
		return -EINVAL;
	headers->n = core->is_32bit ? narrow.sh_info : wide.sh_info;
	return 0;
}

static int check_headers(const struct elfcore *core, struct headers *headers, struct error *err)
{
	if (headers->type != ET_CORE)
		return error_set(err, -EINVAL, "it is an ELF file, but not a core file");
	if (headers->n == PN_XNUM && read_many(core, headers))
		return error_set(err, -EINVAL, "it says nowhere how many segments it has");
	if (!headers->n || headers->n > MAX_HEADERS || headers->size != header_size(core))
		return error_set(err, -EINVAL, "it has %u segment headers of %u bytes", headers->n,
				 headers->size);
	return 0;
}

static int read_file_header(struct elfcore *core, struct headers *headers, struct error *err)
{
	union {
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
		unsigned char identity[EI_NIDENT];
	} file = { .identity = { 0 } };
	int code = elfcore_read_file(core->fd, &file, sizeof(file.narrow), 0);

	if (code)
		return code == -EIO ? error_set(err, -EINVAL, "it is not an ELF file")
				    : error_set(err, code, "%s", strerror(-code));
	code = check_identity(file.identity, err);
	if (!code && file.identity[EI_CLASS] == ELFCLASS64 &&
	    elfcore_read_file(core->fd, &file, sizeof(file.wide), 0))
		code = error_set(err, -EINVAL, "it ends within its header");
	if (code)
		return code;
	*headers = headers_of(core, &file);
	return check_headers(core, headers, err);
}

/* ---- segments ---- */

static int add(struct elfcore_list *list, const Elf64_Phdr *header, uint64_t start)
{
	struct elfcore_segment *grown = array_room(list->list, list->n, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	list->list = grown;
	grown[list->n++] = (struct elfcore_segment){
		.start = start,
		.size = header->p_memsz,
		.offset = header->p_offset,
		.in_file = header->p_filesz < header->p_memsz ? header->p_filesz : header->p_memsz,
		.physical = header->p_paddr,
	};
	return 0;
}

/*
 * QEMU without paging puts the physical address, or 0, where the virtual one belongs; with paging
 * it has processes' mappings, too.
 */
static bool is_of_kernel(const struct elfcore *core, const Elf64_Phdr *header)
{
	if (core->machine == EM_X86_64)
		return header->p_vaddr >> 63;
	return header->p_vaddr && (core->machine != EM_386 || header->p_vaddr != header->p_paddr);
}

static int add_memory(struct elfcore *core, const Elf64_Phdr *header)
{
	int code = 0;

	if (!header->p_memsz)
		return 0;
	if (is_of_kernel(core, header))
		code = add(&core->virtual, header, header->p_vaddr);
	if (!code && header->p_paddr != ELFCORE_NOWHERE)
		code = add(&core->physical, header, header->p_paddr);
	return code;
}

static int add_header(struct elfcore *core, const Elf64_Phdr *header)
{
	Elf64_Phdr note = *header;

	if (header->p_type == PT_LOAD)
		return add_memory(core, header);
	if (header->p_type != PT_NOTE)
		return 0;
	note.p_memsz = header->p_filesz;
	return add(&core->notes, &note, 0);
}

static int add_batch(struct elfcore *core, const void *headers, size_t n)
{
	const Elf64_Phdr *wide = headers;
	const Elf32_Phdr *narrow = headers;
	int code = 0;

	for (size_t i = 0; !code && i < n; i++) {
		Elf64_Phdr header = core->is_32bit ? widen(&narrow[i]) : wide[i];

		code = add_header(core, &header);
	}
	return code;
}

static int read_segments(struct elfcore *core, const struct headers *headers, struct error *err)
{
	Elf64_Phdr batch[BATCH];
	int code = 0;

	for (uint32_t i = 0; !code && i < headers->n; i += BATCH) {
		size_t n = headers->n - i < BATCH ? headers->n - i : BATCH;

		if (elfcore_read_file(core->fd, batch, n * headers->size,
				      headers->offset + (uint64_t)i * headers->size))
			return error_set(err, -EINVAL, "it ends within its segment headers");
		code = add_batch(core, batch, n);
	}
	return code ? error_set(err, code, "out of memory for its segments") : 0;
}

/* ---- finding ---- */

static uint64_t last_of(const struct elfcore_segment *segment)
{
	uint64_t last = segment->start + (segment->size - 1);

	return last < segment->start ? ~0ULL : last;
}

static int by_start(const void *one, const void *other)
{
	const struct elfcore_segment *a = one, *b = other;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void sort(struct elfcore_list *segments)
{
	struct elfcore_segment *list = segments->list;
	uint32_t furthest = 0;

	if (segments->n)
		qsort(list, segments->n, sizeof(*list), by_start);
	for (uint32_t i = 0; i < segments->n; i++) {
		if (last_of(&list[i]) >= last_of(&list[furthest]))
			furthest = i;
		list[i].reaches_furthest = furthest;
	}
}

static bool holds(const struct elfcore_segment *segment, uint64_t address)
{
	return address - segment->start < segment->size && address >= segment->start;
}

/* Segments overlap: kdump has the kernel's code in one of its own, and in one with all memory. */
const struct elfcore_segment *elfcore_find(const struct elfcore_list *list, uint64_t address)
{
	const struct elfcore_segment *segment;
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->list[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	segment = &list->list[low - 1];
	if (!holds(segment, address))
		segment = &list->list[segment->reaches_furthest];
	return holds(segment, address) ? segment : NULL;
}

/* Cores of old kernels have no physical addresses: all are 0 (/proc/kcore before 4.19). */
static void forget_zeros(struct elfcore_list *physical)
{
	size_t zeros = 0;

	for (size_t i = 0; i < physical->n; i++)
		zeros += !physical->list[i].start;
	if (zeros > 1 && zeros == physical->n)
		physical->n = 0;
}

int elfcore_open(struct elfcore *core, int fd, struct error *err)
{
	struct headers headers = { .n = 0 };
	int code;

	*core = (struct elfcore){ .fd = fd };
	code = read_file_header(core, &headers, err);
	if (!code)
		code = read_segments(core, &headers, err);
	if (code)
		return code;
	forget_zeros(&core->physical);
	sort(&core->virtual);
	sort(&core->physical);
	return 0;
}

void elfcore_close(struct elfcore *core)
{
	if (core->fd >= 0)
		close(core->fd);
	free(core->virtual.list);
	free(core->physical.list);
	free(core->notes.list);
	*core = (struct elfcore){ .fd = -1 };
}

/* ---- reading ---- */

static bool is_zero(const unsigned char *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

static int read_segment(const struct elfcore *core, const struct elfcore_segment *segment,
			uint64_t address, void *into, size_t size)
{
	uint64_t within = address - segment->start;

	if (within > segment->in_file || size > segment->in_file - within ||
	    segment->offset > INT64_MAX - within)
		return -EIO;
	return elfcore_read_file(core->fd, into, size, segment->offset + within) ? -EIO : 0;
}

static bool may_be_nothing(const struct elfcore_segment *segment)
{
	return segment->physical == ELFCORE_NOWHERE;
}

/* The page around bytes that were zeros: is it memory that happens to hold zeros? */
static int check_page(const struct elfcore *core, const struct elfcore_segment *segment,
		      uint64_t address)
{
	unsigned char page[PAGE];
	uint64_t start = address & ~(uint64_t)(PAGE - 1);
	int code = start < segment->start ? 0 : read_segment(core, segment, start, page, PAGE);

	return code || start < segment->start || !is_zero(page, PAGE) ? code : -ENODATA;
}

static size_t least(size_t size, uint64_t limit)
{
	return size < limit ? size : (size_t)limit;
}

/* As much as one segment has of it, and one page where each must be looked at. */
static int read_piece(const struct elfcore *core, const struct elfcore_segment *segment,
		      uint64_t address, unsigned char *into, size_t *size)
{
	int code;

	*size = least(*size, segment->size - (address - segment->start));
	if (may_be_nothing(segment))
		*size = least(*size, PAGE - (address & (PAGE - 1)));
	code = read_segment(core, segment, address, into, *size);
	if (code || !may_be_nothing(segment) || !is_zero(into, *size))
		return code;
	return check_page(core, segment, address);
}

int elfcore_read(const struct elfcore *core, const struct elfcore_list *list, uint64_t address,
		 void *into, size_t size)
{
	unsigned char *at = into;
	int code = 0;

	for (size_t done = 0, n; !code && done < size; done += n) {
		const struct elfcore_segment *segment = elfcore_find(list, address + done);

		n = size - done;
		code = segment ? read_piece(core, segment, address + done, at + done, &n) : -EFAULT;
	}
	return code;
}
