// SPDX-License-Identifier: MIT
/*
 * Build step: writes IMAGE.image.h, the `struct bpf_image` of a BPF object file.
 * usage: flatten IMAGE IMAGE.o > IMAGE.image.h
 */
#include "load/flatten.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"

static struct flat flat = { .constants = -1, .variables = -1 };

void flat_fail(const struct flat *of, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", of->path);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

__u32 flat_string(struct flat *of, const char *text)
{
	size_t size = strlen(text) + 1;

	for (size_t at = 0; at < of->nr_strings; at += strlen(of->strings + at) + 1)
		if (!strcmp(of->strings + at, text))
			return (__u32)at;
	if (of->nr_strings + size > MAX_STRINGS)
		flat_fail(of, "too many names");
	memcpy(of->strings + of->nr_strings, text, size);
	of->nr_strings += size;
	return (__u32)(of->nr_strings - size);
}

/* ---- sections ---- */

Elf_Scn *flat_section(struct flat *of, const char *name, size_t *index)
{
	size_t names;
	Elf_Scn *section = NULL;

	if (elf_getshdrstrndx(of->elf, &names))
		flat_fail(of, "no names of sections: %s", elf_errmsg(-1));
	while ((section = elf_nextscn(of->elf, section))) {
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header) ||
		    strcmp(elf_strptr(of->elf, names, header.sh_name), name) != 0)
			continue;
		if (index)
			*index = elf_ndxscn(section);
		return section;
	}
	return NULL;
}

/* ---- programs ---- */

static const struct {
	const char *section, *type, *expected;
	__u32 flags;
} kinds[] = {
	{ "tp_btf/", "tracing", "trace_raw_tp", 0 },
	{ "fentry/", "tracing", "fentry", 0 },
	{ "fexit/", "tracing", "fexit", 0 },
	{ "raw_tp", "raw_tp", "", 0 },
	{ "tp", "tracepoint", "", 0 },
	{ "tracepoint", "tracepoint", "", 0 },
	{ "kprobe", "kprobe", "", 0 },
	{ "kretprobe", "kprobe", "", 0 },
	{ "syscall", "syscall", "", BPF_F_SLEEPABLE },
};

static void set_kind(struct image_program *program, const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t length = strlen(kinds[i].section);
		const char *rest = section + length;

		if (strncmp(section, kinds[i].section, length) != 0 ||
		    (*rest && *rest != '/' && kinds[i].section[length - 1] != '/'))
			continue;
		program->type = flat_string(&flat, kinds[i].type);
		program->expected = flat_string(&flat, kinds[i].expected);
		program->flags = kinds[i].flags;
		program->section = flat_string(&flat, section);
		return;
	}
	flat_fail(&flat, "the section '%s' is of no kind that is known here", section);
}

static const char *section_name(size_t index)
{
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(flat.elf, &names) ||
	    !gelf_getshdr(elf_getscn(flat.elf, index), &header))
		flat_fail(&flat, "no section %zu", index);
	return elf_strptr(flat.elf, names, header.sh_name);
}

static struct flat_program *new_program(const GElf_Sym *symbol, const char *name)
{
	struct flat_program *program = calloc(1, sizeof(*program));
	Elf_Data *data = elf_getdata(elf_getscn(flat.elf, symbol->st_shndx), NULL);

	if (!program || flat.nr_programs == MAX_PROGRAMS || flat.nr_functions == MAX_PROGRAMS)
		flat_fail(&flat, "too many programs");
	if (!data || symbol->st_value + symbol->st_size > data->d_size)
		flat_fail(&flat, "the program '%s' is not in its section", name);
	program->section = symbol->st_shndx;
	program->code = (struct bpf_insn *)((char *)data->d_buf + symbol->st_value);
	program->program.code = (__u32)(symbol->st_value / sizeof(struct bpf_insn));
	program->program.nr_code = (__u32)(symbol->st_size / sizeof(struct bpf_insn));
	return program;
}

