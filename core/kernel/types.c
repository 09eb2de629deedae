// SPDX-License-Identifier: MIT
#include "kernel/types.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/btf.h"
#include "kernel/btf_sources.h"
#include "kernel/debuginfo.h"
#include "kernel/kernel.h"

enum {
	/* Typedefs, qualifiers and arrays in a chain; anonymous structs in one another. */
	MAX_DEPTH = 32,
	/* Members looked at for one name; the kernel's largest struct has some hundreds. */
	MAX_LOOKS = 100000,
	MAX_NAME = 256,
};

/* ---- one type ---- */

/* A type in a source: what an id says. */
struct place {
	struct btf_reader *btf;
	uint32_t source;
	uint32_t id;
};

static struct place place_in(uint32_t source, uint32_t id)
{
	return (struct place){
		.btf = btf_source_at(source)->reader,
		.source = source,
		.id = id,
	};
}

static int place_of(uint64_t id, struct place *place, struct error *err)
{
	const struct btf_place *source = btf_source_at((uint32_t)(id >> 32));

	*place = (struct place){ .btf = NULL };
	if (!source || !source->reader)
		return error_set(err, -EINVAL, "no type has the id 0x%llx", (unsigned long long)id);
	*place = place_in((uint32_t)(id >> 32), (uint32_t)id);
	return 0;
}

static int damaged(const struct place *place, struct error *err)
{
	return error_set(err, -EINVAL, "the BTF is damaged: type %u", place->id);
}

static bool is_skipped(const struct btf_type *t)
{
	return btf_is_mod(t) || btf_is_typedef(t) || btf_kind(t) == BTF_KIND_TYPE_TAG ||
	       btf_kind(t) == BTF_KIND_VAR;
}

/* Follows typedefs and qualifiers. NULL when they lead nowhere. */
static const struct btf_type *resolve(struct place *place, const char **alias)
{
	*alias = "";
	for (int i = 0; i < MAX_DEPTH; i++) {
		const struct btf_type *t = btf_type_at(place->btf, place->id);

		if (!t || !is_skipped(t))
			return t;
		if (btf_is_typedef(t))
			*alias = btf_string_at(place->btf, t->name_off);
		place->id = t->type;
	}
	return NULL;
}

static int fill(struct place place, int depth, struct type *type, struct error *err);

static void fill_int(const struct btf_type *t, struct type *type)
{
	uint8_t encoding = btf_int_encoding(t);

	type->size = t->size;
	type->is_signed = encoding & BTF_INT_SIGNED;
	type->kind = TYPE_INT;
	if (encoding & BTF_INT_BOOL)
		type->kind = TYPE_BOOL;
	else if (t->size == 1 && !strcmp(type->name, "char"))
		type->kind = TYPE_CHAR;
}

static void fill_enum(const struct btf_type *t, struct type *type)
{
	type->kind = TYPE_ENUM;
	type->size = t->size;
	type->count = btf_vlen(t);
	/* Enums of 32 bits tell since BTF has a flag for it; without it they are signed. */
	type->is_signed = btf_kflag(t) || (btf_is_enum(t) && t->size == 4);
}

static int fill_array(const struct place *place, const struct btf_type *t, int depth,
		      struct type *type, struct error *err)
{
	struct place element = *place;
	struct type of = { .kind = TYPE_VOID };
	int code;

	element.id = btf_array(t)->type;
	code = fill(element, depth + 1, &of, err);
	if (code)
		return code;
	type->kind = TYPE_ARRAY;
	type->count = btf_array(t)->nelems;
	if (__builtin_mul_overflow(of.size, (uint64_t)type->count, &type->size))
		return damaged(place, err);
	return 0;
}

