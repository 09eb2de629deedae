// SPDX-License-Identifier: MIT
/* Images of kernels that are made here: every kind, damage, lies. */
#include "unit.h"

#include <elf.h>
#include <errno.h>

#include "kernel/image.h"

#define PAGE 4096ULL

#define DIRECT_MAP 0xffff888000000000ULL
#define TEXT 0xffffffff81000000ULL
#define VMALLOC 0xffffc90000000000ULL
#define MOVED 0x12200000ULL /* by KASLR */

#define INFO "OSRELEASE=6.6\nSYMBOL(swapper_pg_dir)=ffffffff93210000\nKERNELOFFSET=12200000\n"
#define BANNER "Linux version 6.6.0-test (nobody@nowhere)"

/* The kernel's code, all memory, and an area of mappings as /proc/kcore has it. */
struct core {
	Elf64_Ehdr header;
	Elf64_Phdr segments[4];
	struct {
		Elf64_Nhdr header;
		char name[12], text[sizeof(INFO) - 1];
	} note;
	unsigned char text[PAGE];
	unsigned char memory[4 * PAGE];
	unsigned char vmalloc[2 * PAGE];
};

static struct core core;

static Elf64_Phdr segment(uint64_t address, uint64_t physical, size_t offset, size_t size)
{
	return (Elf64_Phdr){ .p_type = PT_LOAD,
			     .p_offset = offset,
			     .p_vaddr = address,
			     .p_paddr = physical,
			     .p_filesz = size,
			     .p_memsz = size };
}

static void make_note(void)
{
	core.segments[0] = (Elf64_Phdr){ .p_type = PT_NOTE,
					 .p_offset = offsetof(struct core, note),
					 .p_filesz = sizeof(core.note) };
	core.note.header = (Elf64_Nhdr){ .n_namesz = 11, .n_descsz = sizeof(core.note.text) };
	memcpy(core.note.name, "VMCOREINFO", 11);
	memcpy(core.note.text, INFO, sizeof(core.note.text));
}

static void make_core(void)
{
	memset(&core, 0, sizeof(core));
	memcpy(core.header.e_ident, ELFMAG "\2\1\1", 7);
	core.header.e_type = ET_CORE;
	core.header.e_machine = EM_X86_64;
	core.header.e_phoff = offsetof(struct core, segments);
	core.header.e_phentsize = sizeof(Elf64_Phdr);
	core.header.e_phnum = 4;
	make_note();
	core.segments[1] = segment(TEXT + MOVED, 0x2000, offsetof(struct core, text), PAGE);
	core.segments[2] = segment(DIRECT_MAP + 0x1000, 0x1000, offsetof(struct core, memory),
				   sizeof(core.memory));
	core.segments[3] =
		segment(VMALLOC, ~0ULL, offsetof(struct core, vmalloc), sizeof(core.vmalloc));
	memcpy(core.text + 64, BANNER, sizeof(BANNER));
	memset(core.memory, 'm', PAGE);
	memset(core.memory + 3 * PAGE, 'n', PAGE);
	core.vmalloc[100] = 'v';
}

static struct image *opened(const void *data, size_t size)
{
	struct image *image = NULL;
	struct error err = { .code = 0 };
	char path[32];

	write_temporary(path, data, size);
	if (image_open(path, &image, &err))
		print_error("%s\n", err.text);
	unlink(path);
	assert_non_null(image);
	return image;
}

static struct image *open_core(void)
{
	return opened(&core, sizeof(core));
}

static int refused(const void *data, size_t size, struct error *err)
{
	struct image *image;
	char path[32];
	int code;

	write_temporary(path, data, size);
	code = image_open(path, &image, err);
	unlink(path);
	if (!code)
		image_close(image);
	return code;
}

static int read_one(struct image *image, uint64_t address, void *into, uint32_t size)
{
	struct kmem_request request = { .address = address, .into = into, .size = size };
	struct error err;

	assert_int_equal(image_read(image, &request, 1, &err), 0);
	return request.result;
}

static int read_physical(struct image *image, uint64_t address, void *into, uint32_t size)
{
	struct kmem_request request = { .address = address, .into = into, .size = size };
	struct error err;

	assert_int_equal(image_read_physical(image, &request, 1, &err), 0);
	return request.result;
}

/* ---- ELF cores with virtual addresses ---- */

