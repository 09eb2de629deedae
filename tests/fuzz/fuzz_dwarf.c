// SPDX-License-Identifier: MIT
/*
 * DWARF of any bytes, in an ELF file of two sections: the first bytes of the input are the
 * abbreviations, the others the entries. BTF or an error, in finite time, from memory of ours.
 */
#include <elf.h>
#include <string.h>

#include "fuzz.h"
#include "kernel/btf.h"
#include "kernel/dwarf.h"

enum { ABBREVIATIONS = 1024 }; /* as tests/fuzz/dwarf_seed has them */

static const char names[] = "\0.debug_abbrev\0.debug_info\0.names";

struct file {
	Elf64_Ehdr header;
	Elf64_Shdr sections[4];
	char names[sizeof(names)];
};

static Elf64_Shdr section_of(uint32_t name, uint32_t type, uint64_t offset, uint64_t size)
{
	return (Elf64_Shdr){
		.sh_name = name,
		.sh_type = type,
		.sh_offset = offset,
		.sh_size = size,
		.sh_addralign = 1,
	};
}

static struct file file_of(size_t size)
{
	uint64_t end = sizeof(struct file);
	struct file file = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_shoff = offsetof(struct file, sections),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 4,
			.e_shstrndx = 3,
		},
		.sections = {
			[1] = section_of(1, SHT_PROGBITS, end, ABBREVIATIONS),
			[2] = section_of(15, SHT_PROGBITS, end + ABBREVIATIONS, size - ABBREVIATIONS),
			[3] = section_of(27, SHT_STRTAB, offsetof(struct file, names), sizeof(names)),
		},
	};

	memcpy(file.names, names, sizeof(names));
	return file;
}

/* What was written must be BTF to the last type. */
static void check(int types)
{
	struct btf_reader *reader;
	char path[32];
	struct error err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", types);
	if (btf_open(path, BTF_FILE, NULL, &reader, &err) || btf_check(reader, &err)) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	btf_close(reader);
	close(types);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err;
	uint8_t *bytes;
	struct file file;
	char path[32];
	int fd, types;

	if (size <= ABBREVIATIONS)
		return 0;
	file = file_of(size);
	bytes = malloc(sizeof(file) + size);
	if (!bytes)
		abort();
	memcpy(bytes, &file, sizeof(file));
	memcpy(bytes + sizeof(file), data, size);
	fd = fuzz_file(bytes, sizeof(file) + size, path);
	if (!dwarf_to_btf(path, &types, &err))
		check(types);
	free(bytes);
	close(fd);
	return 0;
}
