/* SPDX-License-Identifier: MIT */
/* What each name of a program stands for: one pass over its units finds the entry (DIE). */
#ifndef SHARK_DWARF_NAMES_H
#define SHARK_DWARF_NAMES_H

#include "base/error.h"
#include "kernel/dwarf_map.h"
#include "kernel/libdw.h"

struct dwarf_name {
	Dwarf_Die die;
	int rank; /* how much it tells: the highest is the one that is kept, of those the first */
	uint32_t id; /* the type's, for who converts it */
};

struct dwarf_names {
	struct dwarf_name *names; /* in the order they were come across */
	size_t count;
	struct dwarf_map by_name; /* one more than the index */
};

/* All names of types, variables and functions. 0 or a negative errno. */
int dwarf_names_read(struct dwarf_names *names, Dwarf *dwarf, struct error *err);

/* The complete type, of the same kind, that a declaration speaks of; or NULL. */
const struct dwarf_name *dwarf_names_find(struct dwarf_names *names, Dwarf_Die *declaration);

void dwarf_names_free(struct dwarf_names *names);

#endif
