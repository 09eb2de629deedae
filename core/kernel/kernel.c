// SPDX-License-Identifier: MIT
#include "kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/image.h"
#include "kernel/types.h"

static struct kernel running;

struct kernel *kernel_running(void)
{
	return &running;
}

static int open_files(struct kernel *kernel, const struct kernel_files *files, struct error *err)
{
	int code = image_open(files->core, &kernel->image, err);

	if (!code && files->btf)
		code = debuginfo_set(kernel, files->btf, err);
	if (!code && files->symbols)
		code = debuginfo_set(kernel, files->symbols, err);
	return code;
}

int kernel_open(const struct kernel_files *files, struct kernel **out, struct error *err)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int code = kernel ? open_files(kernel, files, err)
			  : error_set(err, -ENOMEM, "out of memory for an image");

	if (code && kernel)
		kernel_close(kernel);
	else if (!code)
		*out = kernel;
	return code;
}

void kernel_close(struct kernel *kernel)
{
	types_reset(kernel);
	debuginfo_reset(kernel);
	kmem_close(kernel);
	if (kernel == &running)
		return;
	image_close(kernel->image);
	free(kernel);
}
