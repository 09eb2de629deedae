// SPDX-License-Identifier: MIT
#include "kernel/elfsection.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>

int elfsection_find(int fd, const char *wanted, uint64_t *start, uint64_t *size)
{
	Elf *elf;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;
	int code = -ENOENT;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names)) {
		elf_end(elf);
		return -ENOENT;
	}
	while (code && (section = elf_nextscn(elf, section))) {
		const char *name = NULL;

		if (gelf_getshdr(section, &header) == &header)
			name = elf_strptr(elf, names, header.sh_name);
		if (!name || strcmp(name, wanted) != 0 || header.sh_type == SHT_NOBITS)
			continue;
		*start = header.sh_offset;
		*size = header.sh_size;
		code = *size ? 0 : -ENOENT;
	}
	elf_end(elf);
	return code;
}
