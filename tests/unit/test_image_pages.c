// SPDX-License-Identifier: MIT
/* Images with physical addresses only: page tables of every kind, and the search for a kernel. */
#include "unit.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>

#include "kernel/image.h"

#define PAGE 4096ULL
#define TEXT 0xffffffff81000000ULL
#define MOVED 0x1c00000ULL
#define BANNER "Linux version 6.6.0-test"
#define INFO                                                                                       \
	"OSRELEASE=6.6.0-test\nSYMBOL(swapper_pg_dir)=ffffffff82c0b000\n"                          \
	"NUMBER(phys_base)=-46071808\nNUMBER(pgtable_l5_enabled)=%d\nKERNELOFFSET=1c00000\n"       \
	"NUMBER(sme_mask)=%llu\n"

enum {
	PRESENT = 1,
	LARGE = 1 << 7,
	PTI_USER = 1 << 12,
	PAE = 1 << 5,
	LA57 = 1 << 12,
};

/*
 * 64 pages of memory; addresses in it are physical. The kernel lies at KERNEL, as many bytes from
 * its begin as its symbols have.
 */
enum {
	PAGES = 64,
	MEMORY = PAGES * 4096,
	KERNEL = 0x10000,
	ROOT = KERNEL + 0xb000, /* init_top_pgt */
	TABLES = 0x20000,	/* room for others */
	DATA = 0x30000,
	ELSEWHERE = 0x7000000, /* no memory of this machine */
};

/* QEMU's note of a CPU. */
struct cpu {
	uint32_t version, size;
	uint64_t registers[48];
	uint64_t cr[5], gs;
};

struct core {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	struct {
		Elf64_Nhdr header;
		char name[8];
		struct cpu cpu;
	} __attribute__((packed)) note;
	unsigned char memory[MEMORY];
};

static struct core core;
static uint64_t next_table;

/* ---- making one ---- */

static void make_note(uint64_t cr3, uint64_t cr4)
{
	core.note.header = (Elf64_Nhdr){ .n_namesz = 5, .n_descsz = sizeof(core.note.cpu) };
	memcpy(core.note.name, "QEMU", 5);
	core.note.cpu.version = 1;
	core.note.cpu.size = sizeof(core.note.cpu);
	core.note.cpu.cr[3] = cr3;
	core.note.cpu.cr[4] = cr4;
}

static void make_core(uint16_t machine)
{
	memset(&core, 0, sizeof(core));
	memcpy(core.header.e_ident, ELFMAG "\2\1\1", 7);
	core.header.e_type = ET_CORE;
	core.header.e_machine = machine;
	core.header.e_phoff = offsetof(struct core, segments);
	core.header.e_phentsize = sizeof(Elf64_Phdr);
	core.header.e_phnum = 2;
	core.segments[0] = (Elf64_Phdr){ .p_type = PT_NOTE,
					 .p_offset = offsetof(struct core, note),
					 .p_filesz = sizeof(core.note) };
	/* As QEMU writes it: the virtual address is the physical one. */
	core.segments[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
					 .p_offset = offsetof(struct core, memory),
					 .p_filesz = MEMORY,
					 .p_memsz = MEMORY };
	memcpy(core.memory + KERNEL + 0x40, BANNER, sizeof(BANNER));
	memcpy(core.memory + DATA, "data", 5);
	next_table = TABLES;
}

static uint64_t get(uint64_t at, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, core.memory + at, size);
	return value;
}

static void put(uint64_t at, uint64_t value, unsigned int size)
{
	memcpy(core.memory + at, &value, size);
}

struct tables {
	uint64_t root;
	unsigned int levels, bits, entry;
	uint64_t encrypted;
};

/* Maps an address by an entry of this level, making the tables above it. */
static void map(const struct tables *tables, uint64_t address, uint64_t physical,
		unsigned int at_level)
{
	uint64_t table = tables->root;

	for (unsigned int level = tables->levels - 1;; level--) {
		uint64_t index =
			address >> (12 + level * tables->bits) & ((1U << tables->bits) - 1);
		uint64_t entry = table + index * tables->entry;

		if (level == at_level) {
			put(entry, physical | tables->encrypted | PRESENT | (level ? LARGE : 0),
			    tables->entry);
			return;
		}
		if (!(get(entry, tables->entry) & PRESENT)) {
			put(entry, next_table | tables->encrypted | PRESENT, tables->entry);
			next_table += PAGE;
		}
		table = get(entry, tables->entry) & ~tables->encrypted & ~(PAGE - 1);
	}
}

