// SPDX-License-Identifier: MIT
#include "kernel/enumerators.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/btf_sources.h"
#include "kernel/types.h"

static bool has(const struct type *type, const char *name, uint64_t *value)
{
	struct error err;
	const char *mine;

	for (uint32_t i = 0; i < type->count; i++)
		if (!types_enumerator(type, i, &mine, value, &err) && !strcmp(mine, name))
			return true;
	return false;
}

static bool is_in(uint32_t source, uint32_t id, const char *name, uint64_t *value)
{
	struct error err;
	struct type type;

	return !types_get(types_id(source, id), &type, &err) && has(&type, name, value);
}

int enumerator_find(const struct kernel *kernel, const char *name, uint64_t *value,
		    struct error *err)
{
	uint32_t source = btf_source(kernel, NULL, err);
	struct btf_reader *reader = source ? btf_source_at(source)->reader : NULL;
	const struct btf_type *t;

	if (!reader)
		return err->code;
	for (uint32_t id = 1; (t = btf_type_at(reader, id)); id++)
		if (btf_is_any_enum(t) && is_in(source, id, name, value))
			return 0;
	return error_set(err, -ENOENT, "no enum has '%s'", name);
}
