// SPDX-License-Identifier: MIT
#include "kernel/exchange.h"

#include <sys/mman.h>
#include <unistd.h>

/* Maps are mapped by pages. */
static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

void *exchange_map(int map_fd, size_t bytes)
{
	void *memory =
		mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void exchange_unmap(void *exchange, size_t bytes)
{
	if (exchange)
		munmap(exchange, whole_pages(bytes));
}
