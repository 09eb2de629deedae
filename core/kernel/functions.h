/* SPDX-License-Identifier: MIT */
/*
 * Functions and tracepoints by name, as BTF tells them: what programs that attach to them
 * are given, and which id bpf(2) wants.
 *
 * Tracepoints are typedefs, btf_trace_NAME, of pointers to functions. Modules' types are
 * in BTF from 5.11 on.
 */
#ifndef SHARK_FUNCTIONS_H
#define SHARK_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/types.h"

/* What their typedefs' names begin with (include/trace/bpf_probe.h). */
#define FUNCTION_TRACEPOINT "btf_trace_"

struct function {
	/* For attach_btf_id; 0 when the types are of a file, not of the running kernel. */
	uint32_t btf_id;
	const char *module;    /* NULL: the kernel itself. Lives until types_reset(). */
	uint32_t nr_arguments; /* without the first of a tracepoint's, which is the kernel's own */
	bool is_variadic;
	bool is_tracepoint;
	uint64_t prototype; /* id of types.h */
};

struct function_argument {
	const char *name; /* "" where BTF has none */
	struct type type;
};

/* module: look in this one only; NULL: in the kernel, then in its modules. 0 or a negative errno.
 */
int function_find(const struct kernel *kernel, const char *name, const char *module,
		  struct function *function, struct error *err);
int function_find_tracepoint(const struct kernel *kernel, const char *name, const char *module,
			     struct function *function, struct error *err);

/*
 * The function that calls what is attached to a tracepoint: it has the same arguments, and they
 * have names, which those of most tracepoints have not. From 5.10 on. 0 or a negative errno.
 */
int function_find_caller(const struct kernel *kernel, const char *tracepoint, const char *module,
			 struct function *function, struct error *err);

/* Argument i, from 0 on. 0 or a negative errno. */
int function_argument(const struct function *function, uint32_t i,
		      struct function_argument *argument, struct error *err);

/* What it returns; TYPE_VOID: nothing. 0 or a negative errno. */
int function_result(const struct function *function, struct type *type, struct error *err);

/* module: NULL for the kernel itself. */
typedef void (*function_seen)(void *context, const char *name, const char *module);

/*
 * Calls seen for each function, or each tracepoint, whose name matches the pattern
 * (fnmatch(3)), of the kernel and its modules; of static functions of one name for each.
 * 0 or a negative errno.
 */
int function_each(const struct kernel *kernel, const char *pattern, bool tracepoints,
		  function_seen seen, void *context, struct error *err);

#endif