static int fill_by_kind(const struct place *place, const struct btf_type *t, int depth,
			struct type *type, struct error *err)
{
	switch (btf_kind(t)) {
	case BTF_KIND_UNKN:
		type->kind = TYPE_VOID;
		return 0;
	case BTF_KIND_INT:
		fill_int(t, type);
		return 0;
	case BTF_KIND_FLOAT:
		type->kind = TYPE_FLOAT;
		type->size = t->size;
		return 0;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		fill_enum(t, type);
		return 0;
	case BTF_KIND_PTR:
		type->kind = TYPE_POINTER;
		type->size = btf_pointer_size(place->btf);
		return 0;
	case BTF_KIND_ARRAY:
		return fill_array(place, t, depth, type, err);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		type->kind = btf_is_struct(t) ? TYPE_STRUCT : TYPE_UNION;
		type->size = t->size;
		type->count = btf_vlen(t);
		return 0;
	case BTF_KIND_FWD:
		type->kind = TYPE_DECLARED;
		type->is_union = btf_kflag(t);
		return 0;
	case BTF_KIND_FUNC:
	case BTF_KIND_FUNC_PROTO:
		type->kind = TYPE_FUNCTION;
		return 0;
	default:
		return damaged(place, err);
	}
}

/* What a module's types have in common with the kernel's is the kernel's. */
static void to_base(struct place *place)
{
	if (btf_is_of_base(place->btf, place->id))
		*place = place_in(btf_source_of_kernel(NULL), place->id);
}

static int fill(struct place place, int depth, struct type *type, struct error *err)
{
	const char *alias;
	const struct btf_type *t = resolve(&place, &alias);

	if (!t || depth > MAX_DEPTH)
		return damaged(&place, err);
	to_base(&place);
	*type = (struct type){
		.id = types_id(place.source, place.id),
		.name = btf_string_at(place.btf, t->name_off),
	};
	if (!*type->name)
		type->name = alias;
	return fill_by_kind(&place, t, depth, type, err);
}

int types_get(uint64_t id, struct type *type, struct error *err)
{
	struct place place;
	int code = place_of(id, &place, err);

	return code ? code : fill(place, 0, type, err);
}

/* The BTF of a type that another call gave. */
static const struct btf_type *raw(const struct type *type, struct place *place, struct error *err)
{
	const struct btf_type *t;

	if (place_of(type->id, place, err))
		return NULL;
	t = btf_type_at(place->btf, place->id);
	if (!t)
		damaged(place, err);
	return t;
}

int types_target(const struct type *type, struct type *target, struct error *err)
{
	struct place place;
	const struct btf_type *t = raw(type, &place, err);

	if (!t)
		return -EINVAL;
	if (type->kind != TYPE_POINTER && type->kind != TYPE_ARRAY)
		return error_set(err, -EINVAL, "'%s' is neither pointer nor array", type->name);
	place.id = type->kind == TYPE_POINTER ? t->type : btf_array(t)->type;
	return fill(place, 0, target, err);
}

int types_enumerator(const struct type *type, uint32_t i, const char **name, uint64_t *value,
		     struct error *err)
{
	struct place place;
	const struct btf_type *t = raw(type, &place, err);

	if (!t)
		return -EINVAL;
	if (type->kind != TYPE_ENUM || i >= type->count)
		return error_set(err, -EINVAL, "'%s' has no enumerator %u", type->name, i);
	if (btf_is_enum(t)) {
		*name = btf_string_at(place.btf, btf_enum(t)[i].name_off);
		*value = type->is_signed ? (uint64_t)(int64_t)btf_enum(t)[i].val
					 : (uint32_t)btf_enum(t)[i].val;
		return 0;
	}
	*name = btf_string_at(place.btf, btf_enum64(t)[i].name_off);
	*value = btf_enum64_value(&btf_enum64(t)[i]);
	return 0;
}

/* ---- members ---- */

/* Before bitfields had a size of their own (2018), their type told it. */
static void fill_old_bitfield(const struct btf_type *t, struct type_member *member)
{
	if (!btf_is_int(t) || (btf_int_bits(t) == t->size * 8 && !btf_int_offset(t)))
		return;
	member->bits = btf_int_bits(t);
	member->bit_offset += btf_int_offset(t);
}

static bool fits(const struct type *type, const struct type_member *member)
{
	uint64_t bits = member->bits ? member->bits : member->type.size * 8;

	return member->bits <= 64 && member->type.size < UINT64_MAX / 8 &&
	       member->bit_offset <= type->size * 8 &&
	       bits <= type->size * 8 - member->bit_offset &&
	       (member->bits || !(member->bit_offset % 8));
}

