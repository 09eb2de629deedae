// SPDX-License-Identifier: MIT
/* Block requests of virtio-blk: by the driver's functions, or by the block layer's tracepoints. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel/kfeat.h"
#include "trace/provider.h"
#include "tracers/virtblk/wire.h"

#include "virtblk_fentry.image.h"
#include "virtblk_kprobe.image.h"
#include "virtblk_raw_tp.image.h"
#include "virtblk_tp.image.h"
#include "virtblk_tp_btf.image.h"

enum { STACKS = POINT_IF(SHARK_FEATURE_STACKS) };

#define BLOCK(name, way)                                                                           \
	{                                                                                          \
		.program = "on_" #name, .group = "block", .event = "block_rq_" #name,              \
		.attach = (way)                                                                    \
	}
/* After the first: see on_complete_of(). */
#define COMPLETE_AGAIN(way)                                                                        \
	{                                                                                          \
		.program = "on_complete_2nd", .group = "block", .event = "block_rq_complete",      \
		.attach = (way)                                                                    \
	}
#define FUNCTION(name, function, way)                                                              \
	{                                                                                          \
		.program = "on_" #name, .event = #function, .attach = (way)                        \
	}

static const struct point fentry_points[] = {
	BLOCK(complete, attach_tp_btf),
	COMPLETE_AGAIN(attach_tp_btf),
	BLOCK(requeue, attach_tp_btf),
	FUNCTION(reap, virtqueue_get_buf, NULL),
	FUNCTION(interrupt_end, vring_interrupt, NULL),
	{ .program = "on_done", .event = "virtblk_done", .only_if = STACKS },
	FUNCTION(interrupt, vring_interrupt, NULL),
	FUNCTION(kick, virtqueue_kick_prepare, NULL),
	FUNCTION(add, virtblk_add_req, NULL),
	BLOCK(issue, attach_tp_btf),
};

static const struct point kprobe_points[] = {
	BLOCK(complete, attach_raw_tp),
	COMPLETE_AGAIN(attach_raw_tp),
	BLOCK(requeue, attach_raw_tp),
	FUNCTION(reap, virtqueue_get_buf, attach_kretprobe),
	FUNCTION(interrupt_end, vring_interrupt, attach_kretprobe),
	{ .program = "on_done", .event = "virtblk_done", .only_if = STACKS },
	FUNCTION(interrupt, vring_interrupt, NULL),
	FUNCTION(notify, virtqueue_notify, NULL),
	FUNCTION(kick, virtqueue_kick_prepare, NULL),
	FUNCTION(add, virtqueue_add_sgs, NULL),
	BLOCK(issue, attach_raw_tp),
};

static const struct point block_points[] = {
	BLOCK(complete, NULL),
	COMPLETE_AGAIN(NULL),
	BLOCK(requeue, NULL),
	{ .program = "on_softirq_end", .group = "irq", .event = "softirq_exit" },
	{ .program = "on_softirq", .group = "irq", .event = "softirq_entry" },
	{ .program = "on_irq_end", .group = "irq", .event = "irq_handler_exit" },
	{ .program = "on_irq", .group = "irq", .event = "irq_handler_entry" },
	BLOCK(issue, NULL),
};

static const struct point tp_points[] = {
	BLOCK(complete, NULL),
	BLOCK(requeue, NULL),
	{ .program = "on_irq_end", .group = "irq", .event = "irq_handler_exit" },
	{ .program = "on_irq", .group = "irq", .event = "irq_handler_entry" },
	BLOCK(issue, NULL),
};

/* The module has parameters, so this is there when it is built in, too. */
static int check_driver(struct error *err)
{
	if (!access("/sys/module/virtio_blk", F_OK))
		return 0;
	return error_set(err, -ENODEV,
			 "the driver virtio_blk is not loaded; once it is, start again");
}

static int configure_fentry(struct shark_config *config, struct error *err)
{
	(void)config;
	return check_driver(err);
}

/* Which argument of block_rq_issue and block_rq_requeue is the request. */
static int configure_raw(struct shark_config *config, struct error *err)
{
	int second = kfeat_raw_tp_has_argument("block_rq_issue", 1, err);

	if (second < 0)
		return second;
	config->at[SHARK_BLOCK_AT_REQUEST] = (uint32_t)second;
	return 0;
}

/* The verifier knows what type an argument has, not which type the program wants. */
static int configure_tp_btf(struct shark_config *config, struct error *err)
{
	int code = configure_raw(config, err);

	if (code || !config->at[SHARK_BLOCK_AT_REQUEST])
		return code;
	return error_set(err, -EOPNOTSUPP,
			 "the request is not the first argument of block_rq_issue (before 5.11)");
}

static int configure_kprobe(struct shark_config *config, struct error *err)
{
	int code = check_driver(err);

	return code ? code : configure_raw(config, err);
}

static int find_major(uint32_t *major, struct error *err)
{
	autofclose FILE *file = fopen("/proc/devices", "re");
	char line[128], name[64];
	unsigned int number;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%u %63s", &number, name) != 2 || strcmp(name, "virtblk") != 0)
			continue;
		*major = number;
		return 0;
	}
	return error_set(err, -ENODEV, "/proc/devices has no virtblk: virtio_blk is not loaded");
}

