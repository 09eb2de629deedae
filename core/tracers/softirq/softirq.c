// SPDX-License-Identifier: MIT
/* Softirqs: raised, entered, left; and what interrupts them. */
#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"
#include "tracers/softirq/wire.h"

#include "softirq_raw_tp.image.h"
#include "softirq_tp.image.h"

enum {
	WAIT = POINT_IF(SHARK_SOFTIRQ_FEATURE_WAIT),
	CONTEXT = POINT_IF(SHARK_SOFTIRQ_FEATURE_CONTEXT),
};

/* A vector's handler is watched only where both its ends can be. */
#define VECTOR(number, name)                                                                       \
	{ .program = "on_vector_exit",                                                             \
	  .group = "irq_vectors",                                                                  \
	  .event = #name "_exit",                                                                  \
	  .only_if = CONTEXT,                                                                      \
	  .optional = (number) },                                                                  \
	{                                                                                          \
		.program = "on_vector_entry", .group = "irq_vectors", .event = #name "_entry",     \
		.only_if = CONTEXT, .optional = (number)                                           \
	}

static const struct point points[] = {
	{ .program = "on_irq_exit",
	  .group = "irq",
	  .event = "irq_handler_exit",
	  .only_if = CONTEXT },
	{ .program = "on_irq_entry",
	  .group = "irq",
	  .event = "irq_handler_entry",
	  .only_if = CONTEXT },
	VECTOR(1, local_timer),
	VECTOR(2, reschedule),
	VECTOR(3, call_function),
	VECTOR(4, call_function_single),
	VECTOR(5, irq_work),
	{ .program = "on_exit", .group = "irq", .event = "softirq_exit" },
	{ .program = "on_entry", .group = "irq", .event = "softirq_entry" },
	{ .program = "on_raise", .group = "irq", .event = "softirq_raise", .only_if = WAIT },
};

static const struct record_field tp_fields[] = {
	[SHARK_SOFTIRQ_AT_SOFTIRQ] = { "irq", "softirq_entry", "vec" },
	[SHARK_SOFTIRQ_AT_IRQ] = { "irq", "irq_handler_entry", "irq" },
	[SHARK_SOFTIRQ_AT_VECTOR] = { "irq_vectors", "local_timer_entry", "vector" },
};

static int configure_tp(struct shark_config *config, struct error *err)
{
	return provider_fields(tp_fields, ARRAY_SIZE(tp_fields), config, err);
}

static const struct way ways[] = {
	{ .name = "raw_tp", .image = &softirq_raw_tp_image, .attach = attach_raw_tp },
	{
		.name = "tp",
		.image = &softirq_tp_image,
		.attach = attach_tp,
		.configure = configure_tp,
	},
};

/* include/linux/interrupt.h, enum: HI_SOFTIRQ to RCU_SOFTIRQ */
static int check_softirq(int64_t softirq, struct error *err)
{
	if (softirq >= 0 && softirq < 10)
		return 0;
	return error_set(err, -ENOENT, "no such softirq: %lld; there are 0 (HI) to 9 (RCU)",
			 (long long)softirq);
}

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "softirq", "this softirq only", check_softirq },
	[SHARK_FILTER_CPU] = FILTER_CPU,
	[SHARK_FILTER_AT_LEAST_NS] = FILTER_AT_LEAST_NS,
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_FEATURE_STACKS] = { "stacks", "keep the kernel stack of each raise", false },
	[SHARK_SOFTIRQ_FEATURE_WAIT] = { "wait", "time from raise to start, too", true },
	[SHARK_SOFTIRQ_FEATURE_CONTEXT] = { "context", "who raised and who interrupted, too",
					    true },
};

/*
 * On each CPU ten softirqs that run, and some raisers of each; of many CPUs most
 * see the timer's, the scheduler's and RCU's, each raised by two or three.
 */
static int rows_wanted(int cpus, struct error *err)
{
	(void)err;
	return provider_rows_of_cpus(cpus, 48, 12);
}

static uint32_t extra_entries(int cpus)
{
	return (uint32_t)cpus * SHARK_SOFTIRQS;
}

static const struct provider softirq = {
	.name = "softirq",
	.event_size = sizeof(struct shark_deferred_event),
	.rows_wanted = rows_wanted,
	.extra_entries = extra_entries,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = &filters,
	.features = &features,
};
PROVIDER_REGISTER(softirq);
