/* SPDX-License-Identifier: MIT */
/*
 * What one entry of DWARF (a DIE) says, whichever version of DWARF says it. Nothing is believed:
 * what is not there, or makes no sense, is nothing.
 */
#ifndef SHARK_DWARF_DIE_H
#define SHARK_DWARF_DIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/libdw.h"

/* "" when it has none. Lives as long as the file is open. */
const char *die_name(Dwarf_Die *die);

bool die_flag(Dwarf_Die *die, unsigned int attribute);

/* A constant with its sign. False when there is none, or it is none. */
bool die_number(Dwarf_Die *die, unsigned int attribute, int64_t *value);

/* Is it one that is written with a sign? */
bool die_has_sign(Dwarf_Die *die, unsigned int attribute);

/* DW_AT_byte_size; 0 when there is none. */
uint64_t die_size(Dwarf_Die *die);

/* Another entry that an attribute leads to. */
bool die_refers(Dwarf_Die *die, unsigned int attribute, Dwarf_Die *to);

/* DW_AT_type: none means void. */
static inline bool die_type(Dwarf_Die *die, Dwarf_Die *type)
{
	return die_refers(die, DW_AT_type, type);
}

/* A struct, union or enum whose members are elsewhere. */
bool die_is_declaration(Dwarf_Die *die);

/* Where a variable is, as the file has it. False when it is at no fixed place. */
bool die_address(Dwarf_Die *die, uint64_t *address);

/* Elements of one dimension of an array; 0: it tells no number. */
uint32_t die_elements(Dwarf_Die *dimension);

/* Children one by one: the first, and after one the next. False at the end. */
bool die_first(Dwarf_Die *die, Dwarf_Die *child);
bool die_next(Dwarf_Die *child);

struct die_place {
	uint64_t bit_offset; /* from the start of the struct */
	uint32_t bits;	     /* of a bitfield, else 0 */
};

/* Where a member is; false when it is not told, or is not in each object (static in C++). */
bool die_place(Dwarf_Die *member, struct die_place *place);

#endif
