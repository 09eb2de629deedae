// SPDX-License-Identifier: MIT
/* Types from any bytes: an answer or an error, in finite time, from memory of ours. */
#include "fuzz.h"
#include "kernel/debuginfo.h"
#include "kernel/functions.h"
#include "kernel/kernel.h"
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

static void ask_function(const struct function *function)
{
	struct function_argument argument;
	struct error err;
	struct type type;

	function_result(function, &type, &err);
	for (uint32_t i = 0; i < function->nr_arguments && i < 64; i++)
		function_argument(function, i, &argument, &err);
}

static void seen(void *context, const char *name, const char *module)
{
	struct function function;
	struct error err;

	(void)context;
	if (!function_find(kernel_running(), name, module, &function, &err))
		ask_function(&function);
}

static void ask_functions(void)
{
	struct function function;
	struct error err;

	if (!function_find_tracepoint(kernel_running(), "tick", NULL, &function, &err))
		ask_function(&function);
	if (!function_find_caller(kernel_running(), "tick", NULL, &function, &err))
		ask_function(&function);
	function_each(kernel_running(), "*", false, seen, NULL, &err);
	function_each(kernel_running(), "t*", true, seen, NULL, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err;
	struct type type;
	struct type_variable variable;
	char path[32];
	int fd = fuzz_file(data, size, path);

	/* Text is taken for symbols, and types are then still the running kernel's. */
	if (!debuginfo_set(kernel_running(), path, &err) && debuginfo_btf_path(kernel_running())) {
		types_find(kernel_running(), "struct chip", NULL, &type, &err);
		types_find(kernel_running(), "unsigned long", NULL, &type, &err);
		types_variable(kernel_running(), "vector_irq", &variable, &err);
		for (uint64_t id = 0; id < 40; id++)
			ask(1ULL << 32 | id);
		ask_functions();
	}
	types_reset(kernel_running());
	debuginfo_reset(kernel_running());
	close(fd);
	return 0;
}
