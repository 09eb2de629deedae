// SPDX-License-Identifier: MIT
/* Types from any bytes: an answer or an error, in finite time, from memory of ours. */
#include "fuzz.h"
#include "kernel/debuginfo.h"
#include "kernel/types.h"

static void ask(uint64_t id)
{
	struct type_member member;
	struct type type, target;
	const char *name;
	uint64_t value;
	struct error err;

	if (types_get(id, &type, &err))
		return;
	types_target(&type, &target, &err);
	types_find_member(&type, "entry.vector", &member, &err);
	types_find_member(&type, "not there", &member, &err);
	for (uint32_t i = 0; i < type.count && i < 64; i++) {
		types_member(&type, i, &member, &err);
		types_enumerator(&type, i, &name, &value, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err;
	struct type type;
	bool per_cpu;
	char path[32];
	int fd = fuzz_file(data, size, path);

	if (!debuginfo_set(path, &err)) {
		types_find("struct chip", NULL, &type, &err);
		types_find("unsigned long", NULL, &type, &err);
		types_variable("vector_irq", &type, &per_cpu, &err);
		for (uint64_t id = 0; id < 40; id++)
			ask(1ULL << 32 | id);
	}
	types_reset();
	debuginfo_reset();
	close(fd);
	return 0;
}
