// SPDX-License-Identifier: MIT
#include "kernel/types.h"

#include <bpf/btf.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/libbpf_error.h"
#include "kernel/debuginfo.h"

#define BTF_DIR "/sys/kernel/btf"

enum {
	/* Typedefs, qualifiers and arrays in a chain; anonymous structs in one another. */
	MAX_DEPTH = 32,
	/* Members looked at for one name; the kernel's largest struct has some hundreds. */
	MAX_LOOKS = 100000,
	MAX_NAME = 256,
};

/* ---- sources ---- */

/* One BTF: of the kernel or of a file (module is NULL), or of a module. */
struct source {
	struct btf *btf; /* NULL: could not be read, with the reason */
	char *module;
	char *path;
	struct error why;
};

/* Sources stay once they are read: ids and names point into them. */
static struct {
	struct source *sources;
	uint32_t count;
} state;

static struct source *add_source(const char *module, const char *path)
{
	struct source *more = realloc(state.sources, (state.count + 1) * sizeof(struct source));
	struct source *source;

	if (!more)
		return NULL;
	state.sources = more;
	source = &more[state.count];
	*source = (struct source){
		.module = module ? strdup(module) : NULL,
		.path = path ? strdup(path) : NULL,
	};
	state.count++;
	return source;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static struct source *known_source(const char *module, const char *path)
{
	for (uint32_t i = 0; i < state.count; i++)
		if (same(state.sources[i].module, module) && same(state.sources[i].path, path))
			return &state.sources[i];
	return NULL;
}

static struct btf *load_base(const char *path)
{
	return path ? btf__parse(path, NULL) : btf__load_vmlinux_btf();
}

/* path: of a file, or NULL for the running kernel. */
static const struct source *base_source(const char *path)
{
	struct source *source = known_source(NULL, path);

	if (source)
		return source;
	source = add_source(NULL, path);
	if (!source)
		return NULL;
	libbpf_error_watch();
	source->btf = load_base(path);
	if (!source->btf)
		libbpf_error_set(&source->why, -errno, "cannot read the kernel's types from %s",
				 path ? path : BTF_DIR "/vmlinux");
	return source;
}

static const struct source *module_source(const char *module)
{
	struct source *source = known_source(module, NULL);
	const struct source *base = base_source(NULL);
	struct btf *kernel = base ? base->btf : NULL;

	if (source || !kernel)
		return source ? source : base;
	source = add_source(module, NULL);
	if (!source)
		return NULL;
	libbpf_error_watch();
	source->btf = btf__load_module_btf(module, kernel);
	if (!source->btf)
		libbpf_error_set(&source->why, -errno,
				 "cannot read the types of module %s from " BTF_DIR "/%s", module,
				 module);
	return source;
}

static int check_source(const struct source *source, struct error *err)
{
	if (!source)
		return error_set(err, -ENOMEM, "out of memory for types");
	if (source->btf)
		return 0;
	return error_set(err, source->why.code, "%s", source->why.text);
}

void types_reset(void)
{
	/* Modules come after the kernel they are based on. */
	while (state.count) {
		struct source *source = &state.sources[--state.count];

		btf__free(source->btf);
		free(source->module);
		free(source->path);
	}
	free(state.sources);
	state.sources = NULL;
}

/* ---- one type ---- */

/* A type in a source: what an id says. */
struct place {
	const struct btf *btf;
	uint32_t source;
	uint32_t id;
};

static struct place place_in(const struct source *source, uint32_t id)
{
	return (struct place){
		.btf = source->btf,
		.source = (uint32_t)(source - state.sources),
		.id = id,
	};
}

static int place_of(uint64_t id, struct place *place, struct error *err)
{
	uint64_t source = id >> 32;

	*place = (struct place){ .btf = NULL };
	if (!source || source > state.count || !state.sources[source - 1].btf)
		return error_set(err, -EINVAL, "no type has the id 0x%llx", (unsigned long long)id);
	*place = place_in(&state.sources[source - 1], (uint32_t)id);
	return 0;
}

static int damaged(const struct place *place, struct error *err)
{
	return error_set(err, -EINVAL, "the BTF is damaged: type %u", place->id);
}

static const char *name_at(const struct btf *btf, uint32_t offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name ? name : "";
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
		const struct btf_type *t = btf__type_by_id(place->btf, place->id);

		if (!t || !is_skipped(t))
			return t;
		if (btf_is_typedef(t))
			*alias = name_at(place->btf, t->name_off);
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
	struct type of;
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
		type->size = sizeof(uint64_t);
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
	const struct btf *base = btf__base_btf(place->btf);

	if (base && place->id < btf__type_cnt(base))
		*place = place_in(known_source(NULL, NULL), place->id);
}

static int fill(struct place place, int depth, struct type *type, struct error *err)
{
	const char *alias;
	const struct btf_type *t = resolve(&place, &alias);

	if (!t || depth > MAX_DEPTH)
		return damaged(&place, err);
	to_base(&place);
	*type = (struct type){
		.id = ((uint64_t)place.source + 1) << 32 | place.id,
		.name = name_at(place.btf, t->name_off),
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
	t = btf__type_by_id(place->btf, place->id);
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
		*name = name_at(place.btf, btf_enum(t)[i].name_off);
		*value = type->is_signed ? (uint64_t)(int64_t)btf_enum(t)[i].val
					 : (uint32_t)btf_enum(t)[i].val;
		return 0;
	}
	*name = name_at(place.btf, btf_enum64(t)[i].name_off);
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
		.name = name_at(place.btf, btf_members(t)[i].name_off),
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

/* 1 when found, 0 when not, or a negative errno. */
static int search_in(struct search *search, const struct type *type, int depth,
		     struct type_member *member, struct error *err)
{
	for (uint32_t i = 0; i < type->count; i++) {
		struct type_member inner;
		int found = ++search->looks > MAX_LOOKS || depth > MAX_DEPTH ? -EINVAL : 0;

		if (found)
			return error_set(err, found, "the BTF is damaged: '%s' has no end",
					 type->name);
		found = types_member(type, i, member, err);
		if (found)
			return found;
		if (*member->name) {
			if (strlen(member->name) == search->length &&
			    !memcmp(member->name, search->name, search->length))
				return 1;
			continue;
		}
		if (member->type.kind != TYPE_STRUCT && member->type.kind != TYPE_UNION)
			continue;
		found = search_in(search, &member->type, depth + 1, &inner, err);
		if (found <= 0) {
			if (found)
				return found;
			continue;
		}
		inner.bit_offset += member->bit_offset;
		*member = inner;
		return 1;
	}
	return 0;
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

/* What C calls an integer, and BTF (from DWARF) in its own order of words. */
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
	*name = btf_name_of(*name);
	return bare_kinds;
}

/* Id of the type, or 0. */
static uint32_t id_in(const struct source *source, const char *name, const int *kinds)
{
	for (; *kinds; kinds++) {
		int id = btf__find_by_name_kind(source->btf, name, (uint32_t)*kinds);

		if (id > 0)
			return (uint32_t)id;
	}
	return 0;
}

static int not_found(const char *name, const char *where, struct error *err)
{
	return error_set(err, -ENOENT, "%s has no type '%s'", where, name);
}

static int find_in_source(const struct source *source, const char *name, struct type *type,
			  struct error *err)
{
	const char *bare = name;
	const int *kinds = kinds_of(&bare);
	int code = check_source(source, err);
	/* Anonymous types have an empty name. */
	uint32_t id = code || !*bare ? 0 : id_in(source, bare, kinds);

	if (code)
		return code;
	if (!id)
		return not_found(name, source->module ? source->module : "the kernel", err);
	return fill(place_in(source, id), 0, type, err);
}

static int find_in_modules(const char *name, struct type *type, struct error *err)
{
	autoclosedir DIR *dir = opendir(BTF_DIR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "vmlinux"))
			continue;
		if (!find_in_source(module_source(entry->d_name), name, type, NULL))
			return 0;
	}
	return not_found(name, "neither the kernel nor a module", err);
}