static void memory_is_read_by_virtual_and_physical_address(void **state)
{
	unsigned char bytes[PAGE + 8];
	struct image *image;

	(void)state;
	make_core();
	image = open_core();
	assert_int_equal(read_one(image, TEXT + MOVED + 64, bytes, sizeof(BANNER)), 0);
	assert_string_equal((char *)bytes, BANNER);
	assert_int_equal(read_one(image, DIRECT_MAP + 2 * PAGE - 8, bytes, 16), 0);
	assert_memory_equal(bytes, "mmmmmmmm\0\0\0\0\0\0\0", 16);
	assert_int_equal(read_one(image, VMALLOC + 96, bytes, 8), 0);
	assert_int_equal(bytes[4], 'v');
	assert_int_equal(read_physical(image, 0x4000 - 4, bytes, 8), 0);
	assert_memory_equal(bytes, "\0\0\0\0nnnn", 8);
	assert_int_equal(read_physical(image, 0x2000 + 64, bytes, 8), 0);
	assert_memory_equal(bytes, "Linux ve", 8);
	image_close(image);
}

static void what_no_segment_has_is_no_memory(void **state)
{
	unsigned char bytes[16];
	struct image *image;

	(void)state;
	make_core();
	image = open_core();
	assert_int_equal(read_one(image, 0x1000, bytes, 8), -EFAULT);
	assert_int_equal(read_one(image, DIRECT_MAP + 0xfff, bytes, 8), -EFAULT);
	assert_int_equal(read_one(image, DIRECT_MAP + 5 * PAGE - 4, bytes, 8), -EFAULT);
	assert_int_equal(read_one(image, ~0ULL - 3, bytes, 8), -EFAULT);
	assert_int_equal(read_physical(image, 0, bytes, 8), -EFAULT);
	assert_int_equal(read_physical(image, 5 * PAGE, bytes, 8), -EFAULT);
	image_close(image);
}

static void pages_that_may_be_nothing_are_no_zeros(void **state)
{
	unsigned char bytes[2 * PAGE];
	struct image *image;

	(void)state;
	make_core();
	image = open_core();
	assert_int_equal(read_one(image, VMALLOC, bytes, 8), 0);
	assert_int_equal(read_one(image, VMALLOC + PAGE, bytes, 8), -ENODATA);
	assert_int_equal(read_one(image, VMALLOC, bytes, sizeof(bytes)), -ENODATA);
	image_close(image);
}

static void each_request_has_a_result_of_its_own(void **state)
{
	char bytes[2][8];
	struct kmem_request requests[] = {
		{ .address = 0x10, .into = bytes[0], .size = 8, .result = 1 },
		{ .address = TEXT + MOVED + 64, .into = bytes[1], .size = 8, .result = 1 },
	};
	struct image *image;
	struct error err;

	(void)state;
	make_core();
	image = open_core();
	assert_int_equal(image_read(image, requests, 2, &err), 0);
	assert_int_equal(requests[0].result, -EFAULT);
	assert_int_equal(requests[1].result, 0);
	assert_memory_equal(bytes[1], "Linux ve", 8);
	assert_int_equal(image_explain(image, &requests[0], &err), -EFAULT);
	assert_non_null(strstr(err.text, "the 8 bytes at 0x10"));
	image_close(image);
}

static void several_images_are_open_at_once(void **state)
{
	struct image *one, *other;
	char byte;

	(void)state;
	make_core();
	one = open_core();
	core.vmalloc[100] = 'w';
	other = open_core();
	assert_int_equal(read_one(one, VMALLOC + 100, &byte, 1), 0);
	assert_int_equal(byte, 'v');
	assert_int_equal(read_one(other, VMALLOC + 100, &byte, 1), 0);
	assert_int_equal(byte, 'w');
	image_close(one);
	image_close(other);
}

static void cores_of_32_bits_are_read(void **state)
{
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
		char memory[64];
	} narrow = {
		.header = { .e_ident = ELFMAG "\1\1\1",
			    .e_type = ET_CORE,
			    .e_machine = EM_386,
			    .e_phoff = sizeof(Elf32_Ehdr),
			    .e_phentsize = sizeof(Elf32_Phdr),
			    .e_phnum = 1 },
		.segment = { .p_type = PT_LOAD,
			     .p_offset = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
			     .p_vaddr = 0xc0100000,
			     .p_paddr = 0x100000,
			     .p_filesz = 64,
			     .p_memsz = 64 },
		.memory = "thirty-two",
	};
	struct image *image;
	char bytes[11];

	(void)state;
	image = opened(&narrow, sizeof(narrow));
	assert_int_equal(read_one(image, 0xc0100000, bytes, 11), 0);
	assert_string_equal(bytes, "thirty-two");
	assert_int_equal(read_physical(image, 0x100007, bytes, 4), 0);
	assert_string_equal(bytes, "two");
	assert_int_equal(read_one(image, 0xffffffffc0100000, bytes, 4), -EFAULT);
	assert_non_null(strstr(image_format(image), "32 bits, i386"));
	image_close(image);
}

