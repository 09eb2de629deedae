// SPDX-License-Identifier: MIT
/* Threads of interrupt handlers: irq:irq_handler_exit wakes, sched:sched_switch runs them. */
#include <errno.h>

#include "base/array.h"
#include "kernel/kfeat.h"
#include "trace/provider.h"
#include "tracers/irqthread/wire.h"

#include "irqthread_raw_tp.image.h"

static const struct point points[] = {
	{ .program = "on_switch", .group = "sched", .event = "sched_switch" },
	{ .program = "on_wake", .group = "irq", .event = "irq_handler_exit" },
};

static const struct way ways[] = {
	{ .name = "raw_tp", .image = &irqthread_raw_tp_image, .attach = attach_raw_tp },
};

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "irq", "this IRQ only", provider_check_irq },
	[SHARK_FILTER_CPU] = { "cpu", "threads that run on this CPU only", provider_check_cpu },
	[SHARK_FILTER_AT_LEAST_NS] = FILTER_AT_LEAST_NS,
};

static uint32_t extra_entries(int cpus)
{
	struct error err;
	int irqs = kfeat_irqs(&err);

	(void)cpus;
	return irqs < 0 ? 1024 : (uint32_t)irqs * 2 + 64;
}

static const struct loss tables[SHARK_FULL_TABLES] = {
	[SHARK_FULL_THREADS] = LOSS_FULL("threads_full", "table of threads", "not counted",
					 "the session's option in_flight"),
};

static const struct provider irqthread = {
	.name = "irqthread",
	.event_size = sizeof(struct shark_deferred_event),
	.rows_wanted = provider_irq_rows,
	.extra_entries = extra_entries,
	.in_flight = "threads",
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = &filters,
	.tables = &tables,
};
PROVIDER_REGISTER(irqthread);
