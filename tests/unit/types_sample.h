/* SPDX-License-Identifier: MIT */
/* BTF made for tests, of types as the kernel's are: for the unit tests and the fuzzer's corpus. */
#ifndef SHARK_TEST_TYPES_SAMPLE_H
#define SHARK_TEST_TYPES_SAMPLE_H

#include <bpf/btf.h>
#include <stdlib.h>

/* Ids, in the order they are added. */
enum sample {
	SAMPLE_INT = 1,
	SAMPLE_U64,
	SAMPLE_CHAR,
	SAMPLE_BOOL,
	SAMPLE_NAME,	    /* char[16] */
	SAMPLE_STRUCT_IRTE, /* bitfields in an anonymous union */
	SAMPLE_UNION_IRTE,
	SAMPLE_FLAGS,	  /* anonymous struct */
	SAMPLE_ANONYMOUS, /* union of the above */
	SAMPLE_TYPEDEF,
	SAMPLE_CONST,
	SAMPLE_POINTER, /* to struct chip */
	SAMPLE_CHIP,
	SAMPLE_ENUM,
	SAMPLE_UNSIGNED_ENUM,
	SAMPLE_ENUM64,
	SAMPLE_DECLARED,
	SAMPLE_FUNCTION,
	SAMPLE_ATOMIC, /* typedef of an anonymous struct */
	SAMPLE_ATOMIC_T,
	SAMPLE_VARIABLE,
	SAMPLE_PER_CPU,
	SAMPLE_PROTOTYPE, /* int (void *data, int n) */
	SAMPLE_TRACE,
	SAMPLE_TRACE_T, /* btf_trace_tick */
	SAMPLE_FUNC,
};

static inline void sample_structs(struct btf *btf)
{
	btf__add_struct(btf, "irte", 16);
	btf__add_field(btf, "low", SAMPLE_U64, 0, 0);
	btf__add_field(btf, "", SAMPLE_ANONYMOUS, 64, 0);
	btf__add_union(btf, "irte", 4);
	btf__add_field(btf, "val", SAMPLE_INT, 0, 0);
	btf__add_struct(btf, "", 8);
	btf__add_field(btf, "present", SAMPLE_U64, 0, 1);
	btf__add_field(btf, "vector", SAMPLE_U64, 16, 8);
	btf__add_union(btf, "", 8);
	btf__add_field(btf, "high", SAMPLE_U64, 0, 0);
	btf__add_field(btf, "", SAMPLE_FLAGS, 0, 0);
	btf__add_typedef(btf, "irte_t", SAMPLE_STRUCT_IRTE);
	btf__add_const(btf, SAMPLE_TYPEDEF);
	btf__add_ptr(btf, SAMPLE_CHIP);
	btf__add_struct(btf, "chip", 48);
	btf__add_field(btf, "entry", SAMPLE_CONST, 0, 0);
	btf__add_field(btf, "next", SAMPLE_POINTER, 128, 0);
	btf__add_field(btf, "name", SAMPLE_NAME, 192, 0);
	btf__add_field(btf, "counter", SAMPLE_ATOMIC_T, 320, 0);
}

static inline void sample_rest(struct btf *btf)
{
	btf__add_enum(btf, "mode", 4);
	btf__add_enum_value(btf, "MODE_NONE", 0);
	btf__add_enum_value(btf, "MODE_LAST", -1);
	btf__add_enum(btf, "mask", 4);
	btf__add_enum_value(btf, "MASK_TOP", 0x80000000LL);
	btf__add_enum64(btf, "wide", 8, false);
	btf__add_enum64_value(btf, "WIDE_TOP", 1ULL << 63);
	btf__add_fwd(btf, "elsewhere", BTF_FWD_UNION);
	btf__add_func_proto(btf, SAMPLE_INT);
	btf__add_struct(btf, "", 4);
	btf__add_field(btf, "counter", SAMPLE_INT, 0, 0);
	btf__add_typedef(btf, "atomic_t", SAMPLE_ATOMIC);
	btf__add_var(btf, "vector_irq", BTF_VAR_GLOBAL_ALLOCATED, SAMPLE_POINTER);
	btf__add_datasec(btf, ".data..percpu", 8);
	btf__add_datasec_var_info(btf, SAMPLE_VARIABLE, 0, 8);
}

static inline void sample_functions(struct btf *btf)
{
	btf__add_func_proto(btf, SAMPLE_INT);
	btf__add_func_param(btf, "data", SAMPLE_POINTER);
	btf__add_func_param(btf, "n", SAMPLE_INT);
	btf__add_ptr(btf, SAMPLE_PROTOTYPE);
	btf__add_typedef(btf, "btf_trace_tick", SAMPLE_TRACE);
	btf__add_func(btf, "__traceiter_tick", BTF_FUNC_GLOBAL, SAMPLE_PROTOTYPE);
}

static inline struct btf *sample_new(void)
{
	struct btf *btf = btf__new_empty();

	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	btf__add_int(btf, "long unsigned int", 8, 0);
	btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	btf__add_array(btf, SAMPLE_INT, SAMPLE_CHAR, 16);
	sample_structs(btf);
	sample_rest(btf);
	sample_functions(btf);
	return btf;
}

#endif
