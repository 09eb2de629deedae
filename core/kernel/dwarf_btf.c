// SPDX-License-Identifier: MIT
#include "kernel/dwarf_btf.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/dwarf_die.h"

#define PERCPU ".data..percpu"

enum {
	/* In a struct with bitfields BTF has so many bits for the place of a member. */
	MAX_BITFIELD_OFFSET = 0xffffff,
};

struct percpu_variable {
	uint32_t offset;
	int32_t id;
};

struct writer {
	struct dwarf_types *types;
	struct btf *btf;
	struct dwarf_percpu *percpu;
	struct percpu_variable *variables;
	size_t count;
	struct error *err;
};

/* What BTF has no words for. */
static int add_opaque(struct writer *writer, Dwarf_Die *die)
{
	uint64_t size = die_size(die);

	return btf__add_struct(writer->btf, die_name(die), size <= UINT32_MAX ? (uint32_t)size : 0);
}

static int add_base(struct writer *writer, Dwarf_Die *die)
{
	const char *name = die_name(die);
	uint64_t size = die_size(die);
	int64_t encoding = 0;

	die_number(die, DW_AT_encoding, &encoding);
	switch (encoding) {
	case DW_ATE_boolean:
		return btf__add_int(writer->btf, name, size, BTF_INT_BOOL);
	case DW_ATE_signed:
	case DW_ATE_signed_char:
		return btf__add_int(writer->btf, name, size, BTF_INT_SIGNED);
	case DW_ATE_unsigned:
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		return btf__add_int(writer->btf, name, size, 0);
	case DW_ATE_float:
		return btf__add_float(writer->btf, name, size);
	default:
		return -EINVAL;
	}
}

/* ---- structs and unions ---- */

struct extent {
	uint32_t count;
	uint64_t last; /* bit at which a member begins */
	bool has_bitfield;
};

static struct extent extent_of(Dwarf_Die *die)
{
	struct extent extent = { .count = 0 };
	struct die_place place;
	Dwarf_Die member;

	for (bool more = die_first(die, &member); more; more = die_next(&member)) {
		if (libdw.dwarf_tag(&member) != DW_TAG_member || !die_place(&member, &place))
			continue;
		extent.count++;
		extent.last = place.bit_offset > extent.last ? place.bit_offset : extent.last;
		extent.has_bitfield = extent.has_bitfield || place.bits;
	}
	return extent;
}

static bool fits(const struct extent *extent, uint64_t size)
{
	uint64_t last = extent->has_bitfield ? MAX_BITFIELD_OFFSET : UINT32_MAX;

	return extent->count <= BTF_MAX_VLEN && extent->last <= last && size <= UINT32_MAX;
}

static int add_member(struct writer *writer, Dwarf_Die *member)
{
	struct die_place place;
	int64_t type;

	if (libdw.dwarf_tag(member) != DW_TAG_member || !die_place(member, &place))
		return 0;
	type = dwarf_types_of(writer->types, member, writer->err);
	if (type < 0)
		return (int)type;
	/* One that is between bytes and no bitfield, or in a union behind its start, is none. */
	btf__add_field(writer->btf, die_name(member), (int)type, (uint32_t)place.bit_offset,
		       place.bits);
	return 0;
}

static int add_struct(struct writer *writer, Dwarf_Die *die, bool is_union)
{
	struct extent extent = extent_of(die);
	uint64_t size = die_size(die);
	const char *name = die_name(die);
	Dwarf_Die member;
	int id, code = 0;

	if (!fits(&extent, size))
		return -EINVAL;
	id = is_union ? btf__add_union(writer->btf, name, (uint32_t)size)
		      : btf__add_struct(writer->btf, name, (uint32_t)size);
	for (bool more = id > 0 && die_first(die, &member); !code && more; more = die_next(&member))
		code = add_member(writer, &member);
	return code ? code : id;
}

static int add_declared(struct writer *writer, Dwarf_Die *die)
{
	enum btf_fwd_kind kind = BTF_FWD_STRUCT;

	if (libdw.dwarf_tag(die) == DW_TAG_union_type)
		kind = BTF_FWD_UNION;
	else if (libdw.dwarf_tag(die) == DW_TAG_enumeration_type)
		kind = BTF_FWD_ENUM;
	return btf__add_fwd(writer->btf, die_name(die), kind);
}

/* ---- enums ---- */

struct range {
	uint32_t count;
	bool has_negative, is_wide;
};

