// SPDX-License-Identifier: MIT
/* Affinity of interrupts: asked for, pending, in force. */
#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"
#include "tracers/affinity/wire.h"

#include "affinity_fentry.image.h"
#include "affinity_kprobe.image.h"

/* What is part of the others comes last: it asks whether it is. */
static const struct point by_fentry[] = {
	{ .program = "on_ask_end", .event = "irq_set_affinity_locked" },
	{ .program = "on_ask", .event = "irq_set_affinity_locked" },
	{ .program = "on_move_end", .event = "irq_move_masked_irq" },
	{ .program = "on_move", .event = "irq_move_masked_irq" },
	{ .program = "on_set_end", .event = "irq_do_set_affinity" },
	{ .program = "on_set", .event = "irq_do_set_affinity" },
};

static const struct point by_kprobe[] = {
	{ .program = "on_ask_end", .event = "irq_set_affinity_locked", .attach = attach_kretprobe },
	{ .program = "on_ask", .event = "irq_set_affinity_locked", .attach = attach_kprobe },
	{ .program = "on_move_end", .event = "irq_move_masked_irq", .attach = attach_kretprobe },
	{ .program = "on_move", .event = "irq_move_masked_irq", .attach = attach_kprobe },
	{ .program = "on_set_end", .event = "irq_do_set_affinity", .attach = attach_kretprobe },
	{ .program = "on_set", .event = "irq_do_set_affinity", .attach = attach_kprobe },
};

static const struct way ways[] = {
	{ .name = "fentry", .image = &affinity_fentry_image, .attach = attach_trampoline },
	{
		.name = "kprobe",
		.image = &affinity_kprobe_image,
		.points = by_kprobe,
		.nr_points = ARRAY_SIZE(by_kprobe),
	},
};

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "irq", "this IRQ only", provider_check_any_irq },
	[SHARK_FILTER_CPU] = { "cpu", "done on this CPU only", provider_check_cpu },
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_FEATURE_STACKS] = FEATURE_STACKS,
};

static const struct provider affinity = {
	.name = "affinity",
	.event_size = sizeof(struct shark_affinity_event),
	.rows_wanted = provider_rows_of_irqs,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = by_fentry,
	.nr_points = ARRAY_SIZE(by_fentry),
	.filters = &filters,
	.features = &features,
	.tables = &provider_calls_tables,
};
PROVIDER_REGISTER(affinity);
