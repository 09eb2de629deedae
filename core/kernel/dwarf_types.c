// SPDX-License-Identifier: MIT
#include "kernel/dwarf_types.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>

#include "base/array.h"
#include "kernel/dwarf_die.h"

enum {
	/* Pointers, qualifiers and arrays in a chain that ends at something with a name. */
	MAX_CHAIN = 64,
};

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "out of memory for types in DWARF");
}

/* ---- numbers ---- */

static int64_t append(struct dwarf_types *types, struct dwarf_node node, struct error *err)
{
	struct dwarf_node *more = array_room(types->nodes, types->count, sizeof(*more));

	if (!more)
		return no_memory(err);
	if (types->count >= INT32_MAX)
		return error_set(err, -E2BIG, "more types in DWARF than BTF has numbers for");
	types->nodes = more;
	types->nodes[types->count++] = node;
	return types->count;
}

/* The number that is in the map under a key, else that of the node, from now on. */
static int64_t number(struct dwarf_types *types, struct dwarf_map *map, uint64_t key,
		      struct dwarf_node node, struct error *err)
{
	uint64_t *known = key ? dwarf_map_at(map, key) : NULL;
	int64_t id;

	if (!known)
		return no_memory(err);
	id = *known ? (int64_t)*known : append(types, node, err);
	if (id > 0)
		*known = (uint64_t)id;
	return id;
}

static int64_t by_print(struct dwarf_types *types, Dwarf_Die *die, struct error *err)
{
	struct dwarf_node node = { .kind = NODE_ENTRY, .die = *die };

	return number(types, &types->by_print, dwarf_print(&types->prints, die), node, err);
}

static int64_t by_entry(struct dwarf_types *types, enum dwarf_node_kind kind, Dwarf_Die *die,
			struct error *err)
{
	struct dwarf_node node = { .kind = kind, .die = *die };

	return number(types, &types->by_entry, (uintptr_t)die->addr, node, err);
}

static int64_t wrap(struct dwarf_types *types, uint32_t btf_kind, int64_t target, struct error *err)
{
	struct dwarf_node node = {
		.kind = NODE_WRAPPER,
		.btf_kind = btf_kind,
		.target = (uint32_t)target,
	};

	if (target < 0)
		return target;
	return number(types, &types->by_wrapper, (uint64_t)btf_kind << 32 | (uint64_t)target, node,
		      err);
}

/* ---- entries ---- */

static int64_t id_of(struct dwarf_types *types, Dwarf_Die *die, int depth, struct error *err);

static int64_t id_of_target(struct dwarf_types *types, Dwarf_Die *die, int depth, struct error *err)
{
	Dwarf_Die type;

	return die_type(die, &type) ? id_of(types, &type, depth + 1, err) : 0;
}

static int64_t dimension(struct dwarf_types *types, int64_t target, uint32_t count,
			 struct error *err)
{
	struct dwarf_node node = {
		.kind = NODE_ARRAY,
		.target = (uint32_t)target,
		.count = count,
	};

	if (target < 0)
		return target;
	/* Never 0: nothing is its own element, and of void there are no arrays but of size 0. */
	return number(types, &types->by_array, ((uint64_t)target << 32 | count) + 1, node, err);
}

static int too_deep(struct error *err)
{
	return error_set(err, -EINVAL, "the DWARF is damaged: a type that has no end");
}

/* The last dimension is the innermost. */
static int64_t id_of_array(struct dwarf_types *types, Dwarf_Die *array, int depth,
			   struct error *err)
{
	uint32_t counts[MAX_CHAIN] = { 0 };
	int64_t id = id_of_target(types, array, depth, err);
	Dwarf_Die child;
	int n = 0;

	for (bool more = die_first(array, &child); more; more = die_next(&child)) {
		if (n == MAX_CHAIN)
			return too_deep(err);
		counts[n++] = die_elements(&child);
	}
	do
		id = dimension(types, id, counts[n ? --n : 0], err);
	while (n);
	return id;
}

