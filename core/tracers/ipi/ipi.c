// SPDX-License-Identifier: MIT
/* Inter-processor interrupts: sent (ipi:*, since 6.4) and received (irq_vectors:*). */
#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"

#include "ipi_raw_tp.image.h"
#include "ipi_receive.image.h"

/* Older kernels tell of the receiving side only. */
static const struct point points[] = {
	{ .program = "on_receive", .group = "irq_vectors", .event = "reschedule_entry" },
	{ .program = "on_receive", .group = "irq_vectors", .event = "call_function_entry" },
	{ .program = "on_receive", .group = "irq_vectors", .event = "call_function_single_entry" },
	{ .program = "on_send_cpu", .group = "ipi", .event = "ipi_send_cpu", .optional = 1 },
	{ .program = "on_send_mask", .group = "ipi", .event = "ipi_send_cpumask", .optional = 1 },
};

static const struct way ways[] = {
	{ .name = "raw_tp", .image = &ipi_raw_tp_image, .attach = attach_raw_tp },
	{ .name = "receive", .image = &ipi_receive_image, .attach = attach_raw_tp },
};

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "vector", "this vector only", NULL },
	[SHARK_FILTER_CPU] = { "cpu", "received on this CPU only, and sent to it",
			       provider_check_cpu },
	[SHARK_FILTER_AT_LEAST_NS] = FILTER_AT_LEAST_NS,
};

/*
 * Callers on each CPU, and pairs of CPUs: all of them on a small machine. On a large
 * one a CPU is mostly woken by those that it shares its tasks with.
 */
static int rows_wanted(int cpus, struct error *err)
{
	(void)err;
	return provider_rows_of_cpus(cpus, 32 + 3 * PROVIDER_FEW_CPUS, 24);
}

static uint32_t extra_entries(int cpus)
{
	return (uint32_t)cpus * 4;
}

static const struct provider ipi = {
	.name = "ipi",
	.event_size = sizeof(struct shark_event),
	.rows_wanted = rows_wanted,
	.extra_entries = extra_entries,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = &filters,
};
PROVIDER_REGISTER(ipi);