#define DIRECT_MAP 0xffff888000000000ULL
#define DIRECT_MAP_5 0xff11000000000000ULL
#define VMALLOC 0xffffc90000000000ULL
#define VMALLOC_5 0xffa0000000000000ULL

/* The kernel in pages of 4 KiB, memory in one of 2 MiB, another in one of 1 GiB. */
static void map_kernel(const struct tables *tables)
{
	uint64_t direct = tables->levels == 5 ? DIRECT_MAP_5 : DIRECT_MAP;
	uint64_t vmalloc = tables->levels == 5 ? VMALLOC_5 : VMALLOC;

	for (uint64_t at = 0; at < 0x10000; at += PAGE)
		map(tables, TEXT + MOVED + at, KERNEL + at, 0);
	map(tables, direct, 0, 1);
	map(tables, direct + (1ULL << 30), 0, 2);
	map(tables, vmalloc, DATA, 0);
	map(tables, vmalloc + PAGE, ELSEWHERE, 0);
}

static const struct tables four = { ROOT, 4, 9, 8, 0 };
static const struct tables five = { ROOT, 5, 9, 8, 0 };

static struct image *open_core(void)
{
	struct image *image = NULL;
	struct error err = { .code = 0 };
	char path[32];

	write_temporary(path, &core, sizeof(core));
	if (image_open(path, &image, &err))
		print_error("%s\n", err.text);
	unlink(path);
	assert_non_null(image);
	return image;
}

static int read_one(struct image *image, uint64_t address, void *into, uint32_t size)
{
	struct kmem_request request = { .address = address, .into = into, .size = size };
	struct error err;

	assert_int_equal(image_read(image, &request, 1, &err), 0);
	return request.result;
}

static const struct image_anchor anchors[] = {
	{ "linux_banner", TEXT + 0x40, "Linux version ", 14 },
	{ "init_top_pgt", TEXT + 0xb000, NULL, 0 },
};

/* ---- page tables of CPUs ---- */

/* What map_kernel() mapped, and what it did not. */
static void assert_kernel(struct image *image, uint64_t direct, uint64_t vmalloc)
{
	char bytes[PAGE + 8];

	assert_int_equal(read_one(image, TEXT + MOVED + 0x40, bytes, sizeof(BANNER)), 0);
	assert_string_equal(bytes, BANNER);
	assert_int_equal(read_one(image, direct + DATA, bytes, 5), 0);
	assert_string_equal(bytes, "data");
	assert_int_equal(read_one(image, direct + (1ULL << 30) + DATA, bytes, 5), 0);
	assert_string_equal(bytes, "data");
	assert_int_equal(read_one(image, vmalloc, bytes, 5), 0);
	assert_string_equal(bytes, "data");
	/* Twice: what is known of a page is not asked again. */
	assert_int_equal(read_one(image, vmalloc + 1, bytes, 4), 0);
	assert_string_equal(bytes, "ata");
	/* Across pages that lie elsewhere each. */
	assert_int_equal(read_one(image, TEXT + MOVED + PAGE - 4, bytes, 8), 0);
	assert_int_equal(read_one(image, TEXT + MOVED, bytes, sizeof(bytes)), 0);
	/* A device's memory is mapped, and not in the image. */
	assert_int_equal(read_one(image, vmalloc + PAGE, bytes, 8), -ENODATA);
	assert_int_equal(read_one(image, vmalloc + PAGE - 4, bytes, 8), -ENODATA);
	assert_int_equal(read_one(image, vmalloc + 2 * PAGE, bytes, 8), -EFAULT);
	assert_int_equal(read_one(image, TEXT, bytes, 8), -EFAULT);
	/* Not of the kernel's half, or of no half: never what lies at this physical address. */
	assert_int_equal(read_one(image, DATA, bytes, 8), -EFAULT);
	assert_int_equal(read_one(image, 0x7fff81000000, bytes, 8), -EFAULT);
	assert_int_equal(read_one(image, 0x800081000000ULL, bytes, 8), -EFAULT);
}

