// SPDX-License-Identifier: MIT
/* Which IRQ's handler, system vector and softirq each CPU is in. */
#include "base/array.h"
#include "trace/provider.h"
#include "trace/vectors.h"
#include "tracers/context/wire.h"

#include "context_raw_tp.image.h"
#include "context_tp.image.h"

enum {
	IRQ = POINT_IF(SHARK_CONTEXT_FEATURE_IRQ),
	VECTOR = POINT_IF(SHARK_CONTEXT_FEATURE_VECTOR),
	SOFTIRQ = POINT_IF(SHARK_CONTEXT_FEATURE_SOFTIRQ),
};

#define VECTOR_POINTS(number, name)                                                                \
	{ .program = "on_vector_exit",                                                             \
	  .group = "irq_vectors",                                                                  \
	  .event = #name "_exit",                                                                  \
	  .only_if = VECTOR,                                                                       \
	  .optional = (number) },                                                                  \
	{                                                                                          \
		.program = "on_vector_entry", .group = "irq_vectors", .event = #name "_entry",     \
		.only_if = VECTOR, .optional = (number)                                            \
	}

static const struct point points[] = {
	SYSTEM_VECTORS(VECTOR_POINTS),
	{ .program = "on_irq_exit", .group = "irq", .event = "irq_handler_exit", .only_if = IRQ },
	{ .program = "on_irq_entry", .group = "irq", .event = "irq_handler_entry", .only_if = IRQ },
	{ .program = "on_softirq_exit",
	  .group = "irq",
	  .event = "softirq_exit",
	  .only_if = SOFTIRQ },
	{ .program = "on_softirq_entry",
	  .group = "irq",
	  .event = "softirq_entry",
	  .only_if = SOFTIRQ },
};

static const struct record_field tp_fields[] = {
	[SHARK_CONTEXT_AT_IRQ] = { "irq", "irq_handler_entry", "irq" },
	[SHARK_CONTEXT_AT_VECTOR] = { "irq_vectors", "local_timer_entry", "vector" },
	[SHARK_CONTEXT_AT_SOFTIRQ] = { "irq", "softirq_entry", "vec" },
};

static int configure_tp(struct shark_config *config, struct error *err)
{
	return provider_fields(tp_fields, ARRAY_SIZE(tp_fields), config, err);
}

static const struct way ways[] = {
	{ .name = "raw_tp", .image = &context_raw_tp_image, .attach = attach_raw_tp },
	{
		.name = "tp",
		.image = &context_tp_image,
		.attach = attach_tp,
		.configure = configure_tp,
	},
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_CONTEXT_FEATURE_IRQ] = { "irq", "handlers of IRQs", false },
	[SHARK_CONTEXT_FEATURE_VECTOR] = { "vector", "system vectors", false },
	[SHARK_CONTEXT_FEATURE_SOFTIRQ] = { "softirq", "softirqs", false },
};

/* It counts in none. */
static int rows_wanted(int cpus, struct error *err)
{
	(void)cpus;
	(void)err;
	return 1;
}

static const struct provider context = {
	.name = "context",
	.is_inner = true,
	.event_size = sizeof(struct shark_event),
	.rows_wanted = rows_wanted,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.features = &features,
};
PROVIDER_REGISTER(context);
