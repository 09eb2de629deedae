// SPDX-License-Identifier: MIT
#include "trace/provider.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kfeat.h"
#include "kernel/tracepoint.h"

/* The linker makes these of the section that PROVIDER_REGISTER() puts entries into. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
extern const struct provider *const __start_shark_providers[];
extern const struct provider *const __stop_shark_providers[];
/* NOLINTEND(bugprone-reserved-identifier) */

const struct loss provider_calls_tables[SHARK_FULL_TABLES] = {
	[SHARK_FULL_CALLS] =
		LOSS_FULL("calls_full", "table of calls in progress", "not counted", NULL),
};

size_t provider_count(void)
{
	return (size_t)(__stop_shark_providers - __start_shark_providers);
}

const struct provider *provider_at(size_t i)
{
	return __start_shark_providers[i];
}

const struct provider *provider_find(const char *name)
{
	for (size_t i = 0; i < provider_count(); i++)
		if (!strcmp(provider_at(i)->name, name))
			return provider_at(i);
	return NULL;
}

const struct way *provider_way(const struct provider *provider, const char *name)
{
	for (size_t i = 0; i < provider->nr_ways; i++)
		if (!strcmp(provider->ways[i].name, name))
			return &provider->ways[i];
	return NULL;
}

_Static_assert(sizeof(((struct shark_config *)0)->filters) == SHARK_FILTERS * sizeof(__s64) &&
		       sizeof(((struct shark_config *)0)->features) ==
			       SHARK_FEATURES * sizeof(__u32),
	       "a place in the config for each filter and feature");

const struct filter *provider_filter_at(const struct provider *provider, size_t slot)
{
	const struct filter *filter = provider->filters ? &(*provider->filters)[slot] : NULL;

	return filter && filter->name ? filter : NULL;
}

const struct feature *provider_feature_at(const struct provider *provider, size_t slot)
{
	const struct feature *feature = provider->features ? &(*provider->features)[slot] : NULL;

	return feature && feature->name ? feature : NULL;
}

const struct filter *provider_filter(const struct provider *provider, const char *name)
{
	for (size_t slot = 0; slot < SHARK_FILTERS; slot++) {
		const struct filter *filter = provider_filter_at(provider, slot);

		if (filter && !strcmp(filter->name, name))
			return filter;
	}
	return NULL;
}

const struct feature *provider_feature(const struct provider *provider, const char *name)
{
	for (size_t slot = 0; slot < SHARK_FEATURES; slot++) {
		const struct feature *feature = provider_feature_at(provider, slot);

		if (feature && !strcmp(feature->name, name))
			return feature;
	}
	return NULL;
}

const struct point *provider_points(const struct provider *provider, const struct way *way,
				    size_t *n)
{
	*n = way->points ? way->nr_points : provider->nr_points;
	return way->points ? way->points : provider->points;
}

int provider_check_irq(int64_t irq, struct error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/irq/%lld", (long long)irq);
	if (irq >= 0 && !access(path, F_OK))
		return 0;
	return error_set(err, -ENOENT, "no such IRQ: %lld; /proc/interrupts lists those there are",
			 (long long)irq);
}

int provider_check_any_irq(int64_t irq, struct error *err)
{
	if (irq >= 0 && irq <= INT32_MAX)
		return 0;
	return error_set(err, -ENOENT, "no such IRQ: %lld", (long long)irq);
}

int provider_check_cpu(int64_t cpu, struct error *err)
{
	int cpus = kfeat_possible_cpus(err);

	if (cpus < 0)
		return cpus;
	if (cpu >= 0 && cpu < cpus)
		return 0;
	return error_set(err, -ENOENT, "no such CPU: %lld; this machine has 0 to %d",
			 (long long)cpu, cpus - 1);
}

int provider_check_ns(int64_t ns, struct error *err)
{
	return ns >= 0 ? 0
		       : error_set(err, -EINVAL, "a time is 0 ns or more, not %lld", (long long)ns);
}

/*
 * On a small machine every handler may run on every CPU. On a large one that
 * product is far from what happens (an interrupt of a multi-queue device stays
 * on one CPU): twice the handlers and 16 more for each CPU. An overflow is counted
 * and shown.
 */
int provider_irq_rows(int cpus, struct error *err)
{
	int irqs = kfeat_irqs(err);
	int64_t all, usual;

	if (irqs < 0)
		return irqs;
	all = ((int64_t)irqs + 8) * cpus;
	usual = 2 * (int64_t)irqs + 16 * (int64_t)cpus;
	return (int)(cpus <= 8 || all < usual ? all : usual);
}

int provider_rows_of_cpus(int cpus, int first, int further)
{
	int few = cpus < PROVIDER_FEW_CPUS ? cpus : PROVIDER_FEW_CPUS;

	return few * first + (cpus - few) * further;
}

int provider_fields(const struct record_field fields[], size_t n, struct shark_config *config,
		    struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct record_field *field = &fields[i];
		int offset = field->field ? tracepoint_field(field->group, field->event,
							     field->field, err)
					  : 0;

		if (offset < 0)
			return offset;
		if (field->field)
			config->at[i] = (uint32_t)offset;
	}
	return 0;
}

int provider_rows_of_irqs(int cpus, struct error *err)
{
	int irqs = kfeat_irqs(err);

	return irqs < 0 ? irqs : 4 * irqs + 16 * cpus;
}

uint32_t provider_table_size(uint64_t rows)
{
	uint32_t size = 64;

	while (size < 2 * rows && size < (1U << 24))
		size *= 2;
	return size;
}

uint32_t provider_parts(uint64_t rows)
{
	uint64_t all = rows * SHARK_HIST_PARTS, usual = 2 * rows + 4096;

	return (uint32_t)(all < usual ? all : usual);
}