/* Of newer compilers: the enum says it, or its type does. */
static bool is_unsigned(Dwarf_Die *die)
{
	Dwarf_Die type;
	int64_t encoding;

	return (die_number(die, DW_AT_encoding, &encoding) ||
		(die_type(die, &type) && die_number(&type, DW_AT_encoding, &encoding))) &&
	       (encoding == DW_ATE_unsigned || encoding == DW_ATE_unsigned_char);
}

static struct range range_of(Dwarf_Die *die)
{
	struct range range = { .count = 0 };
	bool may_be_negative = !is_unsigned(die);
	Dwarf_Die enumerator;
	int64_t value;

	for (bool more = die_first(die, &enumerator); more; more = die_next(&enumerator)) {
		range.count++;
		if (!die_number(&enumerator, DW_AT_const_value, &value))
			continue;
		range.is_wide = range.is_wide || value < INT32_MIN || value > UINT32_MAX;
		if (may_be_negative && value < 0)
			range.has_negative =
				range.has_negative || die_has_sign(&enumerator, DW_AT_const_value);
	}
	return range;
}

static void add_value(struct writer *writer, Dwarf_Die *enumerator, bool is_wide)
{
	int64_t value;

	if (!die_number(enumerator, DW_AT_const_value, &value))
		return;
	if (is_wide)
		btf__add_enum64_value(writer->btf, die_name(enumerator), (uint64_t)value);
	else
		btf__add_enum_value(writer->btf, die_name(enumerator), value);
}

static int add_enum(struct writer *writer, Dwarf_Die *die)
{
	struct range range = range_of(die);
	uint64_t size = die_size(die);
	const char *name = die_name(die);
	bool is_wide = size == sizeof(uint64_t) || range.is_wide;
	Dwarf_Die enumerator;
	int id;

	if (range.count > BTF_MAX_VLEN || size > sizeof(uint64_t))
		return -EINVAL;
	id = is_wide ? btf__add_enum64(writer->btf, name, (uint32_t)size, range.has_negative)
		     : btf__add_enum(writer->btf, name, (uint32_t)size);
	for (bool more = id > 0 && die_first(die, &enumerator); more; more = die_next(&enumerator))
		add_value(writer, &enumerator, is_wide);
	return id;
}

/* ---- functions and variables ---- */

static int add_parameter(struct writer *writer, Dwarf_Die *parameter)
{
	int64_t type;

	if (libdw.dwarf_tag(parameter) == DW_TAG_unspecified_parameters)
		return btf__add_func_param(writer->btf, "", 0);
	if (libdw.dwarf_tag(parameter) != DW_TAG_formal_parameter)
		return 0;
	type = dwarf_types_of(writer->types, parameter, writer->err);
	return type < 0 ? (int)type
			: btf__add_func_param(writer->btf, die_name(parameter), (int)type);
}

static int add_proto(struct writer *writer, Dwarf_Die *die)
{
	int64_t result = dwarf_types_of(writer->types, die, writer->err);
	int id = result < 0 ? (int)result : btf__add_func_proto(writer->btf, (int)result);
	uint32_t count = 0;
	Dwarf_Die child;
	int code = 0;

	for (bool more = id > 0 && die_first(die, &child); !code && more && count < BTF_MAX_VLEN;
	     more = die_next(&child), count++)
		code = add_parameter(writer, &child);
	return code ? code : id;
}

static int add_function(struct writer *writer, Dwarf_Die *die, uint32_t proto)
{
	enum btf_func_linkage linkage =
		die_flag(die, DW_AT_external) ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC;

	return btf__add_func(writer->btf, die_name(die), linkage, (int)proto);
}

static bool is_percpu(struct dwarf_percpu *percpu, Dwarf_Die *die, uint64_t *address)
{
	const uint64_t *at_zero;

	if (!die_address(die, address) || *address < percpu->start ||
	    *address - percpu->start >= percpu->size)
		return false;
	at_zero =
		*address ? NULL : dwarf_map_at(&percpu->at_zero, dwarf_mix_text(1, die_name(die)));
	return *address || (at_zero && *at_zero);
}

static int note_percpu(struct writer *writer, Dwarf_Die *die, int id)
{
	struct percpu_variable *more;
	uint64_t address;

	if (!is_percpu(writer->percpu, die, &address))
		return 0;
	more = array_room(writer->variables, writer->count, sizeof(*more));
	if (!more)
		return error_set(writer->err, -ENOMEM, "out of memory for variables in DWARF");
	writer->variables = more;
	more[writer->count++] = (struct percpu_variable){
		.offset = (uint32_t)(address - writer->percpu->start),
		.id = id,
	};
	return 0;
}