int types_member(const struct type *type, uint32_t i, struct type_member *member, struct error *err)
{
	struct place place;
	const struct btf_type *t = raw(type, &place, err), *of;
	int code;

	if (!t)
		return -EINVAL;
	if ((type->kind != TYPE_STRUCT && type->kind != TYPE_UNION) || i >= type->count)
		return error_set(err, -EINVAL, "'%s' has no member %u", type->name, i);
	*member = (struct type_member){
		.name = btf_string_at(place.btf, btf_members(t)[i].name_off),
		.bit_offset = btf_member_bit_offset(t, i),
		.bits = btf_member_bitfield_size(t, i),
	};
	place.id = btf_members(t)[i].type;
	code = fill(place, 0, &member->type, err);
	if (code)
		return code;
	of = raw(&member->type, &place, err);
	if (!member->bits && of)
		fill_old_bitfield(of, member);
	return fits(type, member) ? 0 : damaged(&place, err);
}

struct search {
	const char *name;
	size_t length;
	int looks;
};

static bool is_sought(const struct search *search, const char *name)
{
	return strlen(name) == search->length && !memcmp(name, search->name, search->length);
}

static int search_in(struct search *search, const struct type *type, int depth,
		     struct type_member *member, struct error *err);

/* Member i: the one sought, or an anonymous struct or union that has it. */
static int search_at(struct search *search, const struct type *type, uint32_t i, int depth,
		     struct type_member *member, struct error *err)
{
	int found = types_member(type, i, member, err);
	struct type_member inner;

	if (found)
		return found;
	if (*member->name)
		return is_sought(search, member->name);
	if (member->type.kind != TYPE_STRUCT && member->type.kind != TYPE_UNION)
		return 0;
	found = search_in(search, &member->type, depth + 1, &inner, err);
	if (found <= 0)
		return found;
	inner.bit_offset += member->bit_offset;
	*member = inner;
	return 1;
}

/* 1 when found, 0 when not, or a negative errno. */
static int search_in(struct search *search, const struct type *type, int depth,
		     struct type_member *member, struct error *err)
{
	struct place place;
	const struct btf_type *t = raw(type, &place, err);
	int found = t ? 0 : -EINVAL;

	for (uint32_t i = 0; !found && i < type->count; i++) {
		const char *name = btf_string_at(place.btf, btf_members(t)[i].name_off);

		if (++search->looks > MAX_LOOKS || depth > MAX_DEPTH)
			return error_set(err, -EINVAL, "the BTF is damaged: '%s' has no end",
					 type->name);
		if (!*name || is_sought(search, name))
			found = search_at(search, type, i, depth, member, err);
	}
	return found;
}

static int find_one(const struct type *type, const char *name, size_t length,
		    struct type_member *member, struct error *err)
{
	struct search search = { .name = name, .length = length };
	int found;

	if (type->kind != TYPE_STRUCT && type->kind != TYPE_UNION)
		return error_set(err, -ENOENT, "'%s' has no members", type->name);
	found = search_in(&search, type, 0, member, err);
	if (found < 0)
		return found;
	if (!found)
		return error_set(err, -ENOENT, "%s %s has no member '%.*s'",
				 type->kind == TYPE_UNION ? "union" : "struct", type->name,
				 (int)length, name);
	return 0;
}

int types_find_member(const struct type *type, const char *path, struct type_member *member,
		      struct error *err)
{
	struct type at = *type;
	uint64_t bit_offset = 0;

	for (;;) {
		size_t length = strcspn(path, ".");
		int code = find_one(&at, path, length, member, err);

		if (code)
			return code;
		member->bit_offset += bit_offset;
		if (!path[length])
			return 0;
		path += length + 1;
		bit_offset = member->bit_offset;
		at = member->type;
	}
}

/* ---- by name ---- */

/* What C calls an integer, and gcc in DWARF, of which BTF is made, in its own order of words. */
static const char *const aliases[][2] = {
	{ "long", "long int" },
	{ "unsigned long", "long unsigned int" },
	{ "unsigned", "unsigned int" },
	{ "short", "short int" },
	{ "unsigned short", "short unsigned int" },
	{ "long long", "long long int" },
	{ "unsigned long long", "long long unsigned int" },
	{ "bool", "_Bool" },
};

static const char *btf_name_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (!strcmp(aliases[i][0], name))
			return aliases[i][1];
	return name;
}