/* What block_rq_issue has of these, the other events of requests have at the same place. */
static const struct record_field tp_fields[] = {
	[SHARK_BLOCK_AT_DEV] = { "block", "block_rq_issue", "dev" },
	[SHARK_BLOCK_AT_SECTOR] = { "block", "block_rq_issue", "sector" },
	[SHARK_BLOCK_AT_SECTORS] = { "block", "block_rq_issue", "nr_sector" },
	[SHARK_BLOCK_AT_RWBS] = { "block", "block_rq_issue", "rwbs" },
	[SHARK_BLOCK_AT_ERROR] = { "block", "block_rq_complete", "error" },
	[SHARK_VIRTBLK_AT_IRQ] = { "irq", "irq_handler_entry", "irq" },
	[SHARK_VIRTBLK_AT_NAME] = { "irq", "irq_handler_entry", "name" },
};

static int configure_tp(struct shark_config *config, struct error *err)
{
	int code = find_major(&config->at[SHARK_VIRTBLK_MAJOR], err);

	return code ? code : provider_fields(tp_fields, ARRAY_SIZE(tp_fields), config, err);
}

static const struct way ways[] = {
	{
		.name = "fentry",
		.image = &virtblk_fentry_image,
		.attach = attach_trampoline,
		.points = fentry_points,
		.nr_points = ARRAY_SIZE(fentry_points),
		.configure = configure_fentry,
	},
	{
		.name = "kprobe",
		.image = &virtblk_kprobe_image,
		.attach = attach_kprobe,
		.points = kprobe_points,
		.nr_points = ARRAY_SIZE(kprobe_points),
		.configure = configure_kprobe,
	},
	{
		.name = "tp_btf",
		.image = &virtblk_tp_btf_image,
		.attach = attach_tp_btf,
		.configure = configure_tp_btf,
	},
	{
		.name = "raw_tp",
		.image = &virtblk_raw_tp_image,
		.attach = attach_raw_tp,
		.configure = configure_raw,
	},
	{
		.name = "tp",
		.image = &virtblk_tp_image,
		.attach = attach_tp,
		.points = tp_points,
		.nr_points = ARRAY_SIZE(tp_points),
		.configure = configure_tp,
	},
};

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "device", "this disk only", NULL },
	[SHARK_FILTER_CPU] = { "cpu", "requests completed on this CPU only", provider_check_cpu },
	[SHARK_FILTER_AT_LEAST_NS] = FILTER_AT_LEAST_NS,
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_FEATURE_STACKS] = { "stacks",
				   "count by the stack of virtblk_done(), and keep it with each "
				   "event",
				   false },
};

static uint32_t count_paths(const char *pattern)
{
	glob_t paths = { 0 };
	uint32_t n = glob(pattern, 0, NULL, &paths) ? 0 : (uint32_t)paths.gl_pathc;

	globfree(&paths);
	return n;
}

static uint32_t disks(void)
{
	return count_paths("/sys/block/vd*");
}

static uint32_t queues(void)
{
	return count_paths("/sys/block/vd*/mq/[0-9]*");
}

/*
 * What occurs: a request is completed on the CPUs of its queue, that is on each
 * CPU for every disk, if not on more: a queue may be of several CPUs, and CPUs of
 * several queues. There it reads or writes, of five sizes each, or flushes or
 * discards; and the moments seen and the place where it ends are mostly of two
 * kinds. Each of these has a group of rows, and each queue on each of its CPUs.
 * That is what a load of all kinds on all disks comes to: on large machines 512
 * groups have to do, for a group has 33 KiB.
 */
enum { KINDS = 2 * (2 * 5 + 2) + 1, MOST_GROUPS = 512 };

static int rows_wanted(int cpus, struct error *err)
{
	uint64_t places = (uint64_t)(disks() + 1) * (uint64_t)cpus;
	uint64_t groups = (places > queues() ? places : queues()) * KINDS;

	(void)err;
	return (int)(groups < MOST_GROUPS ? groups : MOST_GROUPS) * SHARK_REQUEST_ROWS;
}

/* Requests in flight: some disks with 256 each, and a queue's worth for each CPU. */
static uint32_t extra_entries(int cpus)
{
	return 4096 + 256 * (uint32_t)cpus;
}

/* As the programs of bpf/block count them. */
static const struct loss tables[SHARK_FULL_TABLES] = {
	[SHARK_FULL_REQUESTS] = LOSS_FULL("requests_full", "table of requests in flight",
					  "not followed", "the session's option in_flight"),
	[SHARK_FULL_QUEUES] = LOSS_FULL("queues_full", "table of queues", "without their queue",
					"starting again, now that all disks are there"),
	[SHARK_FULL_ENDINGS] =
		LOSS_FULL("stacks_full", "table of stacks", "without their stack", NULL),
};

/* Twice the queues there are, for disks that are plugged in later; 64 at least. */
static uint32_t queue_entries(void)
{
	uint32_t n = 2 * queues();

	return n > 64 ? n : 64;
}

static const struct loss own_losses[SHARK_OWN_LOSSES] = {
	[SHARK_LATE_ADDS] = { "late_adds", "request first seen when it was added",
			      "requests first seen when they were added", NULL },
	[SHARK_LATE_ENDS] = { "late_ends", "request first seen when it was completed",
			      "requests first seen when they were completed", NULL },
	[SHARK_ENDS_UNSEEN] = { "unseen_ends", "request not seen to complete",
				"requests not seen to complete", NULL },
};

static const struct provider virtblk = {
	.name = "virtblk",
	.event_size = sizeof(struct shark_request),
	.rows_wanted = rows_wanted,
	.extra_entries = extra_entries,
	.in_flight = "requests in flight",
	.queue_entries = queue_entries,
	.own_losses = &own_losses,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = block_points,
	.nr_points = ARRAY_SIZE(block_points),
	.filters = &filters,
	.features = &features,
	.tables = &tables,
};
PROVIDER_REGISTER(virtblk);
