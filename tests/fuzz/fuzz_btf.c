// SPDX-License-Identifier: MIT
/*
 * The reader of BTF on any bytes: as the kernel's types, and on these once more, as a
 * module's. Names, patterns, records and strings, in finite time, from memory of ours.
 */
#include <linux/btf.h>

#include "fuzz.h"
#include "kernel/btf.h"
#include "kernel/btf_layout.h"

static const int kinds[] = { BTF_KIND_TYPEDEF, BTF_KIND_STRUCT, BTF_KIND_FUNC, 0 };

/* Each byte of a record and its name must be there to be read. */
static uint32_t look_at(struct btf_reader *reader, uint32_t id)
{
	const struct btf_type *type = btf_type_at(reader, id);
	const char *name = type ? btf_string_at(reader, type->name_off) : "";
	uint32_t sum = 0;

	for (uint32_t i = 0; type && id && i < btf_record_size(type); i++)
		sum += ((const uint8_t *)type)[i];
	while (*name)
		sum += (uint8_t)*name++;
	return sum;
}

static void seen(void *context, uint32_t id, uint32_t name)
{
	(void)name;
	look_at(context, id);
}

static void ask(struct btf_reader *reader)
{
	struct btf_wanted wanted[] = {
		{ .name = "irte", .kinds = kinds },
		{ .name = "atomic_t", .kinds = kinds },
		{ .name = "nothing", .kinds = kinds },
	};
	struct btf_names names = { .offsets = NULL };
	struct error err;

	btf_find(reader, wanted, 3, &err);
	for (uint32_t id = 0; id < 80; id++)
		look_at(reader, id);
	look_at(reader, UINT32_MAX);
	for (uint32_t offset = 0; offset < 300; offset++)
		btf_string_at(reader, offset);
	if (!btf_match(reader, "*[a-i]*", &names, &err))
		btf_each(reader, BTF_KIND_STRUCT, &names, seen, reader, &err);
	free(names.offsets);
	btf_check(reader, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf_reader *kernel = NULL, *module = NULL;
	struct error err;
	char path[32];
	int fd = fuzz_file(data, size, path);

	if (!btf_open(path, BTF_FILE, NULL, &kernel, &err)) {
		ask(kernel);
		if (!btf_open(path, BTF_FILE, kernel, &module, &err))
			ask(module);
	}
	btf_close(module);
	btf_close(kernel);
	close(fd);
	return 0;
}