static const struct {
	const char *prefix;
	int kinds[3];
} prefixes[] = {
	{ "struct ", { BTF_KIND_STRUCT } },
	{ "union ", { BTF_KIND_UNION } },
	{ "enum ", { BTF_KIND_ENUM, BTF_KIND_ENUM64 } },
};

static const int bare_kinds[] = {
	BTF_KIND_TYPEDEF, BTF_KIND_INT,	 BTF_KIND_FLOAT,  BTF_KIND_STRUCT,
	BTF_KIND_UNION,	  BTF_KIND_ENUM, BTF_KIND_ENUM64, 0,
};

/* The name without "struct ", and which kinds that leaves. */
static const int *kinds_of(const char **name)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t length = strlen(prefixes[i].prefix);

		if (!strncmp(*name, prefixes[i].prefix, length)) {
			*name += length;
			return prefixes[i].kinds;
		}
	}
	return bare_kinds;
}

static int look_for(const struct kernel *kernel, struct btf_wanted *wanted, const char *module,
		    struct error *err)
{
	int code = btf_sources_find(kernel, module, wanted, 1, err);

	/* What a module has of its own goes before what the kernel has. */
	if (!code && !wanted->source && module && !debuginfo_btf_path(kernel))
		code = btf_source_find(btf_source_of_kernel(NULL), wanted, 1, err);
	return code;
}

int types_find(const struct kernel *kernel, const char *name, const char *module, struct type *type,
	       struct error *err)
{
	struct btf_wanted wanted = { .kinds = NULL };
	const char *bare = name;
	int code;

	if (strlen(name) > MAX_NAME)
		return error_set(err, -EINVAL, "'%.32s...' is too long for a type's name", name);
	wanted.kinds = kinds_of(&bare);
	wanted.name = btf_name_of(bare);
	code = look_for(kernel, &wanted, module, err);
	if (!code && !wanted.source && wanted.name != bare) {
		wanted.name = bare; /* clang's name */
		code = look_for(kernel, &wanted, module, err);
	}
	if (code)
		return code;
	if (wanted.source)
		return fill(place_in(wanted.source, wanted.id), 0, type, err);
	return error_set(err, -ENOENT, "there is no type '%s' in %s", name,
			 btf_sources_searched(kernel, module));
}

/* Where a variable is in a section, or NULL if it is not. */
static const struct btf_var_secinfo *place_of_variable(const struct btf_type *section, uint32_t id)
{
	for (int i = 0; i < btf_vlen(section); i++)
		if (btf_var_secinfos(section)[i].type == id)
			return &btf_var_secinfos(section)[i];
	return NULL;
}

static const int variable_kinds[] = { BTF_KIND_VAR, 0 };
static const int section_kinds[] = { BTF_KIND_DATASEC, 0 };

int types_variable(const struct kernel *kernel, const char *name, struct type_variable *variable,
		   struct error *err)
{
	struct btf_wanted wanted[] = {
		{ .name = name, .kinds = variable_kinds },
		{ .name = ".data..percpu", .kinds = section_kinds },
	};
	uint32_t source = btf_source(kernel, NULL, err);
	const struct btf_var_secinfo *at;
	const struct btf_type *section;
	struct place place;
	int code;

	if (!source)
		return err ? err->code : -ENOENT;
	place = place_in(source, 0);
	code = btf_find(place.btf, wanted, ARRAY_SIZE(wanted), err);
	if (code)
		return code;
	if (!wanted[0].id)
		return error_set(err, -ENOENT, "BTF does not tell the type of the variable '%s'",
				 name);
	section = wanted[1].id ? btf_type_at(place.btf, wanted[1].id) : NULL;
	at = section ? place_of_variable(section, wanted[0].id) : NULL;
	variable->is_per_cpu = at;
	variable->offset = at ? at->offset : 0;
	variable->btf_id = debuginfo_btf_path(kernel) ? 0 : wanted[0].id;
	place.id = wanted[0].id;
	return fill(place, 0, &variable->type, err);
}

uint32_t types_pointer_size(const struct kernel *kernel)
{
	uint32_t source = btf_source(kernel, NULL, NULL);

	return source ? btf_pointer_size(btf_source_at(source)->reader) : sizeof(void *);
}

void types_reset(const struct kernel *kernel)
{
	btf_sources_reset(kernel);
}
