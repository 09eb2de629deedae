// SPDX-License-Identifier: MIT
/* The symbols that a kernel has of itself, in images with the tables of every generation. */
#include "unit.h"

#include <elf.h>
#include <errno.h>

#include "kernel/image.h"
#include "kernel/symbols.h"

#define START 0xffffffff81000000ULL /* of the memory, and _stext */
#define INIT_TOKEN 1		    /* stands for "init_" */

enum { COUNT = 0x100, NAMES = 0x200, TOKENS = 0x1000, OFFSETS = 0x3000, BASE = 0x3800 };
enum { NR_TOKENS = 256, LONG = 200 };
enum kind { ABSOLUTE_OR_BASE, RELATIVE_TO_BASE, RELATIVE_TO_PLACE };

struct core {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	struct {
		Elf64_Nhdr header;
		char name[12], text[1024];
	} note;
	unsigned char memory[0x4000];
};

static struct core core;

/* ---- making one ---- */

static void write_info(const char *without, uint64_t token_index)
{
	const struct {
		const char *key;
		uint64_t address;
	} lines[] = {
		{ "_stext", START },
		{ "kallsyms_num_syms", START + COUNT },
		{ "kallsyms_names", START + NAMES },
		{ "kallsyms_token_table", START + TOKENS },
		{ "kallsyms_token_index", token_index },
		{ "kallsyms_offsets", START + OFFSETS },
		{ "kallsyms_relative_base", START + BASE },
	};
	int at = sprintf(core.note.text, "OSRELEASE=6.6\nKERNELOFFSET=0\n");

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (strcmp(lines[i].key, without) != 0)
			at += sprintf(core.note.text + at, "SYMBOL(%s)=%llx\n", lines[i].key,
				      (unsigned long long)lines[i].address);
	core.note.header = (Elf64_Nhdr){ .n_namesz = 11, .n_descsz = (Elf64_Word)at };
	memcpy(core.note.name, "VMCOREINFO", 11);
}

/* Each token is its own character, but for one. Returns where their index is. */
static uint64_t write_tokens(void)
{
	char *text = (char *)core.memory + TOKENS;
	uint16_t index[NR_TOKENS];
	size_t at = 0;

	for (int i = 0; i < NR_TOKENS; i++) {
		index[i] = (uint16_t)at;
		at += (size_t)sprintf(text + at, i == INIT_TOKEN ? "init_" : "%c", i) + 1;
	}
	memcpy(text + at, index, sizeof(index));
	return START + TOKENS + at;
}

static size_t write_name(size_t at, const char *name)
{
	size_t length = strlen(name);

	core.memory[at++] = (unsigned char)(length < 128 ? length : 128 | (length & 127));
	if (length >= 128)
		core.memory[at++] = (unsigned char)(length >> 7);
	memcpy(core.memory + at, name, length);
	return at + length;
}

static int32_t offset_of(enum kind kind, uint64_t address, size_t i)
{
	switch (kind) {
	case ABSOLUTE_OR_BASE:
		return address < 1 << 20 ? (int32_t)address : (int32_t)(START - 1 - address);
	case RELATIVE_TO_BASE:
		return (int32_t)(address - START);
	default:
		return (int32_t)(address - (START + OFFSETS + i * sizeof(int32_t)));
	}
}

static char long_name[LONG + 1];

static void write_symbols(enum kind kind)
{
	const struct {
		const char *name;
		uint64_t address;
	} symbols[] = {
		{ "Apercpu", kind == ABSOLUTE_OR_BASE ? 0x1000 : START },
		{ "T_stext", START },
		{ "t\1one", START + 0x40 },
		{ long_name, START + 0x80 },
	};
	uint32_t n = sizeof(symbols) / sizeof(*symbols);
	uint64_t base = START;
	size_t at = NAMES;

	memcpy(core.memory + COUNT, &n, sizeof(n));
	memcpy(core.memory + BASE, &base, sizeof(base));
	for (uint32_t i = 0; i < n; i++) {
		int32_t offset = offset_of(kind, symbols[i].address, i);

		memcpy(core.memory + OFFSETS + i * sizeof(offset), &offset, sizeof(offset));
		at = write_name(at, symbols[i].name);
	}
}

