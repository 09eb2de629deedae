/* SPDX-License-Identifier: MIT */
/*
 * elfutils' libdw, which reads DWARF, loaded when it is first needed. It brings a libelf of its
 * own, so what it gives is not for the one that is linked: libelf's functions are here, too.
 */
#ifndef SHARK_LIBDW_H
#define SHARK_LIBDW_H

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>

#include "base/error.h"

#define LIBDW_FUNCTIONS(F)                                                                         \
	F(dwfl_begin)                                                                              \
	F(dwfl_end)                                                                                \
	F(dwfl_report_offline)                                                                     \
	F(dwfl_report_end)                                                                         \
	F(dwfl_module_getdwarf)                                                                    \
	F(dwfl_module_getelf)                                                                      \
	F(dwfl_module_getsymtab)                                                                   \
	F(dwfl_module_getsym)                                                                      \
	F(dwfl_standard_find_debuginfo)                                                            \
	F(dwfl_offline_section_address)                                                            \
	F(dwfl_errmsg)                                                                             \
	F(dwarf_get_units)                                                                         \
	F(dwarf_child)                                                                             \
	F(dwarf_siblingof)                                                                         \
	F(dwarf_tag)                                                                               \
	F(dwarf_diename)                                                                           \
	F(dwarf_attr)                                                                              \
	F(dwarf_attr_integrate)                                                                    \
	F(dwarf_hasattr)                                                                           \
	F(dwarf_whatform)                                                                          \
	F(dwarf_formref_die)                                                                       \
	F(dwarf_formudata)                                                                         \
	F(dwarf_formsdata)                                                                         \
	F(dwarf_formflag)                                                                          \
	F(dwarf_formaddr)                                                                          \
	F(dwarf_getlocation_attr)                                                                  \
	F(dwarf_getlocation)                                                                       \
	F(elf_getshdrstrndx)                                                                       \
	F(elf_ndxscn)                                                                              \
	F(elf_nextscn)                                                                             \
	F(elf_strptr)                                                                              \
	F(gelf_getehdr)                                                                            \
	F(gelf_getshdr)

/* By their own names: libdw.dwarf_tag(die). */
struct libdw {
#define LIBDW_MEMBER(name) __typeof__(name) *name;
	LIBDW_FUNCTIONS(LIBDW_MEMBER)
#undef LIBDW_MEMBER
};
extern struct libdw libdw;

/* Before anything else of it. 0 or -ELIBACC, as library_load(). */
int libdw_load(struct error *err);

#endif
