// SPDX-License-Identifier: MIT
#include "kernel/dwarf_die.h"

enum {
	/* One leading to the next. */
	MAX_TYPEDEFS = 16,
	/* Bytes of the largest integer, which a bitfield may be in. */
	MAX_WORD = 16,
	MAX_WORD_BITS = 8 * MAX_WORD,
};

const char *die_name(Dwarf_Die *die)
{
	const char *name = libdw.dwarf_diename(die);

	return name ? name : "";
}

bool die_flag(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute at;
	bool value = false;

	return libdw.dwarf_attr_integrate(die, attribute, &at) &&
	       !libdw.dwarf_formflag(&at, &value) && value;
}

/* Forms of one, two, four and eight bytes do not tell a sign: compilers use them for what has
 * none. */
static bool has_sign(Dwarf_Attribute *at)
{
	unsigned int form = libdw.dwarf_whatform(at);

	return form == DW_FORM_sdata || form == DW_FORM_implicit_const;
}

static bool number_at(Dwarf_Attribute *at, int64_t *value)
{
	Dwarf_Sword with_sign;
	Dwarf_Word word;

	if (has_sign(at)) {
		if (libdw.dwarf_formsdata(at, &with_sign))
			return false;
		*value = with_sign;
		return true;
	}
	if (libdw.dwarf_formudata(at, &word))
		return false;
	*value = (int64_t)word;
	return true;
}

bool die_has_sign(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute at;

	return libdw.dwarf_attr_integrate(die, attribute, &at) && has_sign(&at);
}

bool die_number(Dwarf_Die *die, unsigned int attribute, int64_t *value)
{
	Dwarf_Attribute at;

	return libdw.dwarf_attr_integrate(die, attribute, &at) && number_at(&at, value);
}

uint64_t die_size(Dwarf_Die *die)
{
	int64_t size;

	return die_number(die, DW_AT_byte_size, &size) ? (uint64_t)size : 0;
}

bool die_refers(Dwarf_Die *die, unsigned int attribute, Dwarf_Die *to)
{
	Dwarf_Attribute at;

	return libdw.dwarf_attr_integrate(die, attribute, &at) && libdw.dwarf_formref_die(&at, to);
}

bool die_is_declaration(Dwarf_Die *die)
{
	return die_flag(die, DW_AT_declaration);
}

/* An expression of one operation, or NULL. */
static const Dwarf_Op *operation_at(Dwarf_Attribute *at)
{
	Dwarf_Op *operations;
	size_t n;

	return !libdw.dwarf_getlocation(at, &operations, &n) && n == 1 ? operations : NULL;
}

bool die_address(Dwarf_Die *die, uint64_t *address)
{
	Dwarf_Attribute at, listed;
	const Dwarf_Op *operation;

	if (!libdw.dwarf_attr_integrate(die, DW_AT_location, &at))
		return false;
	operation = operation_at(&at);
	if (operation && operation->atom == DW_OP_addr) {
		*address = operation->number;
		return true;
	}
	/* From DWARF 5 on it may be in a list of addresses. */
	return operation && operation->atom == DW_OP_addrx &&
	       !libdw.dwarf_getlocation_attr(&at, operation, &listed) &&
	       !libdw.dwarf_formaddr(&listed, address);
}

uint32_t die_elements(Dwarf_Die *dimension)
{
	int64_t count;

	/* An array of none, and in older compilers' words one without bounds, ends at -1, which
	 * may be written without its sign. */
	if (!die_number(dimension, DW_AT_count, &count)) {
		if (!die_number(dimension, DW_AT_upper_bound, &count) || count >= UINT32_MAX)
			return 0;
		count++;
	}
	return count > 0 && count <= UINT32_MAX ? (uint32_t)count : 0;
}

bool die_first(Dwarf_Die *die, Dwarf_Die *child)
{
	return !libdw.dwarf_child(die, child);
}

/* An entry may name the one after it: one that named an earlier one would have no end. */
bool die_next(Dwarf_Die *child)
{
	Dwarf_Die next;

	if (libdw.dwarf_siblingof(child, &next) || next.addr <= child->addr)
		return false;
	*child = next;
	return true;
}

/* DWARF 2 has an expression that adds the offset. */
static bool offset_of(Dwarf_Die *member, int64_t *bytes)
{
	Dwarf_Attribute at;
	const Dwarf_Op *operation;

	*bytes = 0;
	if (!libdw.dwarf_attr(member, DW_AT_data_member_location, &at) || number_at(&at, bytes))
		return true;
	operation = operation_at(&at);
	if (!operation || operation->atom != DW_OP_plus_uconst)
		return false;
	*bytes = (int64_t)operation->number;
	return true;
}

/* Of the word that a bitfield is in: the member's own, or that of its type behind typedefs. */
static bool size_of_word(Dwarf_Die die, int64_t *size)
{
	for (int i = 0; i < MAX_TYPEDEFS; i++) {
		if (die_number(&die, DW_AT_byte_size, size))
			return *size >= 0 && *size <= MAX_WORD;
		if (!die_type(&die, &die))
			break;
	}
	return false;
}

/* Before DWARF 4: counted from the highest bit of that word. */
static bool older_offset(Dwarf_Die *member, int64_t bits, int64_t *offset)
{
	int64_t from_top, size;

	if (!die_number(member, DW_AT_bit_offset, &from_top))
		return true;
	if (!size_of_word(*member, &size) || from_top > MAX_WORD_BITS || from_top < -MAX_WORD_BITS)
		return false;
	*offset += size * 8 - from_top - bits;
	return true;
}

static bool place_of_bitfield(Dwarf_Die *member, int64_t *offset, int64_t *bits)
{
	if (!die_number(member, DW_AT_bit_size, bits))
		return true;
	if (*bits < 0 || *bits > MAX_WORD_BITS)
		return false;
	return die_number(member, DW_AT_data_bit_offset, offset) ||
	       older_offset(member, *bits, offset);
}

bool die_place(Dwarf_Die *member, struct die_place *place)
{
	int64_t bytes, bits = 0, offset;

	if (die_is_declaration(member) || !offset_of(member, &bytes) || bytes < 0 ||
	    bytes > UINT32_MAX)
		return false;
	offset = bytes * 8;
	if (!place_of_bitfield(member, &offset, &bits) || offset < 0)
		return false;
	*place = (struct die_place){ .bit_offset = (uint64_t)offset, .bits = (uint32_t)bits };
	return true;
}