static int add_variable(struct writer *writer, Dwarf_Die *die)
{
	int linkage = die_flag(die, DW_AT_external) ? BTF_VAR_GLOBAL_ALLOCATED : BTF_VAR_STATIC;
	int64_t type = dwarf_types_of(writer->types, die, writer->err);
	int id =
		type < 0 ? (int)type : btf__add_var(writer->btf, die_name(die), linkage, (int)type);
	int code = id > 0 ? note_percpu(writer, die, id) : 0;

	return code ? code : id;
}

/* BTF has the variables of a section ordered by their place. */
static int by_offset(const void *a, const void *b)
{
	const struct percpu_variable *one = a, *other = b;

	return (one->offset > other->offset) - (one->offset < other->offset);
}

static int add_percpu(struct writer *writer)
{
	int id = 0;

	if (!writer->count)
		return 0;
	if (writer->count > BTF_MAX_VLEN)
		return error_set(writer->err, -E2BIG,
				 "more per-CPU variables in DWARF than BTF takes");
	qsort(writer->variables, writer->count, sizeof(*writer->variables), by_offset);
	id = btf__add_datasec(writer->btf, PERCPU, (uint32_t)writer->percpu->size);
	for (size_t i = 0; id > 0 && i < writer->count; i++) {
		const struct percpu_variable *variable = &writer->variables[i];
		int64_t size = btf__resolve_size(writer->btf, (uint32_t)variable->id);

		btf__add_datasec_var_info(writer->btf, variable->id, variable->offset,
					  size > 0 ? (uint32_t)size : 0);
	}
	return id < 0 ? error_set(writer->err, id,
				  "cannot write per-CPU variables of DWARF as BTF: %s",
				  strerror(-id))
		      : 0;
}

/* ---- all ---- */

static int add_entry(struct writer *writer, Dwarf_Die *die)
{
	int tag = libdw.dwarf_tag(die);

	switch (tag) {
	case DW_TAG_base_type:
		return add_base(writer, die);
	case DW_TAG_variable:
		return add_variable(writer, die);
	case DW_TAG_typedef: {
		int64_t type = dwarf_types_of(writer->types, die, writer->err);

		return type < 0 ? (int)type
				: btf__add_typedef(writer->btf, die_name(die), (int)type);
	}
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		break;
	default:
		return -EINVAL;
	}
	if (die_is_declaration(die))
		return add_declared(writer, die);
	return tag == DW_TAG_enumeration_type ? add_enum(writer, die)
					      : add_struct(writer, die, tag == DW_TAG_union_type);
}

static int add_wrapper(struct writer *writer, const struct dwarf_node *node)
{
	int target = (int)node->target;

	switch (node->btf_kind) {
	case BTF_KIND_PTR:
		return btf__add_ptr(writer->btf, target);
	case BTF_KIND_CONST:
		return btf__add_const(writer->btf, target);
	case BTF_KIND_VOLATILE:
		return btf__add_volatile(writer->btf, target);
	default:
		return btf__add_restrict(writer->btf, target);
	}
}

static int add_node(struct writer *writer, struct dwarf_node node)
{
	switch (node.kind) {
	case NODE_WRAPPER:
		return add_wrapper(writer, &node);
	case NODE_ARRAY:
		return btf__add_array(writer->btf, 0, (int)node.target, node.count);
	case NODE_PROTO:
		return add_proto(writer, &node.die);
	case NODE_FUNCTION:
		return add_function(writer, &node.die, node.target);
	default:
		return add_entry(writer, &node.die);
	}
}

static int add_all(struct writer *writer)
{
	writer->err->code = 0;
	/* There are more of them on the way. */
	for (uint32_t i = 0; i < writer->types->count; i++) {
		struct dwarf_node node = writer->types->nodes[i];
		int id = add_node(writer, node);

		if (id < 0 && !writer->err->code && id != -ENOMEM)
			id = add_opaque(writer, &node.die);
		if (writer->err->code)
			return writer->err->code;
		if (id != (int)i + 1)
			return error_set(writer->err, id < 0 ? id : -EINVAL,
					 "cannot write type %u of DWARF as BTF: %s", i + 1,
					 strerror(id < 0 ? -id : EINVAL));
	}
	return add_percpu(writer);
}

int dwarf_btf_write(struct dwarf_types *types, struct dwarf_percpu *percpu, struct btf *btf,
		    struct error *err)
{
	struct error own = { .code = 0 };
	struct writer writer = {
		.types = types,
		.btf = btf,
		.percpu = percpu,
		.err = &own,
	};
	int code = add_all(&writer);

	free(writer.variables);
	return code ? error_set(err, code, "%s", own.text) : 0;
}