static void four_levels_are_walked(void **state)
{
	struct image *image;

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&four);
	make_note(ROOT | 0x5, PAE); /* and a PCID */
	image = open_core();
	assert_kernel(image, DIRECT_MAP, VMALLOC);
	assert_non_null(strstr(image_format(image), "physical addresses only"));
	image_close(image);
}

static void five_levels_are_walked(void **state)
{
	struct image *image;

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&five);
	make_note(ROOT, PAE | LA57);
	image = open_core();
	assert_kernel(image, DIRECT_MAP_5, VMALLOC_5);
	image_close(image);
}

/* PTI: in user space CR3 has the second of two tables, with little of the kernel. */
static void a_cpu_in_user_space_tells_the_kernels_table(void **state)
{
	static const struct tables kernel = { 0x2e000, 4, 9, 8, 0 };
	static const struct tables user = { 0x2e000 | PTI_USER, 4, 9, 8, 0 };
	struct image *image;

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&kernel);
	map(&user, TEXT + MOVED, KERNEL, 0);
	make_note(user.root, PAE);
	image = open_core();
	assert_kernel(image, DIRECT_MAP, VMALLOC);
	image_close(image);
}

/* Without it, a table may lie so, and something else before it. */
static void a_table_that_is_the_kernels_is_taken(void **state)
{
	static const struct tables odd = { 0x2f000, 4, 9, 8, 0 };
	struct image *image;

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&odd);
	for (unsigned int i = 0; i < 512; i++)
		put(0x2e000 + i * 8, (uint64_t)(DATA + (i % 8) * PAGE) | PRESENT, 8);
	make_note(odd.root, PAE);
	image = open_core();
	assert_kernel(image, DIRECT_MAP, VMALLOC);
	image_close(image);
}

static void machines_of_32_bits_are_walked(void **state)
{
	static const struct tables pae = { ROOT, 3, 9, 8, 0 }, plain = { ROOT, 2, 10, 4, 0 };
	const struct tables *kinds[] = { &pae, &plain };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct image *image;
		char bytes[8];

		make_core(EM_386);
		map(kinds[i], 0xc0100000, DATA, 0);
		map(kinds[i], 0xf8000000, 0, 1);
		make_note(ROOT, kinds[i] == &pae ? PAE : 0);
		image = open_core();
		assert_int_equal(read_one(image, 0xc0100000, bytes, 5), 0);
		assert_string_equal(bytes, "data");
		assert_int_equal(read_one(image, 0xf8000000 + DATA, bytes, 5), 0);
		assert_string_equal(bytes, "data");
		assert_int_equal(read_one(image, 0xc0101000, bytes, 5), -EFAULT);
		assert_int_equal(read_one(image, 0xffffffffc0100000, bytes, 5), -EFAULT);
		image_close(image);
	}
}

static void tables_that_are_not_in_the_image_are_said(void **state)
{
	struct image *image;
	char bytes[8];

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&four);
	put(ROOT + 0xc9 * 8 + 256 * 8, ELSEWHERE | PRESENT, 8);
	make_note(ROOT, PAE);
	image = open_core();
	/* Whatever is there, it is no table of a kernel. */
	assert_int_equal(read_one(image, TEXT + MOVED, bytes, 8), -EFAULT);
	image_close(image);
	make_core(EM_X86_64);
	map_kernel(&four);
	put(ROOT + 511 * 8, ELSEWHERE | PRESENT, 8);
	make_note(ROOT, PAE);
	image = open_core();
	assert_int_equal(read_one(image, TEXT + MOVED, bytes, 8), -ENODATA);
	image_close(image);
}

/* ---- where the kernel is ---- */

static void a_moved_kernel_is_found_by_its_tables(void **state)
{
	struct image_anchor wrong = { "linux_banner", TEXT + 0x48, "Linux version ", 14 };
	struct image *image;
	struct error err;

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&four);
	make_note(ROOT, PAE);
	image = open_core();
	assert_int_equal(image_locate(image, &wrong, 1, &err), -ENOENT);
	assert_int_equal(image_locate(image, anchors, 1, &err), 0);
	assert_int_equal(image_kaslr_offset(image), MOVED);
	image_close(image);
}

