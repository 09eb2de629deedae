// SPDX-License-Identifier: MIT
/* Build step: what the types of an object file say of its maps and of what it reads. */
#include "load/flatten.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"

static const struct btf_type *type_at(const struct flat *flat, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(flat->btf, id);

	if (!type)
		flat_fail(flat, "no type %u", id);
	return type;
}

static const char *name_of(const struct flat *flat, __u32 offset)
{
	const char *name = btf__name_by_offset(flat->btf, offset);

	return name ? name : "";
}

/* Without typedefs and qualifiers. */
static __u32 bare(const struct flat *flat, __u32 id)
{
	for (;;) {
		const struct btf_type *type = type_at(flat, id);

		if (!btf_is_mod(type) && !btf_is_typedef(type) &&
		    btf_kind(type) != BTF_KIND_TYPE_TAG)
			return id;
		id = type->type;
	}
}

static __u32 size_of(const struct flat *flat, __u32 id)
{
	return (__u32)btf__resolve_size(flat->btf, id);
}

/* ---- maps: a variable in .maps, of a struct whose members' types say what it is ---- */

/* __uint(member, number): a pointer to an array of so many. */
static __u32 number_of(const struct flat *flat, const struct btf_member *member)
{
	const struct btf_type *pointer = type_at(flat, bare(flat, member->type));

	return btf_array(type_at(flat, bare(flat, pointer->type)))->nelems;
}

/* __type(member, type): a pointer to it. */
static __u32 pointed_size(const struct flat *flat, const struct btf_member *member)
{
	return size_of(flat, type_at(flat, bare(flat, member->type))->type);
}

static void set_map(const struct flat *flat, struct image_map *map, const struct btf_member *member)
{
	const char *name = name_of(flat, member->name_off);

	if (!strcmp(name, "type"))
		map->type = number_of(flat, member);
	else if (!strcmp(name, "max_entries"))
		map->entries = number_of(flat, member);
	else if (!strcmp(name, "map_flags"))
		map->flags = number_of(flat, member);
	else if (!strcmp(name, "key_size"))
		map->key_size = number_of(flat, member);
	else if (!strcmp(name, "value_size"))
		map->value_size = number_of(flat, member);
	else if (!strcmp(name, "key"))
		map->key_size = pointed_size(flat, member);
	else if (!strcmp(name, "value"))
		map->value_size = pointed_size(flat, member);
	else
		flat_fail(flat, "a map has '%s', which nobody reads", name);
}

static void add_map(struct flat *flat, __u32 variable_id)
{
	const struct btf_type *variable = type_at(flat, variable_id);
	const struct btf_type *type = type_at(flat, bare(flat, variable->type));
	struct image_map *map = &flat->maps[flat->nr_maps++];

	if (flat->nr_maps > MAX_MAPS - 2)
		flat_fail(flat, "too many maps");
	map->name = flat_string(flat, name_of(flat, variable->name_off));
	for (int i = 0; i < btf_vlen(type); i++)
		set_map(flat, map, &btf_members(type)[i]);
}

void flat_maps(struct flat *flat)
{
	int id = btf__find_by_name_kind(flat->btf, ".maps", BTF_KIND_DATASEC);
	const struct btf_type *section;

	if (!flat_section(flat, ".maps", &flat->maps_section) || id < 0)
		return;
	section = type_at(flat, (__u32)id);
	for (int i = 0; i < btf_vlen(section); i++)
		add_map(flat, btf_var_secinfos(section)[i].type);
}

/* The symbol tells the name, and with it which of the maps. */
int flat_map_at(struct flat *flat, size_t offset)
{
	GElf_Sym symbol;

	for (int i = 0; gelf_getsym(flat->symbols, i, &symbol); i++) {
		const char *name = elf_strptr(flat->elf, flat->symbol_strings, symbol.st_name);

		if (symbol.st_shndx != flat->maps_section || symbol.st_value != offset ||
		    GELF_ST_TYPE(symbol.st_info) != STT_OBJECT)
			continue;
		for (size_t m = 0; m < flat->nr_maps; m++)
			if (!strcmp(flat->strings + flat->maps[m].name, name))
				return (int)m;
	}
	flat_fail(flat, "no map at byte %zu of .maps", offset);
}

/* ---- records of what depends on the kernel's types (CO-RE) ---- */

struct record { /* struct bpf_core_relo of include/uapi/linux/bpf.h */
	__u32 byte, type, access, kind;
};

static const __u8 kind_of[] = {
	[BPF_CORE_FIELD_BYTE_OFFSET] = FIXUP_OFFSET + 1,
	[BPF_CORE_FIELD_EXISTS] = FIXUP_EXISTS + 1,
	[BPF_CORE_TYPE_EXISTS] = FIXUP_EXISTS + 1,
	[BPF_CORE_TYPE_SIZE] = FIXUP_SIZE + 1,
};