/* Functions that helpers call are in .text. */
static void add_program(const GElf_Sym *symbol, const char *name)
{
	struct flat_program *program = new_program(symbol, name);
	const char *section = section_name(symbol->st_shndx);

	if (!strcmp(section, ".text")) {
		flat.functions[flat.nr_functions++] = program;
		return;
	}
	program->program.name = flat_string(&flat, name);
	set_kind(&program->program, section);
	flat.programs[flat.nr_programs++] = program;
}

static void find_programs(void)
{
	GElf_Sym symbol;

	for (int i = 0; gelf_getsym(flat.symbols, i, &symbol); i++) {
		const char *name = elf_strptr(flat.elf, flat.symbol_strings, symbol.st_name);

		if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC)
			add_program(&symbol, name);
	}
}

static struct flat_program *find_at(struct flat_program *const list[], size_t n, size_t section,
				    __u32 at)
{
	for (size_t i = 0; i < n; i++) {
		const struct image_program *program = &list[i]->program;

		if (list[i]->section == section && at >= program->code &&
		    at < program->code + program->nr_code)
			return list[i];
	}
	return NULL;
}

struct flat_program *flat_program_at(struct flat *of, size_t section, size_t byte, __u32 *insn)
{
	__u32 at = (__u32)(byte / sizeof(struct bpf_insn));
	struct flat_program *program = find_at(of->programs, of->nr_programs, section, at);

	if (!program)
		program = find_at(of->functions, of->nr_functions, section, at);
	if (!program)
		flat_fail(of, "byte %zu of section %zu is of no program", byte, section);
	*insn = at - program->program.code;
	return program;
}

struct image_fixup *flat_fixup(struct flat *of, struct flat_program *program)
{
	if (program->nr_fixups == MAX_FIXUPS)
		flat_fail(of, "too many relocations");
	return &program->fixups[program->nr_fixups++];
}

/* ---- maps of .rodata and .bss ---- */

static int add_data(const char *section, __u32 flags, size_t *index)
{
	struct image_map *map = &flat.maps[flat.nr_maps];
	Elf_Scn *found = flat_section(&flat, section, index);
	GElf_Shdr header;

	if (!found || !gelf_getshdr(found, &header) || !header.sh_size)
		return -1;
	if (flat.nr_maps == MAX_MAPS)
		flat_fail(&flat, "too many maps");
	*map = (struct image_map){
		.name = flat_string(&flat, section),
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(__u32),
		.value_size = (__u32)header.sh_size,
		.entries = 1,
		.flags = flags | BPF_F_MMAPABLE,
	};
	return (int)flat.nr_maps++;
}

/* ---- relocations of the linker's kind ---- */

/* A helper is given the address of a function. */
static void add_callback(struct flat_program *program, __u32 insn, const GElf_Sym *symbol)
{
	size_t byte = symbol->st_value + (size_t)program->code[insn].imm;
	__u32 at;

	if (program->callback)
		flat_fail(&flat, "a program with two callbacks");
	program->callback = flat_program_at(&flat, symbol->st_shndx, byte, &at);
	program->called_at = insn;
	program->code[insn].src_reg = BPF_PSEUDO_FUNC;
	if (at)
		flat_fail(&flat, "a callback that begins within a function");
}

/* A reference to a map, to data, or to a symbol of the kernel. */
static void add_reference(struct flat_program *program, __u32 insn, const GElf_Sym *symbol)
{
	struct bpf_insn *code = &program->code[insn];
	struct image_fixup *fixup = flat_fixup(&flat, program);
	const char *name = elf_strptr(flat.elf, flat.symbol_strings, symbol->st_name);

	fixup->insn = insn;
	if (symbol->st_shndx == SHN_UNDEF) {
		fixup->kind = FIXUP_SYMBOL;
		fixup->of = flat_string(&flat, name);
	} else if (symbol->st_shndx == flat.maps_section) {
		fixup->kind = FIXUP_MAP;
		fixup->of = (__u32)flat_map_at(&flat, symbol->st_value);
	} else if (symbol->st_shndx == flat.rodata_section ||
		   symbol->st_shndx == flat.bss_section) {
		fixup->kind = FIXUP_VALUE;
		fixup->of = (__u32)(symbol->st_shndx == flat.rodata_section ? flat.constants
									    : flat.variables);
		code[1].imm = code[0].imm + (__s32)symbol->st_value;
		code[0].imm = 0;
	} else {
		flat_fail(&flat, "'%s' is neither a map nor data nor a symbol of the kernel", name);
	}
}

