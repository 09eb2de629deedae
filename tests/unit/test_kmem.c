// SPDX-License-Identifier: MIT
/* /proc/kcore as a file that is made here: memory, device memory, holes, damage. */
#include "unit.h"

#include <elf.h>
#include <errno.h>

#include "kernel/kernel.h"
#include "kernel/kmem.h"
#include "kernel/kmem_ways.h"

#define PAGE 4096ULL

#define DIRECT_MAP 0xffff888000000000ULL
#define VMALLOC 0xffffc90000000000ULL

/* Two pages of memory; a vmalloc area whose second page is not there. */
struct core {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	unsigned char memory[2 * PAGE];
	unsigned char vmalloc[2 * PAGE];
};

static struct core core;

static void make_core(void)
{
	memset(&core, 0, sizeof(core));
	memcpy(core.header.e_ident, ELFMAG "\2\1\1", 7);
	core.header.e_type = ET_CORE;
	core.header.e_phoff = offsetof(struct core, segments);
	core.header.e_phentsize = sizeof(Elf64_Phdr);
	core.header.e_phnum = 3;
	core.segments[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_vaddr = 0, .p_memsz = 1 << 20 };
	core.segments[1] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_offset = offsetof(struct core, memory),
		.p_vaddr = DIRECT_MAP,
		.p_paddr = 0x1000,
		.p_filesz = sizeof(core.memory),
		.p_memsz = sizeof(core.memory),
	};
	core.segments[2] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_offset = offsetof(struct core, vmalloc),
		.p_vaddr = VMALLOC,
		.p_paddr = ~0ULL,
		.p_filesz = sizeof(core.vmalloc),
		.p_memsz = sizeof(core.vmalloc),
	};
	memset(core.memory, 'm', PAGE);
	core.vmalloc[100] = 'v';
}

static int open_core(size_t size, struct error *err)
{
	char path[32];
	int code;

	write_temporary(path, &core, size);
	code = kcore_open(path, err);
	unlink(path);
	return code;
}

static int read_one(uint64_t address, void *into, uint32_t size)
{
	struct kmem_request request = { .address = address, .into = into, .size = size };
	struct error err;

	assert_int_equal(kcore_read(&request, 1, &err), 0);
	return request.result;
}

static void memory_is_read_zeros_too(void **state)
{
	unsigned char bytes[PAGE + 8];
	struct error err;

	(void)state;
	make_core();
	assert_int_equal(open_core(sizeof(core), &err), 0);
	assert_int_equal(read_one(DIRECT_MAP + PAGE - 8, bytes, 16), 0);
	assert_memory_equal(bytes, "mmmmmmmm\0\0\0\0\0\0\0", 16);
	assert_int_equal(read_one(DIRECT_MAP + PAGE - 8, bytes, sizeof(bytes)), 0);
	assert_int_equal(read_one(DIRECT_MAP + 2 * PAGE - 1, bytes, 1), 0);
	assert_int_equal(read_one(DIRECT_MAP, bytes, 0), 0);
	kcore_close();
}

static void what_no_segment_has_cannot_be_read(void **state)
{
	unsigned char bytes[16];
	struct error err;

	(void)state;
	make_core();
	assert_int_equal(open_core(sizeof(core), &err), 0);
	assert_int_equal(read_one(0x10, bytes, 8), -EFAULT);
	assert_int_equal(read_one(DIRECT_MAP - 1, bytes, 8), -EFAULT);
	assert_int_equal(read_one(DIRECT_MAP + 2 * PAGE - 4, bytes, 8), -EFAULT);
	assert_int_equal(read_one(~0ULL - 3, bytes, 8), -EFAULT);
	kcore_close();
}

static void pages_of_zeros_among_virtual_mappings_are_no_answer(void **state)
{
	unsigned char bytes[16];
	struct error err;

	(void)state;
	make_core();
	assert_int_equal(open_core(sizeof(core), &err), 0);
	/* Zeros in a page that has something else are memory. */
	assert_int_equal(read_one(VMALLOC, bytes, 8), 0);
	assert_int_equal(read_one(VMALLOC + PAGE, bytes, 8), -ENODATA);
	assert_int_equal(read_one(VMALLOC + PAGE - 4, bytes, 8), -ENODATA);
	kcore_close();
}

static void every_request_has_a_result_of_its_own(void **state)
{
	unsigned char bytes[3][8];
	struct kmem_request requests[] = {
		{ .address = DIRECT_MAP, .into = bytes[0], .size = 8 },
		{ .address = 0x10, .into = bytes[1], .size = 8 },
		{ .address = VMALLOC + 96, .into = bytes[2], .size = 8 },
	};
	struct error err;

	(void)state;
	make_core();
	assert_int_equal(open_core(sizeof(core), &err), 0);
	assert_int_equal(kcore_read(requests, 3, &err), 0);
	assert_int_equal(requests[0].result, 0);
	assert_int_equal(requests[1].result, -EFAULT);
	assert_int_equal(requests[2].result, 0);
	assert_int_equal(bytes[2][4], 'v');
	kcore_close();
}

static void files_that_are_no_core_are_refused(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(kcore_open("/nowhere", &err), -ENOENT);
	assert_non_null(strstr(err.text, "CONFIG_PROC_KCORE"));
	for (size_t size = 0; size < sizeof(core.header) + sizeof(core.segments); size += 8) {
		make_core();
		assert_int_equal(open_core(size, &err), -EINVAL);
	}
	make_core();
	core.header.e_phnum = 0;
	assert_int_equal(open_core(sizeof(core), &err), -EINVAL);
	core.header.e_phnum = 65535;
	assert_int_equal(open_core(sizeof(core), &err), -EINVAL);
	make_core();
	core.header.e_phentsize = 1;
	assert_int_equal(open_core(sizeof(core), &err), -EINVAL);
	make_core();
	core.header.e_type = ET_EXEC;
	assert_int_equal(open_core(sizeof(core), &err), -EINVAL);
}

static void segments_beyond_the_file_cannot_be_read(void **state)
{
	unsigned char bytes[8];
	struct error err;

	(void)state;
	make_core();
	core.segments[1].p_offset = 1ULL << 40;
	core.segments[2].p_offset = ~0ULL - 4;
	assert_int_equal(open_core(sizeof(core), &err), 0);
	assert_int_equal(read_one(DIRECT_MAP, bytes, 8), -EFAULT);
	assert_int_equal(read_one(VMALLOC, bytes, 8), -EFAULT);
	kcore_close();
}

static void ways_have_names(void **state)
{
	struct kmem_request request = { .address = 0x10, .size = 4, .result = -ENODATA };
	struct error err;

	(void)state;
	assert_int_equal(kmem_use(kernel_running(), "telepathy", &err), -EINVAL);
	assert_int_equal(kmem_explain(kernel_running(), &request, &err), -ENODATA);
	assert_non_null(strstr(err.text, "the 4 bytes at 0x10"));
	kmem_close(kernel_running());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_read_zeros_too),
		cmocka_unit_test(what_no_segment_has_cannot_be_read),
		cmocka_unit_test(pages_of_zeros_among_virtual_mappings_are_no_answer),
		cmocka_unit_test(every_request_has_a_result_of_its_own),
		cmocka_unit_test(files_that_are_no_core_are_refused),
		cmocka_unit_test(segments_beyond_the_file_cannot_be_read),
		cmocka_unit_test(ways_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