/* "struct irq_desc"; what follows three underscores is ours alone (libbpf's flavours). */
static __u32 type_name(struct flat *flat, __u32 id)
{
	const struct btf_type *type = type_at(flat, id);
	char name[256];
	char *flavour;

	snprintf(name, sizeof(name), "%s%s",
		 btf_is_struct(type)	 ? "struct "
		 : btf_is_union(type)	 ? "union "
		 : btf_is_any_enum(type) ? "enum "
					 : "",
		 name_of(flat, type->name_off));
	flavour = strstr(name, "___");
	if (flavour)
		*flavour = '\0';
	return flat_string(flat, name);
}

struct path {
	char text[256];
	size_t used;
	__u32 type; /* what it leads to */
};

/* One step of an access: a member of a struct, which may be anonymous, or an element. */
static void step(const struct flat *flat, struct path *path, unsigned int index)
{
	const struct btf_type *type = type_at(flat, path->type = bare(flat, path->type));
	char *end = path->text + path->used;
	size_t room = sizeof(path->text) - path->used;
	int n = 0;

	if (btf_is_array(type)) {
		n = snprintf(end, room, ".%u", index);
		path->type = btf_array(type)->type;
	} else if (btf_is_composite(type) && index < btf_vlen(type)) {
		const struct btf_member *member = &btf_members(type)[index];
		const char *name = name_of(flat, member->name_off);

		if (btf_member_bitfield_size(type, index))
			flat_fail(flat, "'%s' is a bitfield, which is not read by an offset alone",
				  name);
		if (*name)
			n = snprintf(end, room, ".%s", name);
		path->type = member->type;
	} else {
		flat_fail(flat, "an access leads nowhere");
	}
	if (n < 0 || (size_t)n >= room)
		flat_fail(flat, "an access is too long: %s", path->text);
	path->used += (size_t)n;
}

/* "0:1:2": the object at the pointer itself, then its members by number. */
static void read_access(const struct flat *flat, const char *access, struct path *path)
{
	unsigned int index;
	int n;

	if (sscanf(access, "%u%n", &index, &n) != 1 || index)
		flat_fail(flat, "an access to something else than what a pointer points to: %s",
			  access);
	while (access += n, sscanf(access, ":%u%n", &index, &n) == 1)
		step(flat, path, index);
}

static void set_member(const struct flat *flat, struct image_fixup *fixup, __u32 id)
{
	const struct btf_type *type = type_at(flat, bare(flat, id));

	fixup->is_pointer = btf_is_ptr(type);
	fixup->is_signed = btf_is_int(type) && btf_int_encoding(type) & BTF_INT_SIGNED;
	if (btf_is_int(type) || btf_is_ptr(type) || btf_is_any_enum(type))
		fixup->size = (__u8)size_of(flat, id);
}

static void add_record(struct flat *flat, size_t section, const struct record *record)
{
	__u32 insn;
	struct flat_program *program = flat_program_at(flat, section, record->byte, &insn);
	struct image_fixup *fixup = flat_fixup(flat, program);
	struct path path = { .type = record->type };

	if (record->kind >= ARRAY_SIZE(kind_of) || !kind_of[record->kind])
		flat_fail(flat, "asks for something of a type that fixup.c does not know (kind %u)",
			  record->kind);
	read_access(flat, name_of(flat, record->access), &path);
	fixup->insn = insn;
	fixup->kind = kind_of[record->kind] - 1;
	fixup->of = type_name(flat, record->type);
	fixup->path = path.used ? flat_string(flat, path.text + 1) : 0;
	if (fixup->kind == FIXUP_OFFSET)
		set_member(flat, fixup, path.type);
}

/* struct btf_ext_header of libbpf, as far as it matters here. */
struct ext_header {
	__u16 magic;
	__u8 version, flags;
	__u32 header, function_at, function_bytes, line_at, line_bytes, record_at, record_bytes;
};

struct ext_section {
	__u32 name, n;
};

/* All records: of what size each is, then those of each section of programs. */
static void read_records(struct flat *flat, const char *data, size_t size)
{
	const char *at = data + sizeof(__u32), *end = data + size;
	__u32 record_size;

	memcpy(&record_size, data, sizeof(record_size));
	if (record_size < sizeof(struct record))
		flat_fail(flat, "records of %u bytes", record_size);
	while (at + sizeof(struct ext_section) <= end) {
		struct ext_section of;
		size_t section;

		memcpy(&of, at, sizeof(of));
		at += sizeof(of);
		if (!flat_section(flat, name_of(flat, of.name), &section) ||
		    at + (size_t)of.n * record_size > end)
			flat_fail(flat, "records of a section that is not there");
		for (__u32 i = 0; i < of.n; i++, at += record_size)
			add_record(flat, section, (const struct record *)(const void *)at);
	}
}

void flat_type_fixups(struct flat *flat)
{
	Elf_Scn *section = flat_section(flat, ".BTF.ext", NULL);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	const struct ext_header *header = data ? data->d_buf : NULL;

	if (!header || data->d_size < sizeof(*header) ||
	    header->header < offsetof(struct ext_header, record_bytes) + sizeof(__u32) ||
	    !header->record_bytes)
		return;
	if (header->header + (size_t)header->record_at + header->record_bytes > data->d_size)
		flat_fail(flat, ".BTF.ext ends before its records");
	read_records(flat, (const char *)data->d_buf + header->header + header->record_at,
		     header->record_bytes);
}