/* ---- where the kernel is ---- */

static const struct image_anchor anchors[] = {
	{ "linux_banner", TEXT + 64, "Linux version ", 14 },
	{ "init_top_pgt", 0xffffffff81010000, NULL, 0 },
};

static void the_image_says_where_the_kernel_is(void **state)
{
	struct image_anchor wrong = { "linux_banner", TEXT + 72, "Linux version ", 14 };
	struct image *image;
	struct error err;

	(void)state;
	make_core();
	image = open_core();
	assert_string_equal(image_vmcoreinfo(image), INFO);
	assert_int_equal(image_kaslr_offset(image), MOVED);
	assert_int_equal(image_locate(image, NULL, 0, &err), 0);
	assert_int_equal(image_locate(image, anchors, 2, &err), 0);
	assert_int_equal(image_locate(image, &wrong, 1, &err), -ENOENT);
	assert_non_null(strstr(err.text, "linux_banner is not at 0xffffffff93200048"));
	image_close(image);
}

static void without_vmcoreinfo_the_kernel_is_searched(void **state)
{
	struct image *image;
	struct error err;

	(void)state;
	make_core();
	core.note.name[0] = 'X';
	image = open_core();
	assert_null(image_vmcoreinfo(image));
	assert_int_equal(image_locate(image, NULL, 0, &err), -ENOENT);
	assert_int_equal(image_locate(image, anchors + 1, 1, &err), -ENOENT);
	assert_int_equal(image_locate(image, anchors, 2, &err), 0);
	assert_int_equal(image_kaslr_offset(image), MOVED);
	core.text[64] = 'l';
	image_close(image);
	image = open_core();
	assert_int_equal(image_locate(image, anchors, 2, &err), -ENOENT);
	image_close(image);
}

/* ---- many segments, large files ---- */

enum { MANY = 70000 };

static void more_segments_than_the_header_can_count_are_found(void **state)
{
	size_t room = sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr) + MANY * sizeof(Elf64_Phdr);
	unsigned char *file = calloc(1, room);
	Elf64_Ehdr *header = (Elf64_Ehdr *)file;
	Elf64_Shdr *section = (Elf64_Shdr *)(header + 1);
	Elf64_Phdr *segments = (Elf64_Phdr *)(section + 1);
	struct image *image;
	uint64_t bytes;

	(void)state;
	make_core();
	*header = core.header;
	header->e_phnum = PN_XNUM;
	header->e_shoff = sizeof(*header);
	header->e_shentsize = sizeof(*section);
	header->e_phoff = sizeof(*header) + sizeof(*section);
	section->sh_info = MANY;
	/* Backwards, each with eight bytes of the headers themselves. */
	for (size_t i = 0; i < MANY; i++)
		segments[i] = segment(DIRECT_MAP + (MANY - i) * PAGE, (MANY - i) * PAGE,
				      header->e_phoff + i * sizeof(Elf64_Phdr) + 16, 8);
	image = opened(file, room);
	for (uint64_t i = 1; i <= MANY; i += 997) {
		assert_int_equal(read_one(image, DIRECT_MAP + i * PAGE, &bytes, 8), 0);
		assert_true(bytes == DIRECT_MAP + i * PAGE);
	}
	assert_int_equal(read_one(image, DIRECT_MAP + PAGE + 8, &bytes, 8), -EFAULT);
	image_close(image);
	free(file);
}

/* ---- damage and lies ---- */

static void files_that_are_no_images_are_refused(void **state)
{
	struct image *image;
	struct error err;

	(void)state;
	assert_int_equal(image_open("/nowhere", &image, &err), -ENOENT);
	assert_int_equal(image_open("/tmp", &image, &err), -EISDIR);
	assert_int_equal(image_open("/dev/null", &image, &err), -EINVAL);
	make_core();
	for (size_t size = 0; size < sizeof(core.header) + sizeof(core.segments); size += 8)
		assert_int_equal(refused(&core, size, &err), -EINVAL);
	core.header.e_phnum = 0;
	assert_int_equal(refused(&core, sizeof(core), &err), -EINVAL);
	core.header.e_phnum = PN_XNUM;
	assert_int_equal(refused(&core, sizeof(core), &err), -EINVAL);
	core.header.e_shoff = 8;
	core.header.e_shentsize = sizeof(Elf64_Shdr);
	assert_int_equal(refused(&core, sizeof(core), &err), -EINVAL);
	make_core();
	core.header.e_phentsize = 1;
	assert_int_equal(refused(&core, sizeof(core), &err), -EINVAL);
	make_core();
	core.header.e_type = ET_EXEC;
	assert_int_equal(refused(&core, sizeof(core), &err), -EINVAL);
	assert_non_null(strstr(err.text, "not a core file"));
	make_core();
	core.header.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(refused(&core, sizeof(core), &err), -EINVAL);
	assert_non_null(strstr(err.text, "big-endian"));
	make_core();
	core.header.e_phnum = 1; /* the notes */
	assert_int_equal(refused(&core, sizeof(core), &err), -EINVAL);
	assert_non_null(strstr(err.text, "no memory"));
}

