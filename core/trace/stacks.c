// SPDX-License-Identifier: MIT
#include "trace/stacks.h"

#include <bpf/bpf.h>

/* Behind the last address there are zeroes (bpf_stackmap_copy() in kernel/bpf/stackmap.c). */
int stacks_read(int map_fd, uint32_t id, uint64_t addresses[], size_t room)
{
	size_t n = 0;
	int code = bpf_map_lookup_elem(map_fd, &id, addresses);

	if (code)
		return code;
	while (n < room && addresses[n])
		n++;
	return (int)n;
}
