// SPDX-License-Identifier: MIT
#include "provider.h"

#include <string.h>

static const struct provider *const providers[] = {
	&provider_hardirq,
	NULL,
};

const struct provider *provider_find(const char *name)
{
	const struct provider *const *at = providers;

	while (*at && strcmp((*at)->name, name) != 0)
		at++;
	return *at;
}

const struct way *provider_way(const struct provider *provider, const char *name)
{
	for (size_t i = 0; i < provider->nr_ways; i++)
		if (!strcmp(provider->ways[i].name, name))
			return &provider->ways[i];
	return NULL;
}

const struct filter *provider_filter(const struct provider *provider, const char *name)
{
	for (size_t i = 0; i < provider->nr_filters; i++)
		if (!strcmp(provider->filters[i].name, name))
			return &provider->filters[i];
	return NULL;
}

uint32_t provider_table_size(uint64_t rows)
{
	uint32_t size = 64;

	while (size < 2 * rows && size < (1U << 24))
		size *= 2;
	return size;
}
