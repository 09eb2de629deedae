// SPDX-License-Identifier: MIT
#include "kernel/functions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/btf.h"
#include "kernel/btf_sources.h"
#include "kernel/debuginfo.h"

/* include/linux/tracepoint.h from 5.10 on */
#define TRACE_CALLER "__traceiter_"

enum {
	MAX_NAME = 256,
	MAX_PREFIX = 16,
	/* Longest chain of typedefs and qualifiers that is followed. */
	MAX_DEPTH = 32,
};

static const int typedefs[] = { BTF_KIND_TYPEDEF, 0 };
static const int functions[] = { BTF_KIND_FUNC, 0 };

/* ---- prototypes ---- */

static uint32_t kind_of(const struct btf_type *type)
{
	return BTF_INFO_KIND(type->info);
}

/* Follows what leads from a function or a tracepoint's typedef to a prototype. 0: nowhere. */
static uint32_t prototype_of(struct btf_reader *reader, uint32_t id)
{
	for (int i = 0; i < MAX_DEPTH; i++) {
		const struct btf_type *type = btf_type_at(reader, id);

		if (!type)
			return 0;
		switch (kind_of(type)) {
		case BTF_KIND_FUNC_PROTO:
			return id;
		case BTF_KIND_FUNC:
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_PTR:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
			id = type->type;
			break;
		default:
			return 0;
		}
	}
	return 0;
}

static const struct btf_param *parameters_of(const struct btf_type *prototype)
{
	return (const struct btf_param *)(prototype + 1);
}

static uint32_t count_of(const struct btf_type *prototype)
{
	return BTF_INFO_VLEN(prototype->info);
}

/* A last one without name and type stands for "...". */
static bool is_variadic(const struct btf_type *prototype)
{
	uint32_t n = count_of(prototype);

	return n && !parameters_of(prototype)[n - 1].type &&
	       !parameters_of(prototype)[n - 1].name_off;
}

static const struct btf_type *record_of(uint64_t id, struct btf_reader **reader)
{
	const struct btf_place *place = btf_source_at((uint32_t)(id >> 32));

	*reader = place ? place->reader : NULL;
	return *reader ? btf_type_at(*reader, (uint32_t)id) : NULL;
}

static int damaged(uint64_t id, struct error *err)
{
	return error_set(err, -EINVAL, "the BTF is damaged: type %u", (uint32_t)id);
}

/* The prototype, with the arguments there must be. */
static int fill(struct function *function, uint32_t source, uint32_t id, struct error *err)
{
	const struct btf_place *place = btf_source_at(source);
	uint32_t at = prototype_of(place->reader, id);
	const struct btf_type *prototype = at ? btf_type_at(place->reader, at) : NULL;

	if (!prototype)
		return damaged(id, err);
	function->btf_id = place->path ? 0 : id;
	function->module = place->module;
	function->is_variadic = is_variadic(prototype);
	function->prototype = types_id(source, at);
	function->nr_arguments = count_of(prototype) - function->is_variadic;
	if (!function->is_tracepoint)
		return 0;
	if (!function->nr_arguments)
		return damaged(id, err);
	function->nr_arguments--;
	return 0;
}

/* ---- by name ---- */

static int find(const struct kernel *kernel, const char *name, const int *kinds, const char *module,
		struct function *function, struct error *err)
{
	struct btf_wanted wanted = { .name = name, .kinds = kinds };
	int code = btf_sources_find(kernel, module, &wanted, 1, err);

	if (code)
		return code;
	if (wanted.source)
		return fill(function, wanted.source, wanted.id, err);
	return error_set(err, -ENOENT, "there is no type of '%s' in %s", name,
			 btf_sources_searched(kernel, module));
}

static int check_name(const char *name, struct error *err)
{
	if (strlen(name) > MAX_NAME)
		return error_set(err, -EINVAL, "'%.32s...' is too long for a name", name);
	return 0;
}

int function_find(const struct kernel *kernel, const char *name, const char *module,
		  struct function *function, struct error *err)
{
	int code = check_name(name, err);

	*function = (struct function){ .is_tracepoint = false };
	return code ? code : find(kernel, name, functions, module, function, err);
}