static void what_was_cut_off_is_said(void **state)
{
	struct image *image;
	char bytes[16];

	(void)state;
	make_core();
	image = opened(&core, offsetof(struct core, memory) + PAGE + 8);
	assert_non_null(strstr(image_format(image), "truncated"));
	assert_int_equal(read_one(image, DIRECT_MAP + 2 * PAGE, bytes, 8), 0);
	assert_int_equal(read_one(image, DIRECT_MAP + 2 * PAGE, bytes, 9), -ENODATA);
	assert_int_equal(read_one(image, DIRECT_MAP + 4 * PAGE, bytes, 8), -ENODATA);
	assert_int_equal(read_one(image, VMALLOC, bytes, 8), -ENODATA);
	image_close(image);
	image = open_core();
	assert_null(strstr(image_format(image), "truncated"));
	image_close(image);
}

static void what_was_left_out_is_said(void **state)
{
	struct image *image;
	char bytes[16];

	(void)state;
	make_core();
	core.segments[2].p_filesz = PAGE;
	image = open_core();
	assert_int_equal(read_one(image, DIRECT_MAP + 2 * PAGE - 8, bytes, 8), 0);
	assert_int_equal(read_one(image, DIRECT_MAP + 2 * PAGE, bytes, 8), -ENODATA);
	image_close(image);
}

static void segments_that_lie_are_harmless(void **state)
{
	struct image *image;
	char bytes[16];

	(void)state;
	make_core();
	core.segments[0].p_filesz = ~0ULL;
	core.segments[1].p_offset = ~0ULL - 4;
	core.segments[2].p_memsz = core.segments[2].p_filesz = ~0ULL;
	core.segments[3].p_offset = 1ULL << 62;
	image = open_core();
	assert_int_equal(read_one(image, TEXT + MOVED, bytes, 8), -ENODATA);
	assert_int_equal(read_one(image, DIRECT_MAP + 0x1000, bytes, 8), 0);
	assert_int_equal(read_one(image, ~0ULL - 7, bytes, 8), -ENODATA);
	assert_int_equal(read_one(image, ~0ULL - 3, bytes, 8), -ENODATA);
	assert_int_equal(read_one(image, DIRECT_MAP + 0xfff, bytes, 8), -EFAULT);
	image_close(image);
}

static void notes_that_lie_are_harmless(void **state)
{
	static const Elf64_Nhdr lies[] = {
		{ .n_namesz = ~0U, .n_descsz = 8 },
		{ .n_namesz = 11, .n_descsz = ~0U },
		{ .n_namesz = ~0U, .n_descsz = ~0U },
		{ .n_namesz = 11, .n_descsz = sizeof(INFO) + 4 },
		{ .n_namesz = 0, .n_descsz = 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct image *image;

		make_core();
		core.note.header = lies[i];
		image = open_core();
		assert_null(image_vmcoreinfo(image));
		image_close(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_read_by_virtual_and_physical_address),
		cmocka_unit_test(what_no_segment_has_is_no_memory),
		cmocka_unit_test(pages_that_may_be_nothing_are_no_zeros),
		cmocka_unit_test(each_request_has_a_result_of_its_own),
		cmocka_unit_test(several_images_are_open_at_once),
		cmocka_unit_test(cores_of_32_bits_are_read),
		cmocka_unit_test(the_image_says_where_the_kernel_is),
		cmocka_unit_test(without_vmcoreinfo_the_kernel_is_searched),
		cmocka_unit_test(more_segments_than_the_header_can_count_are_found),
		cmocka_unit_test(files_that_are_no_images_are_refused),
		cmocka_unit_test(what_was_cut_off_is_said),
		cmocka_unit_test(what_was_left_out_is_said),
		cmocka_unit_test(segments_that_lie_are_harmless),
		cmocka_unit_test(notes_that_lie_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
