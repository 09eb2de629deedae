// SPDX-License-Identifier: MIT
/* System vectors of the local APIC, and NMIs: arch/x86/include/asm/trace/irq_vectors.h. */
#include <errno.h>

#include "base/array.h"
#include "kernel/tracepoint.h"
#include "trace/provider.h"
#include "trace/vectors.h"
#include "tracers/vector/wire.h"

#include "vector_raw_tp.image.h"
#include "vector_tp.image.h"

#define VECTOR(number, name)                                                                       \
	{ .program = "on_exit",                                                                    \
	  .group = "irq_vectors",                                                                  \
	  .event = #name "_exit",                                                                  \
	  .optional = (number) },                                                                  \
	{                                                                                          \
		.program = "on_entry", .group = "irq_vectors", .event = #name "_entry",            \
		.optional = (number)                                                               \
	}

static const struct point points[] = {
	SYSTEM_VECTORS(VECTOR),
	{ .program = "on_nmi", .group = "nmi", .event = "nmi_handler", .optional = 12 },
};

static const struct record_field vector_fields[] = {
	[SHARK_VECTOR_AT_VECTOR] = { "irq_vectors", "local_timer_entry", "vector" },
};
static const struct record_field nmi_fields[] = {
	[SHARK_VECTOR_AT_NMI_HANDLER] = { "nmi", "nmi_handler", "handler" },
	[SHARK_VECTOR_AT_NMI_NS] = { "nmi", "nmi_handler", "delta_ns" },
	[SHARK_VECTOR_AT_NMI_HANDLED] = { "nmi", "nmi_handler", "handled" },
};

/* Without the NMI tracepoint its offsets are of no use either. */
static int configure_nmi(struct shark_config *config, struct error *err)
{
	int code = provider_fields(nmi_fields, ARRAY_SIZE(nmi_fields), config, err);

	return code == -ENOENT && tracepoint_id("nmi", "nmi_handler", err) == -ENOENT ? 0 : code;
}

static int configure_tp(struct shark_config *config, struct error *err)
{
	int code = provider_fields(vector_fields, ARRAY_SIZE(vector_fields), config, err);

	return code ? code : configure_nmi(config, err);
}

static const struct way ways[] = {
	{ .name = "raw_tp", .image = &vector_raw_tp_image, .attach = attach_raw_tp },
	{
		.name = "tp",
		.image = &vector_tp_image,
		.attach = attach_tp,
		.configure = configure_tp,
	},
};

static int check_vector(int64_t vector, struct error *err)
{
	if (vector >= 0 && vector < 256)
		return 0;
	return error_set(err, -ENOENT, "no such vector: %lld; there are 0 to 255",
			 (long long)vector);
}

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "vector", "this vector only", check_vector },
	[SHARK_FILTER_CPU] = FILTER_CPU,
	[SHARK_FILTER_AT_LEAST_NS] = FILTER_AT_LEAST_NS,
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_FEATURE_STACKS] = FEATURE_STACKS,
};

static int rows_wanted(int cpus, struct error *err)
{
	(void)err;
	return provider_rows_of_cpus(cpus, 16, 8);
}

static const struct provider vector = {
	.name = "vector",
	.event_size = sizeof(struct shark_event),
	.rows_wanted = rows_wanted,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = &filters,
	.features = &features,
};
PROVIDER_REGISTER(vector);
