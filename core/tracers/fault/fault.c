// SPDX-License-Identifier: MIT
/* Requests of devices that an IOMMU refused, on Intel and on AMD. */
#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"
#include "tracers/fault/wire.h"

#include "fault_amd_fentry.image.h"
#include "fault_amd_fentry_thread.image.h"
#include "fault_amd_kprobe.image.h"
#include "fault_amd_kprobe_thread.image.h"
#include "fault_intel_fentry.image.h"
#include "fault_intel_kprobe.image.h"

static const struct point intel[] = {
	{ .program = "on_fault", .event = "dmar_fault" },
};
static const struct point amd[] = {
	{ .program = "on_fault", .event = "iommu_poll_events" },
};
static const struct point amd_thread[] = {
	{ .program = "on_fault", .event = "amd_iommu_int_thread" },
};

static const struct way intel_ways[] = {
	{ .name = "fentry", .image = &fault_intel_fentry_image, .attach = attach_trampoline },
	{
		.name = "kprobe",
		.image = &fault_intel_kprobe_image,
		.attach = attach_kprobe,
	},
};

static const struct way amd_ways[] = {
	{ .name = "fentry", .image = &fault_amd_fentry_image, .attach = attach_trampoline },
	{
		.name = "fentry_thread",
		.image = &fault_amd_fentry_thread_image,
		.attach = attach_trampoline,
		.points = amd_thread,
		.nr_points = ARRAY_SIZE(amd_thread),
	},
	{
		.name = "kprobe",
		.image = &fault_amd_kprobe_image,
		.attach = attach_kprobe,
	},
	{
		.name = "kprobe_thread",
		.image = &fault_amd_kprobe_thread_image,
		.attach = attach_kprobe,
		.points = amd_thread,
		.nr_points = ARRAY_SIZE(amd_thread),
	},
};

static int check_source(int64_t source, struct error *err)
{
	return source >= 0 && source < 65536
		       ? 0
		       : error_set(err, -ENOENT, "no such source: %lld; ids have 16 bits",
				   (long long)source);
}

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FAULT_FILTER_SOURCE] = { "source",
					"requests of this device only: bus << 8 | device << 3 | "
					"function",
					check_source },
};

/* Devices that misbehave, times their ways to do so. */
static int rows_wanted(int cpus, struct error *err)
{
	(void)err;
	return 64 + 4 * cpus;
}

static const struct provider fault_intel = {
	.name = "fault_intel",
	.event_size = sizeof(struct shark_fault_event),
	.rows_wanted = rows_wanted,
	.ways = intel_ways,
	.nr_ways = ARRAY_SIZE(intel_ways),
	.points = intel,
	.nr_points = ARRAY_SIZE(intel),
	.filters = &filters,
};
PROVIDER_REGISTER(fault_intel);

static const struct provider fault_amd = {
	.name = "fault_amd",
	.event_size = sizeof(struct shark_fault_event),
	.rows_wanted = rows_wanted,
	.ways = amd_ways,
	.nr_ways = ARRAY_SIZE(amd_ways),
	.points = amd,
	.nr_points = ARRAY_SIZE(amd),
	.filters = &filters,
};
PROVIDER_REGISTER(fault_amd);
