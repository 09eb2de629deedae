/* SPDX-License-Identifier: MIT */
/* Build step: what flatten.c knows of an object file. Not part of the binary. */
#ifndef SHARK_FLATTEN_H
#define SHARK_FLATTEN_H

#include <bpf/btf.h>
#include <gelf.h>
#include <linux/bpf.h>
#include <stddef.h>

#include "load/image.h"

enum {
	MAX_MAPS = 32,
	MAX_PROGRAMS = 64,
	MAX_FIXUPS = 8192,
	MAX_STRINGS = 65536,
};

struct flat {
	const char *path;
	Elf *elf;
	struct btf *btf;
	Elf_Data *symbols;
	size_t symbol_strings; /* section of their names */
	size_t maps_section, rodata_section, bss_section;
	char strings[MAX_STRINGS];
	size_t nr_strings;
	struct image_map maps[MAX_MAPS];
	size_t nr_maps;
	int constants, variables;
	struct flat_program {
		struct image_program program;
		size_t section;
		struct bpf_insn *code;
		size_t nr_fixups;
		struct flat_program *callback; /* a function that one of its helpers calls */
		__u32 called_at;	       /* the instruction that has its address */
		struct image_fixup fixups[MAX_FIXUPS];
	} * programs[MAX_PROGRAMS], *functions[MAX_PROGRAMS];
	size_t nr_programs, nr_functions;
};

/* Ends the build with a message that begins with the path. */
void flat_fail(const struct flat *flat, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* The offset of a string in flat->strings, which has it from then on. */
__u32 flat_string(struct flat *flat, const char *text);

/* The program or function of a section that has the instruction, and its index there. */
struct flat_program *flat_program_at(struct flat *flat, size_t section, size_t byte, __u32 *insn);

struct image_fixup *flat_fixup(struct flat *flat, struct flat_program *program);

/* Index of the map that a variable in .maps is, or fails. */
int flat_map_at(struct flat *flat, size_t offset);

/* Reads the maps of .maps, from their types (flatten_types.c). */
void flat_maps(struct flat *flat);

/* Reads the records of .BTF.ext: what depends on the kernel's types. */
void flat_type_fixups(struct flat *flat);

/* A section by name, or by number; NULL if there is none. */
Elf_Scn *flat_section(struct flat *flat, const char *name, size_t *index);

#endif
