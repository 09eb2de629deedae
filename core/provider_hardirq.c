// SPDX-License-Identifier: MIT
/* Hard interrupt handlers: the tracepoints irq:irq_handler_entry and _exit. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "array.h"
#include "image.h"
#include "kfeat.h"
#include "provider.h"

#include "hardirq_raw_tp.light.h"
#include "hardirq_raw_tp.skel.h"
#include "hardirq_tp.light.h"
#include "hardirq_tp.skel.h"
#include "hardirq_tp_btf.light.h"
#include "hardirq_tp_btf.skel.h"

static const char *const programs[] = { "on_entry", "on_exit" };

IMAGE_DEFINE(hardirq_tp_btf, programs);
IMAGE_DEFINE(hardirq_raw_tp, programs);
IMAGE_DEFINE(hardirq_tp, programs);

static const struct point points[] = {
	{ .program = "on_exit", .group = "irq", .event = "irq_handler_exit" },
	{ .program = "on_entry", .group = "irq", .event = "irq_handler_entry" },
};

static int configure_tp(struct shark_config *config, struct error *err)
{
	int code = provider_field("irq", "irq_handler_entry", "irq", &config->at[0], err);

	if (!code)
		code = provider_field("irq", "irq_handler_entry", "name", &config->at[1], err);
	if (!code)
		code = provider_field("irq", "irq_handler_exit", "irq", &config->at[2], err);
	if (!code)
		code = provider_field("irq", "irq_handler_exit", "ret", &config->at[3], err);
	return code;
}

static const struct way ways[] = {
	{ .name = "tp_btf", .image = &hardirq_tp_btf_image, .attach = attach_tp_btf },
	{ .name = "raw_tp", .image = &hardirq_raw_tp_image, .attach = attach_raw_tp },
	{
		.name = "tp",
		.image = &hardirq_tp_image,
		.attach = attach_tp,
		.configure = configure_tp,
		.counts_missed_runs = kfeat_counts_missed_tp_runs,
	},
};

static int check_irq(int64_t irq, struct error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/irq/%lld", (long long)irq);
	if (irq >= 0 && !access(path, F_OK))
		return 0;
	return error_set(err, -ENOENT, "no such IRQ: %lld; /proc/interrupts lists those there are",
			 (long long)irq);
}

static const struct filter filters[] = {
	{ "irq", offsetof(struct shark_config, id), check_irq },
	{ "cpu", offsetof(struct shark_config, cpu), provider_check_cpu },
	{ "at_least_ns", offsetof(struct shark_config, at_least_ns), provider_check_ns },
};

/*
 * On a small machine every handler may run on every CPU. On a large one that
 * product is far from what happens (an interrupt of a multi-queue device stays
 * on one CPU), and a row has 4 KiB: twice the handlers and 16 more for each
 * CPU. An overflow is counted and shown.
 */
static int rows_wanted(int cpus, struct error *err)
{
	int irqs = kfeat_irqs(err);
	int64_t all, usual;

	if (irqs < 0)
		return irqs;
	all = ((int64_t)irqs + 8) * cpus;
	usual = 2 * (int64_t)irqs + 16 * (int64_t)cpus;
	return (int)(cpus <= 8 || all < usual ? all : usual);
}

const struct provider provider_hardirq = {
	.name = "hardirq",
	.event_size = sizeof(struct shark_event),
	.rows_wanted = rows_wanted,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = filters,
	.nr_filters = ARRAY_SIZE(filters),
};
