/* SPDX-License-Identifier: MIT */
/*
 * Types of DWARF numbered as BTF numbers them, from 1 on in the order they are come across: what
 * a type leads to has its number before it is looked into, so no chain of types is too long.
 */
#ifndef SHARK_DWARF_TYPES_H
#define SHARK_DWARF_TYPES_H

#include "kernel/dwarf_names.h"

/* A number to be. */
struct dwarf_node {
	enum dwarf_node_kind {
		NODE_ENTRY,    /* what the DIE says */
		NODE_WRAPPER,  /* a pointer to, or qualifier of, another */
		NODE_ARRAY,    /* of another: one dimension */
		NODE_PROTO,    /* of a function */
		NODE_FUNCTION, /* whose prototype is another */
	} kind;
	uint32_t btf_kind; /* of a wrapper */
	uint32_t target;
	uint32_t count; /* elements of an array */
	Dwarf_Die die;
};

struct dwarf_types {
	struct dwarf_names names;
	struct dwarf_node *nodes;
	uint32_t count;
	struct dwarf_map by_entry;   /* numbers by where the DIE is */
	struct dwarf_map by_print;   /* by what it says */
	struct dwarf_map prints;     /* what a DIE says, in one number (dwarf_print.c) */
	struct dwarf_map by_wrapper; /* by kind and target */
	struct dwarf_map by_array;   /* by target and count */
};

/* Gives all that has a name its number. 0 or a negative errno. */
int dwarf_types_number(struct dwarf_types *types, Dwarf *dwarf, struct error *err);

/* The number of the type an entry's DW_AT_type leads to; 0: void. Or a negative errno. */
int64_t dwarf_types_of(struct dwarf_types *types, Dwarf_Die *die, struct error *err);

void dwarf_types_free(struct dwarf_types *types);

/*
 * What a named type says of itself, in one number that differs where types differ: its name, size
 * and members, with the names of their types. 0: no memory.
 */
uint64_t dwarf_print(struct dwarf_map *prints, Dwarf_Die *die);

#endif