static void a_kernel_without_registers_is_searched(void **state)
{
	const struct tables *kinds[] = { &four, &five };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct image *image;
		struct error err;

		make_core(EM_X86_64);
		map_kernel(kinds[i]);
		/* Another that looks so, as logs do. */
		memcpy(core.memory + 0x3040, BANNER, sizeof(BANNER));
		image = open_core();
		assert_int_equal(image_locate(image, NULL, 0, &err), -ENOENT);
		assert_int_equal(image_locate(image, anchors, 1, &err), -ENOENT);
		assert_int_equal(image_locate(image, anchors, 2, &err), 0);
		assert_int_equal(image_kaslr_offset(image), MOVED);
		assert_kernel(image, i ? DIRECT_MAP_5 : DIRECT_MAP, i ? VMALLOC_5 : VMALLOC);
		image_close(image);
	}
}

static void put_info(uint64_t at, int five_levels, unsigned long long mask)
{
	snprintf((char *)core.memory + at, PAGE, INFO, five_levels, mask);
}

/* As it lies in memory, with what a kernel that ran before left. */
static void vmcoreinfo_in_memory_is_enough(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct image *image;
		struct error err;

		make_core(EM_X86_64);
		map_kernel(i ? &five : &four);
		snprintf((char *)core.memory + 0x1000, PAGE,
			 "OSRELEASE=5.0\nSYMBOL(swapper_pg_dir)=ffffffff82c0b000\n"
			 "NUMBER(phys_base)=0\nKERNELOFFSET=2000000\n");
		put_info(0x5000, i, 0);
		image = open_core();
		assert_null(image_vmcoreinfo(image));
		assert_int_equal(image_locate(image, NULL, 0, &err), 0);
		assert_int_equal(image_kaslr_offset(image), MOVED);
		assert_non_null(strstr(image_vmcoreinfo(image), "6.6.0-test"));
		assert_kernel(image, i ? DIRECT_MAP_5 : DIRECT_MAP, i ? VMALLOC_5 : VMALLOC);
		image_close(image);
	}
}

/* SME: each address in the tables has a bit that belongs to no address. */
static void the_bit_of_encrypted_memory_is_no_address(void **state)
{
	static const struct tables encrypted = { ROOT, 4, 9, 8, 1ULL << 47 };
	struct image *image;
	struct error err;

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&encrypted);
	put_info(0x5000, 0, encrypted.encrypted);
	image = open_core();
	assert_int_equal(image_locate(image, anchors, 2, &err), 0);
	assert_kernel(image, DIRECT_MAP, VMALLOC);
	image_close(image);
}

/* ---- compressed dumps ---- */

/* As makedumpfile writes them, of 64 bits, version 6; a block is a page. */
struct kdump {
	union {
		struct {
			char signature[8];
			int32_t version;
			char system[6][65];
			int64_t time[2];
			uint32_t status, block_size, sub_header_size, bitmap_blocks, pages;
			uint32_t ram_blocks, device_blocks, written_blocks, cpu, nr_cpus;
		} header;
		char block[PAGE];
	} first;
	union {
		struct {
			uint64_t phys_base;
			uint32_t level, split;
			uint64_t pages[2];
			uint64_t info, info_size, notes, notes_size, erased, erased_size;
			uint64_t pages_64[2], all_pages;
		} header;
		char block[PAGE];
	} second;
	unsigned char bitmaps[2][PAGE]; /* what is memory, what is in the file */
	struct {
		uint64_t offset;
		uint32_t size, flags;
		uint64_t page_flags;
	} pages[PAGES];
	struct {
		Elf64_Nhdr header;
		char name[12], text[512];
	} info;
	unsigned char memory[MEMORY];
};

static struct kdump kdump;

enum { LEFT_OUT = 9 };

/* Pages are as they are: how the library decompresses is its own. */
static void make_kdump(void)
{
	size_t n = 0;

	memset(&kdump, 0, sizeof(kdump));
	memcpy(kdump.first.header.signature, "KDUMP   ", 8);
	kdump.first.header.version = 6;
	strcpy(kdump.first.header.system[0], "Linux");
	strcpy(kdump.first.header.system[2], "6.6.0-test");
	strcpy(kdump.first.header.system[4], "x86_64");
	kdump.first.header.block_size = PAGE;
	kdump.first.header.sub_header_size = 1;
	kdump.first.header.bitmap_blocks = 2;
	kdump.first.header.pages = PAGES;
	kdump.first.header.nr_cpus = 1;
	kdump.second.header.all_pages = PAGES;
	for (size_t i = 0; i < PAGES; i++) {
		kdump.bitmaps[0][i / 8] |= (unsigned char)(1 << i % 8);
		if (i == LEFT_OUT)
			continue;
		kdump.bitmaps[1][i / 8] |= (unsigned char)(1 << i % 8);
		kdump.pages[n].offset = offsetof(struct kdump, memory) + i * PAGE;
		kdump.pages[n++].size = PAGE;
	}
	memcpy(kdump.memory, core.memory, MEMORY);
}

