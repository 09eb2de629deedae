// SPDX-License-Identifier: MIT
#include "kernel/resolve.h"

#include <errno.h>

#include "kernel/debuginfo.h"
#include "kernel/kernel.h"
#include "kernel/kmem.h"

static int ask_kernel(struct kernel *kernel, uint64_t address, struct symbol *found)
{
	struct kmem_symbol answer;
	int code = kmem_symbol(kernel, address, &answer);

	if (!code)
		*found = (struct symbol){
			.name = answer.name,
			.module = answer.module,
			.offset = answer.offset,
			.size = answer.size,
		};
	return code;
}

int resolve(struct kernel *kernel, uint64_t address, struct symbol *found, struct error *err)
{
	int code = -EOPNOTSUPP;

	if (symbols_in_kernel(address) && !debuginfo_has_symbols(kernel))
		code = ask_kernel(kernel, address, found);
	if (!code)
		return 0;
	if (code == -ENOENT)
		return error_set(err, code, "no symbol covers 0x%llx", (unsigned long long)address);
	return debuginfo_symbol(kernel, address, found, err);
}
