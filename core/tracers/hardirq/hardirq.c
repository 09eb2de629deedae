// SPDX-License-Identifier: MIT
/* Hard interrupt handlers: the tracepoints irq:irq_handler_entry and _exit. */
#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"
#include "tracers/hardirq/wire.h"

#include "hardirq_raw_tp.image.h"
#include "hardirq_tp.image.h"
#include "hardirq_tp_btf.image.h"

static const struct point points[] = {
	{ .program = "on_exit", .group = "irq", .event = "irq_handler_exit" },
	{ .program = "on_entry", .group = "irq", .event = "irq_handler_entry" },
};

static const struct record_field tp_fields[] = {
	[SHARK_HARDIRQ_AT_ENTRY_IRQ] = { "irq", "irq_handler_entry", "irq" },
	[SHARK_HARDIRQ_AT_ENTRY_NAME] = { "irq", "irq_handler_entry", "name" },
	[SHARK_HARDIRQ_AT_EXIT_IRQ] = { "irq", "irq_handler_exit", "irq" },
	[SHARK_HARDIRQ_AT_EXIT_RET] = { "irq", "irq_handler_exit", "ret" },
};

static int configure_tp(struct shark_config *config, struct error *err)
{
	return provider_fields(tp_fields, ARRAY_SIZE(tp_fields), config, err);
}

static const struct way ways[] = {
	{ .name = "tp_btf", .image = &hardirq_tp_btf_image, .attach = attach_tp_btf },
	{ .name = "raw_tp", .image = &hardirq_raw_tp_image, .attach = attach_raw_tp },
	{
		.name = "tp",
		.image = &hardirq_tp_image,
		.attach = attach_tp,
		.configure = configure_tp,
	},
};

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "irq", "this IRQ only", provider_check_irq },
	[SHARK_FILTER_CPU] = FILTER_CPU,
	[SHARK_FILTER_AT_LEAST_NS] = FILTER_AT_LEAST_NS,
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_FEATURE_STACKS] = FEATURE_STACKS,
};

static const struct provider hardirq = {
	.name = "hardirq",
	.event_size = sizeof(struct shark_event),
	.rows_wanted = provider_irq_rows,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = &filters,
	.features = &features,
};
PROVIDER_REGISTER(hardirq);
