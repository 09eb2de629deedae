// SPDX-License-Identifier: MIT
/* Entries of interrupt remapping tables that are written, on Intel and on AMD. */
#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"
#include "tracers/irte/wire.h"

#include "irte_amd_fentry.image.h"
#include "irte_amd_kprobe.image.h"
#include "irte_intel_fentry.image.h"
#include "irte_intel_kprobe.image.h"
#include "irte_intel_raw_tp.image.h"

/* Both ends of a function: the programs "on_NAME" and "on_NAME_end". */
#define FENTRY(name, function)                                                                     \
	{ .program = "on_" #name "_end", .event = (function) },                                    \
	{                                                                                          \
		.program = "on_" #name, .event = (function)                                        \
	}
#define KPROBE(name, function)                                                                     \
	{ .program = "on_" #name "_end", .event = (function), .attach = attach_kretprobe },        \
	{                                                                                          \
		.program = "on_" #name, .event = (function), .attach = attach_kprobe               \
	}
#define OPTIONAL_KPROBE(number, name, function)                                                    \
	{ .program = "on_" #name "_end",                                                           \
	  .event = (function),                                                                     \
	  .attach = attach_kretprobe,                                                              \
	  .optional = (number) },                                                                  \
	{                                                                                          \
		.program = "on_" #name, .event = (function), .attach = attach_kprobe,              \
		.optional = (number)                                                               \
	}

/* What is part of a write comes last: it finds the write that it is part of. */
static const struct point intel_fentry[] = {
	FENTRY(set_affinity, "intel_ir_set_affinity"),
	FENTRY(activate, "intel_irq_remapping_activate"),
	FENTRY(deactivate, "intel_irq_remapping_deactivate"),
	FENTRY(set_vcpu, "intel_ir_set_vcpu_affinity"),
	FENTRY(flush, "qi_submit_sync"),
};

static const struct point intel_kprobe[] = {
	KPROBE(set_affinity, "intel_ir_set_affinity"),
	KPROBE(activate, "intel_irq_remapping_activate"),
	KPROBE(deactivate, "intel_irq_remapping_deactivate"),
	KPROBE(set_vcpu, "intel_ir_set_vcpu_affinity"),
	KPROBE(flush, "qi_submit_sync"),
};

static const struct point intel_raw_tp[] = {
	{ .program = "on_submit", .group = "intel_iommu", .event = "qi_submit" },
};

/* One of the last two is there: see irte_amd.bpf.c. */
#define AMD_FLUSH                                                                                  \
	OPTIONAL_KPROBE(1, flush, "iommu_flush_irt_and_complete"),                                 \
		OPTIONAL_KPROBE(2, flush, "modify_irte_ga")

static const struct point amd_fentry[] = {
	FENTRY(set_affinity, "amd_ir_set_affinity"),
	FENTRY(activate, "irq_remapping_activate"),
	FENTRY(deactivate, "irq_remapping_deactivate"),
	FENTRY(set_vcpu, "amd_ir_set_vcpu_affinity"),
	AMD_FLUSH,
};

static const struct point amd_kprobe[] = {
	KPROBE(set_affinity, "amd_ir_set_affinity"),
	KPROBE(activate, "irq_remapping_activate"),
	KPROBE(deactivate, "irq_remapping_deactivate"),
	KPROBE(set_vcpu, "amd_ir_set_vcpu_affinity"),
	AMD_FLUSH,
};

static const struct way intel_ways[] = {
	{ .name = "fentry", .image = &irte_intel_fentry_image, .attach = attach_trampoline },
	{
		.name = "kprobe",
		.image = &irte_intel_kprobe_image,
		.points = intel_kprobe,
		.nr_points = ARRAY_SIZE(intel_kprobe),
	},
	{
		.name = "raw_tp",
		.image = &irte_intel_raw_tp_image,
		.attach = attach_raw_tp,
		.points = intel_raw_tp,
		.nr_points = ARRAY_SIZE(intel_raw_tp),
	},
};

/* Its invalidations are watched by kprobe in both. */
static const struct way amd_ways[] = {
	{
		.name = "fentry",
		.image = &irte_amd_fentry_image,
		.attach = attach_trampoline,
	},
	{
		.name = "kprobe",
		.image = &irte_amd_kprobe_image,
		.points = amd_kprobe,
		.nr_points = ARRAY_SIZE(amd_kprobe),
	},
};

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "irq", "this IRQ only", provider_check_any_irq },
	[SHARK_FILTER_CPU] = { "cpu", "done on this CPU only", provider_check_cpu },
	[SHARK_FILTER_AT_LEAST_NS] = FILTER_AT_LEAST_NS,
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_FEATURE_STACKS] = FEATURE_STACKS,
};

static const struct provider irte_intel = {
	.name = "irte_intel",
	.event_size = sizeof(struct shark_irte_event),
	.rows_wanted = provider_rows_of_irqs,
	.ways = intel_ways,
	.nr_ways = ARRAY_SIZE(intel_ways),
	.points = intel_fentry,
	.nr_points = ARRAY_SIZE(intel_fentry),
	.filters = &filters,
	.features = &features,
	.tables = &provider_calls_tables,
};
PROVIDER_REGISTER(irte_intel);

static const struct provider irte_amd = {
	.name = "irte_amd",
	.event_size = sizeof(struct shark_irte_event),
	.rows_wanted = provider_rows_of_irqs,
	.ways = amd_ways,
	.nr_ways = ARRAY_SIZE(amd_ways),
	.points = amd_fentry,
	.nr_points = ARRAY_SIZE(amd_fentry),
	.filters = &filters,
	.features = &features,
	.tables = &provider_calls_tables,
};
PROVIDER_REGISTER(irte_amd);
