// SPDX-License-Identifier: MIT
/* Interrupts that enter and leave Dovetail's pipeline. */
#include "base/array.h"
#include "trace/provider.h"

#include "pipeline_raw_tp.image.h"

static const struct point points[] = {
	{ .program = "on_exit", .event = "irq_pipeline_exit" },
	{ .program = "on_entry", .event = "irq_pipeline_entry" },
};

static const struct way ways[] = {
	{ .name = "raw_tp", .image = &pipeline_raw_tp_image, .attach = attach_raw_tp },
};

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "irq", "this IRQ only", provider_check_any_irq },
	[SHARK_FILTER_CPU] = FILTER_CPU,
	[SHARK_FILTER_AT_LEAST_NS] = FILTER_AT_LEAST_NS,
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_FEATURE_STACKS] = FEATURE_STACKS,
};

static const struct provider pipeline = {
	.name = "pipeline",
	.event_size = sizeof(struct shark_event),
	.rows_wanted = provider_irq_rows,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = &filters,
	.features = &features,
};
PROVIDER_REGISTER(pipeline);
