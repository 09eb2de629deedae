// SPDX-License-Identifier: MIT
/* Symbols and types from files, good ones and broken ones. */
#include "unit.h"

#include <dlfcn.h>
#include <errno.h>

#include "kernel/debuginfo.h"
#include "kernel/kernel.h"
#include "kernel/symbols.h"

static const char listing[] = "ffffffff81000000 T _text\n"
			      "ffffffff81000000 T _stext\n"
			      "ffffffff81000100 t do_one\n"
			      "ffffffff81000180 T do_two\n"
			      "ffffffffc0000000 t first\t[virtio_blk]\n"
			      "ffffffffc0000040 t last\t[virtio_blk]\n";

static int debuginfo_set_text(const char *text, size_t size, struct error *err)
{
	char path[32];
	int code;

	write_temporary(path, text, size);
	code = debuginfo_set(kernel_running(), path, err);
	unlink(path);
	return code;
}

static void an_address_belongs_to_the_symbol_before_it(void **state)
{
	struct symbol found;
	struct error err;

	(void)state;
	assert_int_equal(debuginfo_set_text(listing, sizeof(listing) - 1, &err), 0);
	assert_int_equal(debuginfo_symbol(kernel_running(), 0xffffffff81000110, &found, &err), 0);
	assert_string_equal(found.name, "do_one");
	assert_string_equal(found.module, "kernel");
	assert_int_equal(found.offset, 0x10);
	assert_int_equal(found.size, 0x80);
	assert_int_equal(debuginfo_symbol(kernel_running(), 0xffffffffc000003f, &found, &err), 0);
	assert_string_equal(found.name, "first");
	assert_string_equal(found.module, "virtio_blk");
	/* Of two names for one address, the first listed. */
	assert_int_equal(debuginfo_symbol(kernel_running(), 0xffffffff81000000, &found, &err), 0);
	assert_string_equal(found.name, "_text");
	debuginfo_reset(kernel_running());
}

static void addresses_outside_belong_to_nothing(void **state)
{
	struct symbol found;
	struct error err;

	(void)state;
	assert_int_equal(debuginfo_set_text(listing, sizeof(listing) - 1, &err), 0);
	assert_int_equal(debuginfo_symbol(kernel_running(), 0xffffffff80ffffff, &found, &err),
			 -ENOENT);
	assert_int_equal(debuginfo_symbol(kernel_running(), 0xffffffffd0000000, &found, &err),
			 -ENOENT);
	assert_int_equal(debuginfo_symbol(kernel_running(), 0x1000, &found, &err), -ENOENT);
	debuginfo_reset(kernel_running());
}

static void names_have_addresses(void **state)
{
	struct symbol_address wanted[] = { { .name = "do_two" },
					   { .name = "_stext" },
					   { .name = "first" },
					   { .name = "twice" },
					   { .name = "do_" } };
	static const char twice[] = "ffffffff81000300 t twice\n"
				    "ffffffff81000300 t twice\n"
				    "ffffffff81000400 t twice\n";
	char text[sizeof(listing) + sizeof(twice)];
	struct error err;

	(void)state;
	snprintf(text, sizeof(text), "%s%s", listing, twice);
	assert_int_equal(debuginfo_set_text(text, strlen(text), &err), 0);
	assert_int_equal(debuginfo_addresses(kernel_running(), wanted, 5, &err), 0);
	assert_true(wanted[0].address == 0xffffffff81000180);
	assert_true(wanted[1].address == 0xffffffff81000000);
	assert_true(wanted[2].address == 0xffffffffc0000000);
	assert_true(wanted[3].address == 0xffffffff81000300);
	assert_int_equal(wanted[0].matches, 1);
	assert_int_equal(wanted[3].matches, 2);
	assert_int_equal(wanted[4].matches, 0);
	debuginfo_reset(kernel_running());
}

/* Per-CPU symbols of kernels before 7 begin at 0, and come first. */
static const char per_cpu_first[] = "0000000000000000 A fixed_percpu_data\n"
				    "000000000001efa0 A vector_irq\n"
				    "ffffffff81000000 T _text\n";

static int scan(const char *text, size_t size, struct symbol_address *wanted, size_t n,
		struct error *err)
{
	char path[32];
	int code;

	write_temporary(path, text, size);
	code = symbols_scan_kallsyms(path, wanted, n, err);
	unlink(path);
	return code;
}

