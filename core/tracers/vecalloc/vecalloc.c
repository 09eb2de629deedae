// SPDX-License-Identifier: MIT
/* The vector allocator: irq_vectors:vector_* and irq_matrix:*. */
#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"
#include "tracers/vecalloc/wire.h"

#include "vecalloc_raw_tp.image.h"

/* In the order of the enum in wire.h. */
_Static_assert(ARRAY_SIZE(vecalloc_raw_tp_programs) == SHARK_VECALLOC_KINDS,
	       "a program for each tracepoint");

#define VECTOR(name)                                                                               \
	{                                                                                          \
		.program = "on_vector_" #name, .group = "irq_vectors", .event = "vector_" #name    \
	}
#define MATRIX(name)                                                                               \
	{                                                                                          \
		.program = "on_matrix_" #name, .group = "irq_matrix", .event = "irq_matrix_" #name \
	}

static const struct point points[] = {
	VECTOR(config),
	VECTOR(update),
	VECTOR(clear),
	VECTOR(reserve_managed),
	VECTOR(reserve),
	VECTOR(alloc),
	VECTOR(alloc_managed),
	VECTOR(activate),
	VECTOR(deactivate),
	VECTOR(teardown),
	VECTOR(setup),
	VECTOR(free_moved),
	MATRIX(online),
	MATRIX(offline),
	MATRIX(reserve),
	MATRIX(remove_reserved),
	MATRIX(assign_system),
	MATRIX(reserve_managed),
	MATRIX(remove_managed),
	MATRIX(alloc_managed),
	MATRIX(assign),
	MATRIX(alloc),
	MATRIX(free),
	/* Never passed, and gone with 6.14. */
	{ .program = "on_matrix_alloc_reserved",
	  .group = "irq_matrix",
	  .event = "irq_matrix_alloc_reserved",
	  .optional = 1 },
};

static const struct way ways[] = {
	{ .name = "raw_tp", .image = &vecalloc_raw_tp_image, .attach = attach_raw_tp },
};

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_ID] = { "irq", "this IRQ only; leaves out irq_matrix_*, which do not tell it",
			      provider_check_any_irq },
	[SHARK_FILTER_CPU] = { "cpu", "vectors of this CPU only; leaves out what tells no CPU",
			       provider_check_cpu },
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_FEATURE_STACKS] = FEATURE_STACKS,
};

/*
 * Any CPU may allocate vectors of any other. On a large machine few do: drivers
 * are loaded on some CPUs, and interrupts move between some.
 */
static int rows_wanted(int cpus, struct error *err)
{
	(void)err;
	return cpus * (cpus < 4 ? 12 + 8 * cpus : 32);
}

static const struct provider vecalloc = {
	.name = "vecalloc",
	.event_size = sizeof(struct shark_vecalloc_event),
	.rows_wanted = rows_wanted,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = &filters,
	.features = &features,
};
PROVIDER_REGISTER(vecalloc);