static int find_with_prefix(const struct kernel *kernel, const char *prefix, const char *name,
			    const int *kinds, const char *module, struct function *function,
			    struct error *err)
{
	char full[MAX_NAME + MAX_PREFIX];
	int code = check_name(name, err);

	if (code)
		return code;
	*function = (struct function){ .is_tracepoint = true };
	snprintf(full, sizeof(full), "%s%s", prefix, name);
	return find(kernel, full, kinds, module, function, err);
}

int function_find_tracepoint(const struct kernel *kernel, const char *name, const char *module,
			     struct function *function, struct error *err)
{
	return find_with_prefix(kernel, FUNCTION_TRACEPOINT, name, typedefs, module, function, err);
}

int function_find_caller(const struct kernel *kernel, const char *tracepoint, const char *module,
			 struct function *function, struct error *err)
{
	return find_with_prefix(kernel, TRACE_CALLER, tracepoint, functions, module, function, err);
}

/* ---- what they take and give ---- */

int function_argument(const struct function *function, uint32_t i,
		      struct function_argument *argument, struct error *err)
{
	struct btf_reader *reader;
	const struct btf_type *prototype = record_of(function->prototype, &reader);
	uint32_t at = i + function->is_tracepoint;
	uint64_t source = function->prototype >> 32;

	if (i >= function->nr_arguments)
		return error_set(err, -EINVAL, "there is no argument %u", i);
	if (!prototype || kind_of(prototype) != BTF_KIND_FUNC_PROTO || at >= count_of(prototype))
		return damaged(function->prototype, err);
	argument->name = btf_string_at(reader, parameters_of(prototype)[at].name_off);
	return types_get(types_id((uint32_t)source, parameters_of(prototype)[at].type),
			 &argument->type, err);
}

int function_result(const struct function *function, struct type *type, struct error *err)
{
	struct btf_reader *reader;
	const struct btf_type *prototype = record_of(function->prototype, &reader);

	if (!prototype || kind_of(prototype) != BTF_KIND_FUNC_PROTO)
		return damaged(function->prototype, err);
	return types_get(types_id((uint32_t)(function->prototype >> 32), prototype->type), type,
			 err);
}

/* ---- by pattern ---- */

struct listing {
	const char *pattern;
	size_t prefix; /* of the names in BTF */
	int kind;
	struct btf_names names;
	size_t of_kernel; /* of the names, so many are among the kernel's strings */
	function_seen seen;
	void *context;
	const struct btf_place *place;
};

static void tell(void *context, uint32_t id, uint32_t name)
{
	const struct listing *listing = context;

	(void)id;
	listing->seen(listing->context,
		      btf_string_at(listing->place->reader, name) + listing->prefix,
		      listing->place->module);
}

static int list_in(struct listing *listing, uint32_t source, struct error *err)
{
	int code;

	listing->place = btf_source_at(source);
	code = btf_match(listing->place->reader, listing->pattern, &listing->names, err);
	if (code)
		return code;
	return btf_each(listing->place->reader, listing->kind, &listing->names, tell, listing, err);
}

/* A module uses the kernel's strings too. What cannot be read of one is left out. */
static int list_module(void *context, uint32_t source)
{
	struct listing *listing = context;

	listing->names.count = listing->of_kernel;
	list_in(listing, source, NULL);
	return 0;
}

int function_each(const struct kernel *kernel, const char *pattern, bool tracepoints,
		  function_seen seen, void *context, struct error *err)
{
	char full[MAX_NAME + MAX_PREFIX];
	struct listing listing = {
		.pattern = full,
		.prefix = tracepoints ? strlen(FUNCTION_TRACEPOINT) : 0,
		.kind = tracepoints ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC,
		.seen = seen,
		.context = context,
	};
	uint32_t source = btf_source(kernel, NULL, err);
	int code = check_name(pattern, err);

	if (code || !source)
		return code ? code : err ? err->code : -ENOENT;
	snprintf(full, sizeof(full), "%s%s", tracepoints ? FUNCTION_TRACEPOINT : "", pattern);
	code = list_in(&listing, source, err);
	listing.of_kernel = listing.names.count;
	if (!code)
		btf_sources_of_modules(kernel, list_module, &listing);
	free(listing.names.offsets);
	return code;
}
