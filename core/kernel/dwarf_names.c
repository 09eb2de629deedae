// SPDX-License-Identifier: MIT
#include "kernel/dwarf_names.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "kernel/dwarf_die.h"

enum rank { NOTHING, DECLARED, COMPLETE };

/* What linkers leave out they put to address 0. */
static int rank_of_variable(Dwarf_Die *die)
{
	uint64_t address;

	return die_address(die, &address) && address ? COMPLETE : DECLARED;
}

static int rank_of_function(Dwarf_Die *die)
{
	return libdw.dwarf_hasattr(die, DW_AT_low_pc) || libdw.dwarf_hasattr(die, DW_AT_ranges)
		       ? COMPLETE
		       : NOTHING;
}

/* How much an entry tells of its name; more: than a declaration of it. */
static int rank_of(Dwarf_Die *die, int tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		return die_is_declaration(die) ? NOTHING : COMPLETE;
	case DW_TAG_base_type:
	case DW_TAG_typedef:
		return COMPLETE;
	case DW_TAG_variable:
		return rank_of_variable(die);
	case DW_TAG_subprogram:
		return rank_of_function(die);
	default:
		return NOTHING;
	}
}

static bool may_be_named(int tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_base_type:
	case DW_TAG_typedef:
	case DW_TAG_variable:
	case DW_TAG_subprogram:
		return true;
	default:
		return false;
	}
}

/* A struct and a union of one name are two. */
static uint64_t key_of(int tag, const char *name)
{
	uint64_t key = tag == DW_TAG_class_type ? DW_TAG_structure_type : (unsigned int)tag;

	return dwarf_mix_text(key, name);
}

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "out of memory for names in DWARF");
}

static int append(struct dwarf_names *names, uint64_t *index, Dwarf_Die *die, int rank,
		  struct error *err)
{
	struct dwarf_name *more = array_room(names->names, names->count, sizeof(*more));

	if (!more)
		return no_memory(err);
	names->names = more;
	names->names[names->count++] = (struct dwarf_name){ .die = *die, .rank = rank };
	*index = names->count;
	return 0;
}

static int offer(struct dwarf_names *names, Dwarf_Die *die, struct error *err)
{
	int tag = libdw.dwarf_tag(die), rank;
	const char *name = may_be_named(tag) ? die_name(die) : "";
	struct dwarf_name *known;
	uint64_t *index;

	if (!*name)
		return 0;
	index = dwarf_map_at(&names->by_name, key_of(tag, name));
	if (!index)
		return no_memory(err);
	known = *index ? &names->names[*index - 1] : NULL;
	if (known && known->rank == COMPLETE)
		return 0;
	rank = rank_of(die, tag);
	if (!known)
		return rank ? append(names, index, die, rank, err) : 0;
	if (rank > known->rank)
		*known = (struct dwarf_name){ .die = *die, .rank = rank };
	return 0;
}

static int read_unit(struct dwarf_names *names, Dwarf_Die *unit, struct error *err)
{
	Dwarf_Die die;
	int code = 0;

	for (bool more = die_first(unit, &die); !code && more; more = die_next(&die))
		code = offer(names, &die, err);
	return code;
}

int dwarf_names_read(struct dwarf_names *names, Dwarf *dwarf, struct error *err)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	int code = 0;

	while (!code && !libdw.dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL))
		code = read_unit(names, &die, err);
	return code;
}

const struct dwarf_name *dwarf_names_find(struct dwarf_names *names, Dwarf_Die *declaration)
{
	const char *name = die_name(declaration);
	uint64_t *index =
		*name ? dwarf_map_at(&names->by_name, key_of(libdw.dwarf_tag(declaration), name))
		      : NULL;

	return index && *index ? &names->names[*index - 1] : NULL;
}

void dwarf_names_free(struct dwarf_names *names)
{
	dwarf_map_free(&names->by_name);
	free(names->names);
	*names = (struct dwarf_names){ .names = NULL };
}
