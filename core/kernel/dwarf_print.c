// SPDX-License-Identifier: MIT
#include "kernel/dwarf_die.h"
#include "kernel/dwarf_types.h"

enum {
	/* Types without names in one another; pointers and arrays in a chain. */
	MAX_DEPTH = 16,
	/* Stands for a type while it is looked into, should it lead to itself. */
	IN_PROGRESS = 1,
};

static uint64_t mix_number(uint64_t print, Dwarf_Die *die, unsigned int attribute)
{
	int64_t value;

	return die_number(die, attribute, &value) ? dwarf_mix(print, (uint64_t)value) : print;
}

static uint64_t print_of(struct dwarf_map *prints, Dwarf_Die *die, int depth);

static bool has_members(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type ||
	       tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type;
}

static uint64_t mix_dimensions(uint64_t print, Dwarf_Die *array)
{
	Dwarf_Die dimension;

	for (bool more = die_first(array, &dimension); more; more = die_next(&dimension))
		print = dwarf_mix(print, die_elements(&dimension));
	return print;
}

/* The type that an entry leads to, as far as its name. */
static uint64_t mix_type(struct dwarf_map *prints, uint64_t print, Dwarf_Die from, int depth)
{
	for (int i = 0; i < MAX_DEPTH && die_type(&from, &from); i++) {
		int tag = libdw.dwarf_tag(&from);
		const char *name = die_name(&from);

		print = dwarf_mix(print, (unsigned int)tag);
		if (*name)
			return dwarf_mix_text(print, name);
		if (has_members(tag))
			return dwarf_mix(print, print_of(prints, &from, depth + 1));
		if (tag == DW_TAG_array_type)
			print = mix_dimensions(print, &from);
	}
	return print;
}

static uint64_t mix_member(struct dwarf_map *prints, uint64_t print, Dwarf_Die *member, int depth)
{
	struct die_place place = { .bits = 0 };

	print = dwarf_mix_text(print, die_name(member));
	print = mix_number(print, member, DW_AT_const_value);
	if (libdw.dwarf_tag(member) != DW_TAG_member || !die_place(member, &place))
		return print;
	print = dwarf_mix(dwarf_mix(print, place.bit_offset), place.bits);
	return mix_type(prints, print, *member, depth);
}

static uint64_t look_into(struct dwarf_map *prints, Dwarf_Die *die, int depth)
{
	int tag = libdw.dwarf_tag(die);
	uint64_t print = dwarf_mix_text((unsigned int)tag, die_name(die));
	Dwarf_Die member;

	print = mix_number(print, die, DW_AT_byte_size);
	print = mix_number(print, die, DW_AT_encoding);
	if (!has_members(tag))
		return mix_type(prints, print, *die, depth);
	for (bool more = die_first(die, &member); more; more = die_next(&member))
		print = mix_member(prints, print, &member, depth);
	return print;
}

static uint64_t print_of(struct dwarf_map *prints, Dwarf_Die *die, int depth)
{
	uint64_t key = (uintptr_t)die->addr, print;
	uint64_t *known = dwarf_map_at(prints, key);

	if (!known)
		return 0;
	if (*known || depth > MAX_DEPTH)
		return *known ? *known : IN_PROGRESS;
	*known = IN_PROGRESS;
	print = look_into(prints, die, depth);
	known = dwarf_map_at(prints, key); /* it may have moved */
	return known ? *known = print : 0;
}

uint64_t dwarf_print(struct dwarf_map *prints, Dwarf_Die *die)
{
	return print_of(prints, die, 0);
}