static void make_core(enum kind kind, const char *without)
{
	memset(&core, 0, sizeof(core));
	memset(long_name, 'l', LONG);
	long_name[0] = 'D';
	memcpy(core.header.e_ident, ELFMAG "\2\1\1", 7);
	core.header.e_type = ET_CORE;
	core.header.e_machine = EM_X86_64;
	core.header.e_phoff = offsetof(struct core, segments);
	core.header.e_phentsize = sizeof(Elf64_Phdr);
	core.header.e_phnum = 2;
	core.segments[0] = (Elf64_Phdr){ .p_type = PT_NOTE,
					 .p_offset = offsetof(struct core, note),
					 .p_filesz = sizeof(core.note) };
	core.segments[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
					 .p_offset = offsetof(struct core, memory),
					 .p_vaddr = START,
					 .p_paddr = 0x1000000,
					 .p_filesz = sizeof(core.memory),
					 .p_memsz = sizeof(core.memory) };
	write_info(without, write_tokens());
	write_symbols(kind);
}

static int read_symbols(struct symbols **symbols, struct error *err)
{
	struct image *image;
	char path[32];
	int code;

	write_temporary(path, &core, sizeof(core));
	assert_int_equal(image_open(path, &image, err), 0);
	unlink(path);
	code = image_symbols(image, symbols, err);
	image_close(image);
	return code;
}

/* ---- what is found ---- */

static void check_kind(enum kind kind)
{
	struct symbol_address wanted[] = {
		{ .name = "percpu" }, { .name = "_stext" },  { .name = "init_one" },
		{ .name = NULL },     { .name = "nothing" },
	};
	struct symbols *symbols;
	struct symbol found;
	struct error err;

	make_core(kind, kind == RELATIVE_TO_PLACE ? "kallsyms_relative_base" : "");
	wanted[3].name = long_name + 1;
	assert_int_equal(read_symbols(&symbols, &err), 0);
	symbols_addresses(symbols, wanted, 5);
	assert_int_equal(wanted[0].address, kind == ABSOLUTE_OR_BASE ? 0x1000 : START);
	assert_int_equal(wanted[1].address, START);
	assert_int_equal(wanted[2].address, START + 0x40);
	assert_int_equal(wanted[3].address, START + 0x80);
	assert_int_equal(wanted[4].matches, 0);
	assert_int_equal(symbols_find(symbols, START + 0x50, &found), 0);
	assert_string_equal(found.name, "init_one");
	assert_string_equal(found.module, "kernel");
	symbols_free(symbols);
}

static void addresses_of_every_generation_are_read(void **state)
{
	(void)state;
	check_kind(ABSOLUTE_OR_BASE);
	check_kind(RELATIVE_TO_BASE);
	check_kind(RELATIVE_TO_PLACE);
}

static void what_vmcoreinfo_lacks_is_named(void **state)
{
	struct symbols *symbols;
	struct error err;

	(void)state;
	make_core(ABSOLUTE_OR_BASE, "kallsyms_names");
	assert_int_equal(read_symbols(&symbols, &err), -ENODATA);
	assert_non_null(strstr(err.text, "SYMBOL(kallsyms_names)"));
	/* Nothing else tells what the addresses are relative to. */
	make_core(ABSOLUTE_OR_BASE, "kallsyms_relative_base");
	assert_int_equal(read_symbols(&symbols, &err), -EINVAL);
}

/* ---- damage ---- */

static void check_refused(int code)
{
	struct symbols *symbols;
	struct error err;

	assert_int_equal(read_symbols(&symbols, &err), code);
}

static void damaged_tables_are_refused(void **state)
{
	const uint32_t many = 0x10000000, none = 0, more = 1000;
	const uint16_t outside = 0xffff;
	uint64_t index;

	(void)state;
	make_core(RELATIVE_TO_BASE, "");
	memcpy(core.memory + COUNT, &many, sizeof(many));
	check_refused(-EINVAL);
	memcpy(core.memory + COUNT, &none, sizeof(none));
	check_refused(-EINVAL);
	/* Names that are none, before _stext. */
	make_core(RELATIVE_TO_BASE, "");
	core.memory[NAMES] = 0;
	check_refused(-EINVAL);
	/* More than memory has, and none is _stext. */
	make_core(RELATIVE_TO_BASE, "");
	memset(core.memory + NAMES, 'x', TOKENS - NAMES);
	memcpy(core.memory + COUNT, &more, sizeof(more));
	check_refused(-EINVAL);
	/* A token outside the text of all. */
	make_core(RELATIVE_TO_BASE, "");
	index = write_tokens() - START;
	memcpy(core.memory + index + 2UL * 'p', &outside, sizeof(outside));
	check_refused(-EINVAL);
	/* Tokens after their index. */
	write_info("", START + TOKENS - 1);
	check_refused(-EINVAL);
	/* Tables where there is no memory. */
	make_core(RELATIVE_TO_BASE, "");
	core.segments[1].p_filesz = core.segments[1].p_memsz = NAMES + 3;
	check_refused(-ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_every_generation_are_read),
		cmocka_unit_test(what_vmcoreinfo_lacks_is_named),
		cmocka_unit_test(damaged_tables_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