static bool has_programs(size_t section)
{
	for (size_t i = 0; i < flat.nr_programs; i++)
		if (flat.programs[i]->section == section)
			return true;
	for (size_t i = 0; i < flat.nr_functions; i++)
		if (flat.functions[i]->section == section)
			return true;
	return false;
}

static void read_references(Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Rel rel;

	for (int i = 0; gelf_getrel(data, i, &rel); i++) {
		GElf_Sym symbol;
		__u32 insn;
		struct flat_program *program =
			flat_program_at(&flat, header->sh_info, rel.r_offset, &insn);

		if (!gelf_getsym(flat.symbols, (int)GELF_R_SYM(rel.r_info), &symbol))
			flat_fail(&flat, "a relocation without a symbol");
		if (!image_is_wide(&program->code[insn]))
			flat_fail(&flat, "a program calls a function that is not inlined");
		if (symbol.st_shndx != SHN_UNDEF && has_programs(symbol.st_shndx))
			add_callback(program, insn, &symbol);
		else
			add_reference(program, insn, &symbol);
	}
}

static void find_references(void)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(flat.elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && header.sh_type == SHT_REL &&
		    has_programs(header.sh_info))
			read_references(section, &header);
	}
}

/* ---- callbacks ---- */

/* A program's callback follows it: the kernel knows one array of instructions for each. */
static void append_callback(struct flat_program *program)
{
	struct image_program *to = &program->program;
	const struct flat_program *callback = program->callback;
	const struct image_program *from = &callback->program;
	size_t n = to->nr_code + from->nr_code;
	struct bpf_insn *code = calloc(n, sizeof(*code));

	if (!code || callback->callback)
		flat_fail(&flat, "a callback with a callback");
	memcpy(code, program->code, to->nr_code * sizeof(*code));
	memcpy(code + to->nr_code, callback->code, from->nr_code * sizeof(*code));
	code[program->called_at].imm = (__s32)(to->nr_code - program->called_at - 1);
	for (__u32 i = 0; i < callback->nr_fixups; i++) {
		struct image_fixup *fixup = flat_fixup(&flat, program);

		*fixup = callback->fixups[i];
		fixup->insn += to->nr_code;
	}
	to->callback = to->nr_code;
	to->nr_code = (__u32)n;
	program->code = code;
}

static void append_callbacks(void)
{
	for (size_t i = 0; i < flat.nr_programs; i++)
		if (flat.programs[i]->callback)
			append_callback(flat.programs[i]);
}

/* ---- writing ---- */

/* Returns how many. */
static size_t write_code(const char *name)
{
	size_t n = 0;

	printf("IMAGE_DATA struct bpf_insn %s_code[] = {\n", name);
	for (size_t p = 0; p < flat.nr_programs; p++)
		for (__u32 i = 0; i < flat.programs[p]->program.nr_code; i++) {
			const struct bpf_insn *insn = &flat.programs[p]->code[i];

			printf("\t{ 0x%x, %u, %u, %d, %d },\n", insn->code, insn->dst_reg,
			       insn->src_reg, insn->off, insn->imm);
			n++;
		}
	printf("};\n\n");
	return n;
}

/* Returns how many. */
static size_t write_fixups(const char *name)
{
	__u32 code = 0;
	size_t n = 0;

	printf("IMAGE_DATA struct image_fixup %s_fixups[] = {\n", name);
	for (size_t p = 0; p < flat.nr_programs; p++) {
		const struct flat_program *program = flat.programs[p];

		for (size_t i = 0; i < program->nr_fixups; i++, n++) {
			const struct image_fixup *fixup = &program->fixups[i];

			printf("\t{ %u, %u, %u, %u, %u, %u, %u },\n", code + fixup->insn, fixup->of,
			       fixup->path, fixup->kind, fixup->size, fixup->is_signed,
			       fixup->is_pointer);
		}
		code += program->program.nr_code;
	}
	printf("};\n\n");
	return n;
}

