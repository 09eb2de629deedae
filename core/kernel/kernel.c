// SPDX-License-Identifier: MIT
#include "kernel/kernel.h"

static struct kernel running;

struct kernel *kernel_running(void)
{
	return &running;
}
