// SPDX-License-Identifier: MIT
/*
 * Reads kernel memory from /proc/kcore, an ELF core file of the running kernel
 * (fs/proc/kcore.c).
 *
 * It has zeros for what it cannot or will not read. Where it would (holes, and
 * device memory mapped with ioremap(), which vread() leaves out) the address lies
 * in the vmalloc or module area, whose segments have no physical address. A page
 * there that is all zeros is therefore no answer.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/capabilities.h"
#include "kernel/kfeat.h"
#include "kernel/kmem_ways.h"

enum {
	PAGE = 4096,
	/* One for each range of memory, and a few. */
	MAX_SEGMENTS = 4096,
};

#define NO_PHYSICAL_ADDRESS (~0ULL)

static struct {
	int fd;
	Elf64_Phdr *segments; /* NULL: not open */
	size_t nr_segments;
} core = { .fd = -1 };

/* ---- opening ---- */

static int read_at(void *into, size_t size, uint64_t offset)
{
	ssize_t got = pread(core.fd, into, size, (off_t)offset);

	if (got < 0)
		return -errno;
	return (size_t)got == size ? 0 : -EIO;
}

static int check_header(const Elf64_Ehdr *header)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_type != ET_CORE || header->e_phentsize != sizeof(Elf64_Phdr) ||
	    !header->e_phnum || header->e_phnum > MAX_SEGMENTS)
		return -EINVAL;
	return 0;
}

static int read_segments(void)
{
	Elf64_Ehdr header;
	int code = read_at(&header, sizeof(header), 0);

	if (code)
		return code;
	code = check_header(&header);
	if (code)
		return code;
	core.segments = calloc(header.e_phnum, sizeof(Elf64_Phdr));
	if (!core.segments)
		return -ENOMEM;
	core.nr_segments = header.e_phnum;
	return read_at(core.segments, header.e_phnum * sizeof(Elf64_Phdr), header.e_phoff);
}

/* Mode 0400, and open_kcore() in fs/proc/kcore.c. */
static int explain_rights(int code, struct error *err)
{
	if (kfeat_is_confidential())
		return error_suffix(err, "the kernel is locked down (confidentiality)");
	if (code == -EACCES && !capabilities_has(CAP_DAC_READ_SEARCH))
		return error_suffix(err, "this process lacks CAP_DAC_READ_SEARCH");
	if (code == -EPERM && !capabilities_has(CAP_SYS_RAWIO))
		return error_suffix(err, "this process lacks CAP_SYS_RAWIO");
	return code;
}

static int explain_open(const char *path, int code, struct error *err)
{
	if (code == -ENOENT)
		return error_set(err, code, "there is no %s (CONFIG_PROC_KCORE)", path);
	if (code == -EINVAL || code == -EIO)
		return error_set(err, -EINVAL, "%s is not a core file of a 64-bit kernel", path);
	error_set(err, code, "cannot read %s: %s", path, strerror(-code));
	return code == -EACCES || code == -EPERM ? explain_rights(code, err) : code;
}

int kcore_open(const char *path, struct error *err)
{
	int code;

	core.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (core.fd < 0)
		return explain_open(path, -errno, err);
	code = read_segments();
	if (!code)
		return 0;
	kcore_close();
	return explain_open(path, code, err);
}

void kcore_close(void)
{
	if (core.fd >= 0)
		close(core.fd);
	free(core.segments);
	core.fd = -1;
	core.segments = NULL;
	core.nr_segments = 0;
}

/* ---- reading ---- */

static const Elf64_Phdr *find_segment(uint64_t address)
{
	for (size_t i = 0; i < core.nr_segments; i++) {
		const Elf64_Phdr *segment = &core.segments[i];

		if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
		    address - segment->p_vaddr < segment->p_memsz)
			return segment;
	}
	return NULL;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* The page around bytes that were zeros: is it memory that happens to hold zeros? */
static int check_page(const Elf64_Phdr *segment, uint64_t address)
{
	unsigned char page[PAGE];
	uint64_t start = address & ~(uint64_t)(PAGE - 1);
	int code;

	if (segment->p_paddr != NO_PHYSICAL_ADDRESS || start < segment->p_vaddr)
		return 0;
	code = read_at(page, PAGE, segment->p_offset + (start - segment->p_vaddr));
	if (code)
		return code;
	return is_zero(page, PAGE) ? -ENODATA : 0;
}

/* A piece that lies in one page. */
static int read_piece(uint64_t address, unsigned char *into, size_t size)
{
	const Elf64_Phdr *segment = find_segment(address);

	if (!segment || address - segment->p_vaddr + size > segment->p_memsz)
		return -EFAULT;
	if (read_at(into, size, segment->p_offset + (address - segment->p_vaddr)))
		return -EFAULT;
	return is_zero(into, size) ? check_page(segment, address) : 0;
}

static int read_one(const struct kmem_request *request)
{
	unsigned char *into = request->into;
	uint32_t size;

	for (uint32_t done = 0; done < request->size; done += size) {
		uint64_t address = request->address + done;
		uint32_t in_page = PAGE - (uint32_t)(address & (PAGE - 1));
		int code;

		size = request->size - done < in_page ? request->size - done : in_page;
		code = read_piece(address, into + done, size);
		if (code)
			return code;
	}
	return 0;
}

int kcore_read(struct kmem_request *requests, size_t n, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < n; i++)
		requests[i].result = read_one(&requests[i]);
	return 0;
}
