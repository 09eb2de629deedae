// SPDX-License-Identifier: MIT
#include "load/mapping.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t mapping_bytes(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

void *mapping_map(int map_fd, size_t bytes, struct error *err)
{
	size_t whole = mapping_bytes(bytes);
	void *memory = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	if (memory != MAP_FAILED)
		return memory;
	error_set(err, -errno, "cannot map %zu bytes of a BPF map: %s", whole, strerror(errno));
	return NULL;
}

void mapping_unmap(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, mapping_bytes(bytes));
}