/* A declaration is the complete type of its name, if there is one. */
static int64_t id_of_declaration(struct dwarf_types *types, Dwarf_Die *die, int depth,
				 struct error *err)
{
	const struct dwarf_name *name = dwarf_names_find(&types->names, die);
	Dwarf_Die other;

	if (name)
		return name->id;
	if (die_refers(die, DW_AT_signature, &other))
		return id_of(types, &other, depth + 1, err);
	return by_print(types, die, err);
}

/* Types with names are the same if they say the same. */
static int64_t id_of_entry(struct dwarf_types *types, Dwarf_Die *die, int depth, struct error *err)
{
	if (die_is_declaration(die))
		return id_of_declaration(types, die, depth, err);
	return *die_name(die) ? by_print(types, die, err) : by_entry(types, NODE_ENTRY, die, err);
}

static int64_t id_of(struct dwarf_types *types, Dwarf_Die *die, int depth, struct error *err)
{
	if (depth > MAX_CHAIN)
		return too_deep(err);
	switch (libdw.dwarf_tag(die)) {
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		return wrap(types, BTF_KIND_PTR, id_of_target(types, die, depth, err), err);
	case DW_TAG_const_type:
		return wrap(types, BTF_KIND_CONST, id_of_target(types, die, depth, err), err);
	case DW_TAG_volatile_type:
		return wrap(types, BTF_KIND_VOLATILE, id_of_target(types, die, depth, err), err);
	case DW_TAG_restrict_type:
		return wrap(types, BTF_KIND_RESTRICT, id_of_target(types, die, depth, err), err);
	case DW_TAG_atomic_type:
	case DW_TAG_subrange_type:
		return id_of_target(types, die, depth, err);
	case DW_TAG_unspecified_type:
		return 0;
	case DW_TAG_array_type:
		return id_of_array(types, die, depth, err);
	case DW_TAG_subroutine_type:
		return by_entry(types, NODE_PROTO, die, err);
	default:
		return id_of_entry(types, die, depth, err);
	}
}

int64_t dwarf_types_of(struct dwarf_types *types, Dwarf_Die *die, struct error *err)
{
	return id_of_target(types, die, 0, err);
}

/* ---- names ---- */

static int64_t id_of_function(struct dwarf_types *types, Dwarf_Die *die, struct error *err)
{
	int64_t proto = append(types, (struct dwarf_node){ .kind = NODE_PROTO, .die = *die }, err);
	struct dwarf_node node = {
		.kind = NODE_FUNCTION,
		.die = *die,
		.target = (uint32_t)proto,
	};

	return proto < 0 ? proto : append(types, node, err);
}

static int64_t id_of_name(struct dwarf_types *types, Dwarf_Die *die, struct error *err)
{
	switch (libdw.dwarf_tag(die)) {
	case DW_TAG_variable:
		return by_entry(types, NODE_ENTRY, die, err);
	case DW_TAG_subprogram:
		return id_of_function(types, die, err);
	default:
		return by_print(types, die, err);
	}
}

/* Before anything that they lead to, so that the first of a name is found by it. */
int dwarf_types_number(struct dwarf_types *types, Dwarf *dwarf, struct error *err)
{
	int code = dwarf_names_read(&types->names, dwarf, err);

	for (size_t i = 0; !code && i < types->names.count; i++) {
		struct dwarf_name *name = &types->names.names[i];
		int64_t id = id_of_name(types, &name->die, err);

		name->id = id > 0 ? (uint32_t)id : 0;
		code = id < 0 ? (int)id : 0;
	}
	return code;
}

void dwarf_types_free(struct dwarf_types *types)
{
	dwarf_names_free(&types->names);
	dwarf_map_free(&types->by_entry);
	dwarf_map_free(&types->by_print);
	dwarf_map_free(&types->prints);
	dwarf_map_free(&types->by_wrapper);
	dwarf_map_free(&types->by_array);
	free(types->nodes);
	*types = (struct dwarf_types){ .nodes = NULL };
}