int types_find(const char *name, const char *module, struct type *type, struct error *err)
{
	const char *path = debuginfo_btf_path();
	int code;

	if (strlen(name) > MAX_NAME)
		return error_set(err, -EINVAL, "'%.32s...' is too long for a type's name", name);
	if (module && !path)
		return find_in_source(module_source(module), name, type, err);
	code = find_in_source(base_source(path), name, type, err);
	/* A file has no modules; those of the running kernel belong to other types. */
	if (code != -ENOENT || path || check_source(base_source(path), NULL))
		return path && code == -ENOENT ? not_found(name, path, err) : code;
	return find_in_modules(name, type, err);
}

static bool has_variable(const struct btf_type *section, uint32_t id)
{
	for (int i = 0; i < btf_vlen(section); i++)
		if (btf_var_secinfos(section)[i].type == id)
			return true;
	return false;
}

static bool is_per_cpu(const struct btf *btf, uint32_t id)
{
	int section = btf__find_by_name_kind(btf, ".data..percpu", BTF_KIND_DATASEC);

	return section > 0 && has_variable(btf__type_by_id(btf, (uint32_t)section), id);
}

int types_variable(const char *name, struct type *type, bool *per_cpu, struct error *err)
{
	const struct source *source = base_source(debuginfo_btf_path());
	int code = check_source(source, err);
	int id = code ? 0 : btf__find_by_name_kind(source->btf, name, BTF_KIND_VAR);

	if (code)
		return code;
	if (id <= 0)
		return error_set(err, -ENOENT, "BTF does not tell the type of the variable '%s'",
				 name);
	*per_cpu = is_per_cpu(source->btf, (uint32_t)id);
	return fill(place_in(source, (uint32_t)id), 0, type, err);
}
