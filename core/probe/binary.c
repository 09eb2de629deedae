// SPDX-License-Identifier: MIT
#include "probe/binary.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"

struct file {
	int fd;
	Elf *elf;
};

static void close_file(struct file *file)
{
	if (file->elf)
		elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
}

static int open_file(const char *path, struct file *file, struct error *err)
{
	elf_version(EV_CURRENT);
	*file = (struct file){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (file->fd < 0)
		return error_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
	if (file->elf && elf_kind(file->elf) == ELF_K_ELF)
		return 0;
	close_file(file);
	return error_set(err, -ENOEXEC, "%s is no program or library (ELF)", path);
}

/* Where in the file an address lies, in a segment with all these flags. */
static bool to_offset(Elf *elf, uint64_t address, uint32_t flags, uint64_t *offset)
{
	size_t n = 0;

	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    (segment.p_flags & flags) != flags)
			continue;
		if (address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz) {
			*offset = address - segment.p_vaddr + segment.p_offset;
			return true;
		}
	}
	return false;
}

/* ---- functions ---- */

struct search {
	Elf *elf;
	const char *name;
	bool found, is_indirect;
	uint64_t offset;
};

/* Returns whether the search is over. */
static bool look_at(struct search *search, const GElf_Shdr *header, const GElf_Sym *symbol)
{
	const char *name = elf_strptr(search->elf, header->sh_link, symbol->st_name);

	if (symbol->st_shndx == SHN_UNDEF || !name || strcmp(name, search->name) != 0)
		return false;
	search->is_indirect |= GELF_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC;
	search->found = GELF_ST_TYPE(symbol->st_info) == STT_FUNC &&
			to_offset(search->elf, symbol->st_value, PF_X, &search->offset);
	return search->found;
}

static void search_section(struct search *search, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++)
		if (look_at(search, header, &symbol))
			return;
}

static void search_sections(struct search *search)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while (!search->found && (section = elf_nextscn(search->elf, section)))
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			search_section(search, section, &header);
}

int binary_function(const char *path, const char *name, uint64_t *offset, struct error *err)
{
	struct search search = { .name = name };
	struct file file;
	int code = open_file(path, &file, err);

	if (code)
		return code;
	search.elf = file.elf;
	search_sections(&search);
	close_file(&file);
	*offset = search.offset;
	if (search.found)
		return 0;
	if (search.is_indirect)
		return error_set(err, -EINVAL,
				 "%s of %s is chosen when the program starts (an indirect "
				 "function): name the one that it chooses",
				 name, path);
	return error_set(err, -ENOENT, "%s has no function %s among its symbols", path, name);
}

/* ---- markers ---- */

/* What a note of SystemTap's markers begins with (sys/sdt.h), on 64-bit machines. */
struct marker_note {
	uint64_t place, base, semaphore;
};
enum { MARKER_NOTE = 3 };

/* Addresses in notes are as the file was linked; prelink may have moved the base since. */
static uint64_t base_address(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return 0;
	while ((section = elf_nextscn(elf, section))) {
		const char *name = gelf_getshdr(section, &header)
					   ? elf_strptr(elf, names, header.sh_name)
					   : NULL;

		if (name && !strcmp(name, ".stapsdt.base"))
			return header.sh_addr;
	}
	return 0;
}

/* The next string up to end; NULL if it does not end there. */
static const char *next_string(const char **at, const char *end)
{
	const char *start = *at,
		   *zero = start < end ? memchr(start, '\0', (size_t)(end - start)) : NULL;

	if (!zero)
		return NULL;
	*at = zero + 1;
	return start;
}

static int add_marker(struct binary_markers *markers, const struct binary_marker *found)
{
	struct binary_marker *list = array_room(markers->list, markers->n, sizeof(*list));
	struct binary_marker *marker;

	if (!list)
		return -ENOMEM;
	markers->list = list;
	marker = &list[markers->n++];
	*marker = *found;
	marker->provider = strdup(found->provider);
	marker->name = strdup(found->name);
	marker->arguments = strdup(found->arguments);
	return marker->provider && marker->name && marker->arguments ? 0 : -ENOMEM;
}

/* A note that is damaged, or of a place that is not in the file, is none of ours. */
static int take_note(Elf *elf, uint64_t base, const char *bytes, size_t size,
		     struct binary_markers *markers)
{
	const char *end = bytes + size, *at = bytes + sizeof(struct marker_note);
	struct binary_marker marker = { 0 };
	struct marker_note note;
	uint64_t moved;

	if (size < sizeof(note))
		return 0;
	memcpy(&note, bytes, sizeof(note));
	moved = base ? base - note.base : 0;
	marker.provider = (char *)(uintptr_t)next_string(&at, end);
	marker.name = (char *)(uintptr_t)next_string(&at, end);
	marker.arguments = (char *)(uintptr_t)next_string(&at, end);
	if (!marker.arguments || !to_offset(elf, note.place + moved, PF_X, &marker.offset))
		return 0;
	if (note.semaphore && !to_offset(elf, note.semaphore + moved, PF_W, &marker.semaphore))
		return 0;
	return add_marker(markers, &marker);
}

static int take_notes(Elf *elf, uint64_t base, Elf_Data *data, struct binary_markers *markers)
{
	size_t at = 0, name, bytes;
	GElf_Nhdr header;
	int code = 0;

	while (!code && (at = gelf_getnote(data, at, &header, &name, &bytes))) {
		const char *all = data->d_buf;

		if (header.n_type == MARKER_NOTE && header.n_namesz == sizeof("stapsdt") &&
		    !memcmp(all + name, "stapsdt", sizeof("stapsdt")))
			code = take_note(elf, base, all + bytes, header.n_descsz, markers);
	}
	return code;
}

int binary_markers(const char *path, struct binary_markers *markers, struct error *err)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	struct file file;
	uint64_t base;
	int code;

	*markers = (struct binary_markers){ 0 };
	code = open_file(path, &file, err);
	if (code)
		return code;
	base = base_address(file.elf);
	while (!code && (section = elf_nextscn(file.elf, section))) {
		Elf_Data *data = gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE
					 ? elf_getdata(section, NULL)
					 : NULL;

		if (data)
			code = take_notes(file.elf, base, data, markers);
	}
	close_file(&file);
	return code ? error_set(err, code, "%s: no memory for its markers", path) : 0;
}

void binary_markers_free(struct binary_markers *markers)
{
	for (size_t i = 0; i < markers->n; i++) {
		free(markers->list[i].provider);
		free(markers->list[i].name);
		free(markers->list[i].arguments);
	}
	free(markers->list);
	*markers = (struct binary_markers){ 0 };
}