static void write_maps(const char *name)
{
	printf("IMAGE_DATA struct image_map %s_maps[] = {\n", name);
	for (size_t i = 0; i < flat.nr_maps; i++) {
		const struct image_map *map = &flat.maps[i];

		printf("\t{ %u, %u, %u, %u, %u, %u }, /* %s */\n", map->name, map->type,
		       map->key_size, map->value_size, map->entries, map->flags,
		       flat.strings + map->name);
	}
	printf("};\n\n");
}

static void write_programs(const char *name)
{
	__u32 code = 0;

	printf("IMAGE_DATA struct image_program %s_programs[] = {\n", name);
	for (size_t i = 0; i < flat.nr_programs; i++) {
		const struct image_program *program = &flat.programs[i]->program;

		printf("\t{ %u, %u, %u, %u, %u, %u, %u, %u }, /* %s: %s */\n", program->name,
		       program->type, program->expected, program->section, code, program->nr_code,
		       program->flags, program->callback, flat.strings + program->name,
		       flat.strings + program->section);
		code += program->nr_code;
	}
	printf("};\n\n");
}

static void write_constants(const char *name)
{
	Elf_Scn *section = flat_section(&flat, ".rodata", NULL);
	Elf_Data *data = section && flat.constants >= 0 ? elf_getdata(section, NULL) : NULL;

	printf("IMAGE_DATA unsigned char %s_initial[] = {", name);
	for (size_t i = 0; data && i < data->d_size; i++)
		printf("%s%u,", i % 24 ? " " : "\n\t", ((const unsigned char *)data->d_buf)[i]);
	printf("\n\t0, /* behind the last */\n};\n\n");
}

static void write_strings(const char *name)
{
	printf("IMAGE_DATA char %s_strings[] =", name);
	for (size_t at = 0; at < flat.nr_strings; at += strlen(flat.strings + at) + 1)
		printf("\n\t\"%s\\0\"", flat.strings + at);
	printf(";\n\n");
}

static void write_image(const char *name)
{
	size_t nr_code, nr_fixups;

	printf("/* Made by core/load/flatten.c. */\n#include \"load/image.h\"\n\n");
	write_strings(name);
	nr_code = write_code(name);
	nr_fixups = write_fixups(name);
	write_maps(name);
	write_programs(name);
	write_constants(name);
	printf("static const struct bpf_image %s_image = {\n"
	       "\t.name = \"%s\",\n\t.strings = %s_strings,\n\t.code = %s_code,\n"
	       "\t.fixups = %s_fixups,\n\t.maps = %s_maps,\n\t.programs = %s_programs,\n"
	       "\t.nr_code = %zu,\n\t.nr_fixups = %zu,\n\t.nr_maps = %zu,\n\t.nr_programs = %zu,\n"
	       "\t.constants = %d,\n\t.variables = %d,\n\t.initial = %s_initial,\n};\n",
	       name, name, name, name, name, name, name, nr_code, nr_fixups, flat.nr_maps,
	       flat.nr_programs, flat.constants, flat.variables, name);
}

/* ---- all of it ---- */

static void open_object(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	GElf_Shdr header;
	Elf_Scn *symbols;

	flat.path = path;
	elf_version(EV_CURRENT);
	/* A copy of its own: references change the instructions. */
	flat.elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (!flat.elf)
		flat_fail(&flat, "cannot be read");
	flat.btf = btf__parse(path, NULL);
	symbols = flat_section(&flat, ".symtab", NULL);
	if (!flat.btf || !symbols || !gelf_getshdr(symbols, &header))
		flat_fail(&flat, "has no types or no symbols");
	flat.symbols = elf_getdata(symbols, NULL);
	flat.symbol_strings = header.sh_link;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: flatten IMAGE IMAGE.o > IMAGE.image.h\n");
		return 1;
	}
	open_object(argv[2]);
	flat_string(&flat, ""); /* offset 0: no name */
	flat_maps(&flat);
	flat.constants = add_data(".rodata", BPF_F_RDONLY_PROG, &flat.rodata_section);
	flat.variables = add_data(".bss", 0, &flat.bss_section);
	find_programs();
	find_references();
	flat_type_fixups(&flat);
	append_callbacks();
	write_image(argv[1]);
	return 0;
}
