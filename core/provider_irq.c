// SPDX-License-Identifier: MIT
/* Hard interrupt handlers: the tracepoints irq:irq_handler_entry and _exit. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "array.h"
#include "image.h"
#include "kfeat.h"
#include "provider.h"
#include "tracepoint.h"

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
	{ "on_exit", "irq", "irq_handler_exit" },
	{ "on_entry", "irq", "irq_handler_entry" },
};

static int field_offset(const char *event, const char *field, __u32 *offset, struct error *err)
{
	int code = tracepoint_field("irq", event, field, err);

	if (code < 0)
		return code;
	*offset = (__u32)code;
	return 0;
}

static int configure_tp(void *into, struct error *err)
{
	struct shark_hardirq_config *config = into;
	int code;

	code = field_offset("irq_handler_entry", "irq", &config->entry_irq_at, err);
	if (!code)
		code = field_offset("irq_handler_entry", "name", &config->entry_name_at, err);
	if (!code)
		code = field_offset("irq_handler_exit", "irq", &config->exit_irq_at, err);
	if (!code)
		code = field_offset("irq_handler_exit", "ret", &config->exit_ret_at, err);
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

static int check_cpu(int64_t cpu, struct error *err)
{
	int cpus = kfeat_possible_cpus(err);

	if (cpus < 0)
		return cpus;
	if (cpu >= 0 && cpu < cpus)
		return 0;
	return error_set(err, -ENOENT, "no such CPU: %lld; this machine has 0 to %d",
			 (long long)cpu, cpus - 1);
}

static const struct filter filters[] = {
	{ "irq", offsetof(struct shark_hardirq_config, irq), check_irq },
	{ "cpu", offsetof(struct shark_hardirq_config, cpu), check_cpu },
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
	.row_size = sizeof(struct shark_hardirq_row),
	.event_size = sizeof(struct shark_hardirq_event),
	.config_size = sizeof(struct shark_hardirq_config),
	.nr_rows_at = offsetof(struct shark_hardirq_config, nr_rows),
	.nr_cpus_at = offsetof(struct shark_hardirq_config, nr_cpus),
	.rows_wanted = rows_wanted,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = filters,
	.nr_filters = ARRAY_SIZE(filters),
};