static void names_are_found_in_one_pass(void **state)
{
	struct symbol_address wanted[] = { { .name = "fixed_percpu_data" },
					   { .name = "vector_irq" } };
	struct error err;

	(void)state;
	assert_int_equal(scan(per_cpu_first, sizeof(per_cpu_first) - 1, wanted, 2, &err), 0);
	assert_int_equal(wanted[0].matches, 1);
	assert_true(wanted[0].address == 0);
	assert_true(wanted[1].address == 0x1efa0);
	for (size_t cut = 0; cut < sizeof(per_cpu_first); cut++)
		assert_true(scan(per_cpu_first, cut, wanted, 2, &err) <= 0);
	assert_int_equal(scan("0000000000000000 T a\n", 21, wanted, 2, &err), -EPERM);
	assert_non_null(strstr(err.text, "kptr_restrict"));
	assert_int_equal(scan("", 0, wanted, 2, &err), -EINVAL);
	assert_int_equal(symbols_scan_kallsyms("/nowhere", wanted, 2, &err), -ENOENT);
}

static void hidden_addresses_are_said_to_be_hidden(void **state)
{
	static const char hidden[] = "0000000000000000 T _text\n0000000000000000 T _stext\n";
	struct symbols *symbols;
	struct error err;
	char path[32];

	(void)state;
	write_temporary(path, hidden, sizeof(hidden) - 1);
	assert_int_equal(symbols_read_kallsyms(path, &symbols, &err), -EPERM);
	assert_non_null(strstr(err.text, "kptr_restrict"));
	unlink(path);
}

static void files_without_types_or_symbols_are_refused(void **state)
{
	static const char btf_header_only[] = "\x9f\xeb\x01\x00\x18\x00\x00\x00";
	static const char elf_header_only[] = "\177ELF\x02\x01\x01";
	struct error err;

	(void)state;
	assert_int_equal(debuginfo_set_text("", 0, &err), -EINVAL);
	assert_int_equal(debuginfo_set_text("hello, world\n", 13, &err), -EINVAL);
	assert_true(debuginfo_set_text(btf_header_only, sizeof(btf_header_only) - 1, &err) < 0);
	assert_true(debuginfo_set_text(elf_header_only, sizeof(elf_header_only) - 1, &err) < 0);
	assert_int_equal(debuginfo_set(kernel_running(), "/nowhere", &err), -ENOENT);
	assert_int_equal(debuginfo_set(kernel_running(), "/", &err), -EISDIR);
	assert_null(debuginfo_btf_path(kernel_running()));
}

static void a_failed_set_keeps_the_setting(void **state)
{
	struct symbol found;
	struct error err;

	(void)state;
	assert_int_equal(debuginfo_set_text(listing, sizeof(listing) - 1, &err), 0);
	assert_int_equal(debuginfo_set(kernel_running(), "/nowhere", &err), -ENOENT);
	assert_int_equal(debuginfo_symbol(kernel_running(), 0xffffffff81000180, &found, &err), 0);
	assert_string_equal(found.name, "do_two");
	debuginfo_reset(kernel_running());
}

/* Every prefix of a program: an answer or an error, never a crash. */
static void truncated_programs_are_refused_or_read(void **state)
{
	FILE *self = fopen("/proc/self/exe", "rb");
	size_t size, room = 65536;
	char *data = malloc(room);
	struct error err;

	(void)state;
	assert_non_null(self);
	size = fread(data, 1, room, self);
	fclose(self);
	for (size_t cut = 0; cut < size; cut += 509) {
		char path[32];

		write_temporary(path, data, cut);
		assert_true(debuginfo_set_binary(path, &err) <= 0);
		unlink(path);
	}
	free(data);
	debuginfo_forget_binary();
}

int main(void);

static uint64_t address_in_file(int (*function)(void))
{
	Dl_info program;

	assert_true(dladdr((void *)(uintptr_t)function, &program));
	return (uintptr_t)function - (uintptr_t)program.dli_fbase;
}

static void user_addresses_resolve_to_the_program(void **state)
{
	struct symbols *symbols;
	struct symbol found;
	struct error err;

	(void)state;
	assert_int_equal(symbols_read_elf("/proc/self/exe", "", &symbols, &err), 0);
	assert_int_equal(symbols_find(symbols, address_in_file(main), &found), 0);
	assert_string_equal(found.name, "main");
	assert_int_equal(found.offset, 0);
	assert_int_equal(symbols_find(symbols, 0, &found), -ENOENT);
	symbols_free(symbols);
	assert_int_equal(debuginfo_symbol(kernel_running(), 0x1000, &found, &err), -ENOENT);
	assert_non_null(strstr(err.text, "set_binary"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_belongs_to_the_symbol_before_it),
		cmocka_unit_test(addresses_outside_belong_to_nothing),
		cmocka_unit_test(names_have_addresses),
		cmocka_unit_test(names_are_found_in_one_pass),
		cmocka_unit_test(hidden_addresses_are_said_to_be_hidden),
		cmocka_unit_test(files_without_types_or_symbols_are_refused),
		cmocka_unit_test(a_failed_set_keeps_the_setting),
		cmocka_unit_test(truncated_programs_are_refused_or_read),
		cmocka_unit_test(user_addresses_resolve_to_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
