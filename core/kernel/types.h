/* SPDX-License-Identifier: MIT */
/*
 * Types of kernel objects, from BTF: of the running kernel and its modules, or
 * of the file given to debuginfo_set(). A name takes a pass over the BTF, about
 * 1 ms; a module's types are read when it is named, or when the kernel itself does not
 * have the type.
 *
 * Typedefs and qualifiers are skipped everywhere. BTF may be damaged or made to
 * do harm: whatever it holds, the answer is a type or an error.
 */
#ifndef SHARK_TYPES_H
#define SHARK_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct kernel;

enum type_kind {
	TYPE_VOID,
	TYPE_INT,
	TYPE_CHAR, /* the C type char: text, in arrays and where pointers lead */
	TYPE_BOOL,
	TYPE_FLOAT,
	TYPE_ENUM,
	TYPE_POINTER,
	TYPE_ARRAY,
	TYPE_STRUCT,
	TYPE_UNION,
	TYPE_DECLARED, /* struct or union whose members are elsewhere or nowhere */
	TYPE_FUNCTION,
};

/* The id of a type by its number in a BTF, and that BTF's (btf_sources.h). */
static inline uint64_t types_id(uint32_t source, uint32_t id)
{
	return (uint64_t)source << 32 | id;
}

struct type {
	uint64_t id; /* for types_get(); the same for the same type, while the source stays */
	enum type_kind kind;
	/*
	 * "irq_desc", or for an anonymous type its typedef's name, or "". Lives
	 * until types_reset().
	 */
	const char *name;
	uint64_t size;	/* bytes; 0 for what has none */
	uint32_t count; /* of members, enumerators, elements */
	bool is_signed;
	bool is_union; /* of TYPE_DECLARED */
};

struct type_member {
	const char *name; /* "" for an anonymous struct or union */
	struct type type;
	uint64_t bit_offset;
	uint32_t bits; /* of a bitfield, else 0 */
};

/*
 * Finds a type by name: "struct irte", "union irte", "enum irqreturn", "u32",
 * "unsigned long". A bare name is a typedef, an integer or else a struct, a
 * union or an enum. module: look in this one only; NULL: in the kernel, then in
 * its modules. 0 or a negative errno, -ENOENT when there is none.
 */
int types_find(const struct kernel *kernel, const char *name, const char *module, struct type *type,
	       struct error *err);

/* The type with an id that another call gave. 0 or a negative errno. */
int types_get(uint64_t id, struct type *type, struct error *err);

/* What a pointer points to, or an array consists of. 0 or a negative errno. */
int types_target(const struct type *type, struct type *target, struct error *err);

/* Member i of a struct or union, as declared. 0 or a negative errno. */
int types_member(const struct type *type, uint32_t i, struct type_member *member,
		 struct error *err);

/*
 * Finds a member by name, also in anonymous structs and unions within;
 * "irq_data.chip" is a member of a member. 0 or a negative errno, -ENOENT when
 * there is none.
 */
int types_find_member(const struct type *type, const char *path, struct type_member *member,
		      struct error *err);

/* Enumerator i; the value sign-extended where the enum is signed. */
int types_enumerator(const struct type *type, uint32_t i, const char **name, uint64_t *value,
		     struct error *err);

struct type_variable {
	struct type type;
	bool is_per_cpu; /* of others kernels do not tell */
	uint32_t offset; /* of a per-CPU one, in each CPU's area */
	/* What programs name it by; 0 when the types are of a file, not of the running kernel. */
	uint32_t btf_id;
};

/* A variable of the kernel itself. 0 or a negative errno, -ENOENT when BTF has none of the name. */
int types_variable(const struct kernel *kernel, const char *name, struct type_variable *variable,
		   struct error *err);

/* Bytes of a pointer in this kernel; where nobody knows its types, as many as in this program. */
uint32_t types_pointer_size(const struct kernel *kernel);

/* Gives a kernel's types back; their ids and names are void from then on. */
void types_reset(const struct kernel *kernel);

#endif