static void add_info(void)
{
	int size = snprintf(kdump.info.text, sizeof(kdump.info.text), INFO, 0, 0ULL);

	memcpy(kdump.info.name, "VMCOREINFO", 11);
	kdump.info.header = (Elf64_Nhdr){ .n_namesz = 11, .n_descsz = (uint32_t)size };
	kdump.second.header.notes = offsetof(struct kdump, info);
	kdump.second.header.notes_size = sizeof(kdump.info);
}

/* NULL, and the test is skipped, where the library is not installed. */
static struct image *open_kdump(void)
{
	struct image *image = NULL;
	struct error err = { .code = 0 };
	char path[32];
	int code;

	write_temporary(path, &kdump, sizeof(kdump));
	code = image_open(path, &image, &err);
	unlink(path);
	if (code != -ELIBACC)
		assert_string_equal(err.text, "");
	else
		assert_non_null(strstr(err.text, "libkdumpfile10"));
	return image;
}

static void assert_kdump(struct image *image)
{
	struct error err;
	char bytes[8];

	assert_int_equal(image_locate(image, anchors, 2, &err), 0);
	assert_int_equal(image_kaslr_offset(image), MOVED);
	assert_kernel(image, DIRECT_MAP, VMALLOC);
	assert_int_equal(read_one(image, DIRECT_MAP + LEFT_OUT * PAGE, bytes, 8), -ENODATA);
	assert_int_equal(read_one(image, DIRECT_MAP + LEFT_OUT * PAGE - 4, bytes, 8), -ENODATA);
	assert_non_null(strstr(image_format(image), "compressed"));
	image_close(image);
}

static void compressed_dumps_are_read(void **state)
{
	struct image *image;

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&four);
	make_kdump();
	add_info();
	image = open_kdump();
	if (!image)
		skip();
	assert_int_equal(image_kaslr_offset(image), MOVED);
	assert_kdump(image);
}

/* QEMU's have no VMCOREINFO. */
static void compressed_dumps_are_searched(void **state)
{
	struct image *image;

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&four);
	make_kdump();
	image = open_kdump();
	if (!image)
		skip();
	assert_null(image_vmcoreinfo(image));
	assert_kdump(image);
	put_info(0x5000, 0, 0);
	make_kdump();
	assert_kdump(open_kdump());
}

static int refused(const void *data, size_t size, struct error *err)
{
	struct image *image = NULL;
	char path[32];
	int code;

	write_temporary(path, data, size);
	code = image_open(path, &image, err);
	unlink(path);
	image_close(image);
	return code;
}

/* Before the library sees them, so without it, too. */
static void broken_compressed_dumps_are_refused(void **state)
{
	struct error err;

	(void)state;
	make_core(EM_X86_64);
	for (size_t size = 12; size < 4 * PAGE; size += 256) {
		make_kdump();
		assert_int_equal(refused(&kdump, size, &err), -EINVAL);
		assert_non_null(strstr(err.text, "ends within"));
	}
	make_kdump();
	kdump.first.header.block_size = 4097;
	assert_int_equal(refused(&kdump, sizeof(kdump), &err), -EINVAL);
	make_kdump();
	kdump.first.header.sub_header_size = ~0U;
	assert_int_equal(refused(&kdump, sizeof(kdump), &err), -EINVAL);
	make_kdump();
	kdump.first.header.bitmap_blocks = ~0U;
	assert_int_equal(refused(&kdump, sizeof(kdump), &err), -EINVAL);
	make_kdump();
	kdump.second.header.notes_size = UINT32_MAX;
	assert_int_equal(refused(&kdump, sizeof(kdump), &err), -EINVAL);
	make_kdump();
	kdump.second.header.all_pages = UINT32_MAX;
	assert_int_equal(refused(&kdump, sizeof(kdump), &err), -EINVAL);
}

