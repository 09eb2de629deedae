// SPDX-License-Identifier: MIT
#include "kernel/dwarf.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "kernel/dwarf_btf.h"
#include "kernel/elfsection.h"

/* ---- the file ---- */

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "out of memory for types in DWARF");
}

static int no_dwarf(const char *path, struct error *err)
{
	return error_set(err, -ENOENT, "%s: no DWARF: %s", path, libdw.dwfl_errmsg(-1));
}

static int check_order(Elf *elf, const char *path, struct error *err)
{
	static const uint16_t one = 1;
	GElf_Ehdr header;

	if (libdw.gelf_getehdr(elf, &header) &&
	    (header.e_ident[EI_DATA] == ELFDATA2LSB) != *(const uint8_t *)&one)
		return error_set(err, -EINVAL, "%s is of a machine with the other byte order",
				 path);
	return 0;
}

/* Returns the section's number, or 0. */
static size_t find_section(Elf *elf, const char *wanted, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (libdw.elf_getshdrstrndx(elf, &names))
		return 0;
	while ((section = libdw.elf_nextscn(elf, section))) {
		const char *name = NULL;

		if (libdw.gelf_getshdr(section, header))
			name = libdw.elf_strptr(elf, names, header->sh_name);
		if (name && !strcmp(name, wanted))
			return libdw.elf_ndxscn(section);
	}
	return 0;
}

static int note_symbols_at_zero(Dwfl_Module *module, size_t section, struct dwarf_map *names,
				struct error *err)
{
	int n = libdw.dwfl_module_getsymtab(module);

	for (int i = 0; i < n; i++) {
		GElf_Sym symbol;
		GElf_Word index;
		const char *name = libdw.dwfl_module_getsym(module, i, &symbol, &index);
		uint64_t *known;

		if (!name || index != section || symbol.st_value)
			continue;
		known = dwarf_map_at(names, dwarf_mix_text(1, name));
		if (!known)
			return no_memory(err);
		*known = 1;
	}
	return 0;
}

static int find_percpu(Dwfl_Module *module, Elf *elf, struct dwarf_percpu *percpu,
		       struct error *err)
{
	GElf_Shdr header;
	size_t section = find_section(elf, ".data..percpu", &header);

	*percpu = (struct dwarf_percpu){ .size = 0 };
	if (!section || header.sh_size > UINT32_MAX)
		return 0;
	percpu->start = header.sh_addr;
	percpu->size = header.sh_size;
	return percpu->start ? 0 : note_symbols_at_zero(module, section, &percpu->at_zero, err);
}

/* ---- the types ---- */

static int keep(const struct btf *btf, int *fd, struct error *err)
{
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	int file = memfd_create("types", MFD_CLOEXEC);

	if (!data || file < 0 || write(file, data, size) != (ssize_t)size) {
		if (file >= 0)
			close(file);
		return no_memory(err);
	}
	*fd = file;
	return 0;
}

static int convert(Dwarf *dwarf, struct dwarf_percpu *percpu, int *fd, struct error *err)
{
	struct dwarf_types types = { .nodes = NULL };
	struct btf *btf = btf__new_empty();
	int code = btf ? dwarf_types_number(&types, dwarf, err) : no_memory(err);

	if (!code)
		code = dwarf_btf_write(&types, percpu, btf, err);
	if (!code)
		code = keep(btf, fd, err);
	btf__free(btf);
	dwarf_types_free(&types);
	return code;
}

static int read_module(Dwfl_Module *module, const char *path, int *fd, struct error *err)
{
	struct dwarf_percpu percpu;
	Dwarf_Addr bias;
	Elf *elf = libdw.dwfl_module_getelf(module, &bias);
	int code = elf ? check_order(elf, path, err) : no_dwarf(path, err);
	Dwarf *dwarf = code ? NULL : libdw.dwfl_module_getdwarf(module, &bias);

	if (code)
		return code;
	if (!dwarf)
		return no_dwarf(path, err);
	code = find_percpu(module, elf, &percpu, err);
	if (!code)
		code = convert(dwarf, &percpu, fd, err);
	dwarf_map_free(&percpu.at_zero);
	return code ? error_prefix(err, "%s", path) : 0;
}

static bool has_dwarf(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t start, size;

	return fd >= 0 && (!elfsection_find(fd, ".debug_info", &start, &size) ||
			   !elfsection_find(fd, ".zdebug_info", &start, &size));
}

/* Without libdw nobody can look beside the file; but what is in it must be told. */
static int load(const char *path, struct error *err)
{
	int code = libdw_load(err);

	if (!code || has_dwarf(path))
		return code ? error_prefix(err, "%s", path) : 0;
	return error_set(err, -ENOENT, "%s: no DWARF", path);
}

int dwarf_to_btf(const char *path, int *fd, struct error *err)
{
	Dwfl_Callbacks callbacks;
	Dwfl_Module *module;
	Dwfl *dwfl;
	int code = load(path, err);

	if (code)
		return code;
	callbacks = (Dwfl_Callbacks){
		.find_debuginfo = libdw.dwfl_standard_find_debuginfo,
		.section_address = libdw.dwfl_offline_section_address,
	};
	dwfl = libdw.dwfl_begin(&callbacks);
	module = dwfl ? libdw.dwfl_report_offline(dwfl, "", path, -1) : NULL;
	if (dwfl)
		libdw.dwfl_report_end(dwfl, NULL, NULL);
	code = module ? read_module(module, path, fd, err) : no_dwarf(path, err);
	libdw.dwfl_end(dwfl);
	/* Most of it was needed for a moment only. */
	malloc_trim(0);
	return code;
}