static void flattened_dumps_are_told_how_to_mend(void **state)
{
	struct error err;

	(void)state;
	if (refused("makedumpfile", 12, &err) == -ELIBACC)
		skip();
	assert_non_null(strstr(err.text, "makedumpfile -R"));
}

/* ---- hostile ones ---- */

/* Tables that lead to themselves, everywhere. */
static void tables_in_circles_end(void **state)
{
	struct image *image;
	struct error err;
	char bytes[8];

	(void)state;
	make_core(EM_X86_64);
	for (unsigned int i = 0; i < 512; i++)
		put(ROOT + i * 8, ROOT | PRESENT, 8);
	make_note(ROOT, PAE);
	image = open_core();
	assert_int_equal(read_one(image, TEXT, bytes, 8), 0);
	assert_int_equal(image_locate(image, anchors, 2, &err), -ENOENT);
	image_close(image);
}

/* Each page looks like a kernel, and like VMCOREINFO. */
static void a_search_among_lies_ends(void **state)
{
	struct image *image;
	struct error err;

	(void)state;
	make_core(EM_X86_64);
	for (uint64_t at = 0; at < MEMORY; at += PAGE) {
		snprintf((char *)core.memory + at, 0x40, "OSRELEASE=\nKERNELOFFSET=0\n");
		memcpy(core.memory + at + 0x40, BANNER, sizeof(BANNER));
	}
	image = open_core();
	assert_int_equal(image_locate(image, anchors, 2, &err), -ENOENT);
	assert_null(image_vmcoreinfo(image));
	assert_int_equal(image_kaslr_offset(image), 0);
	image_close(image);
}

/* ---- large files ---- */

#define GIB (1ULL << 30)
#define MIB (1ULL << 20)

/* Bytes that this process has read. */
static uint64_t bytes_read(void)
{
	FILE *io = fopen("/proc/self/io", "r");
	unsigned long long bytes;

	if (!io)
		skip();
	assert_int_equal(fscanf(io, "rchar: %llu", &bytes), 1);
	fclose(io);
	return bytes;
}

/* 64 GiB, of which the file has our memory; the first half of the rest is a hole. */
static void holes_of_a_file_are_not_searched(void **state)
{
	struct image *image;
	struct error err;
	char path[32], bytes[8];
	uint64_t before;
	int fd;

	(void)state;
	make_core(EM_X86_64);
	map_kernel(&four);
	core.segments[1].p_filesz = core.segments[1].p_memsz = 64 * GIB;
	write_temporary(path, &core, sizeof(core));
	fd = open(path, O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)(64 * GIB + PAGE)), 0);
	close(fd);
	before = bytes_read();
	assert_int_equal(image_open(path, &image, &err), 0);
	assert_true(bytes_read() - before < PAGE);
	assert_int_equal(image_locate(image, anchors, 2, &err), 0);
	assert_true(bytes_read() - before < MIB);
	assert_int_equal(image_kaslr_offset(image), MOVED);
	assert_int_equal(read_one(image, VMALLOC, bytes, 5), 0);
	assert_string_equal(bytes, "data");
	image_close(image);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_levels_are_walked),
		cmocka_unit_test(five_levels_are_walked),
		cmocka_unit_test(a_cpu_in_user_space_tells_the_kernels_table),
		cmocka_unit_test(a_table_that_is_the_kernels_is_taken),
		cmocka_unit_test(machines_of_32_bits_are_walked),
		cmocka_unit_test(tables_that_are_not_in_the_image_are_said),
		cmocka_unit_test(a_moved_kernel_is_found_by_its_tables),
		cmocka_unit_test(a_kernel_without_registers_is_searched),
		cmocka_unit_test(vmcoreinfo_in_memory_is_enough),
		cmocka_unit_test(the_bit_of_encrypted_memory_is_no_address),
		cmocka_unit_test(compressed_dumps_are_read),
		cmocka_unit_test(compressed_dumps_are_searched),
		cmocka_unit_test(broken_compressed_dumps_are_refused),
		cmocka_unit_test(flattened_dumps_are_told_how_to_mend),
		cmocka_unit_test(tables_in_circles_end),
		cmocka_unit_test(a_search_among_lies_ends),
		cmocka_unit_test(holes_of_a_file_are_not_searched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
