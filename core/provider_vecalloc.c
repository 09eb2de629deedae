// SPDX-License-Identifier: MIT
/* The vector allocator: irq_vectors:vector_* and irq_matrix:*. */
#include <errno.h>

#include "array.h"
#include "image.h"
#include "provider.h"

#include "vecalloc_raw_tp.light.h"
#include "vecalloc_raw_tp.skel.h"

/* In the order of the enum in events.h. */
static const char *const programs[] = {
	"on_vector_config",	     "on_vector_update",	 "on_vector_clear",
	"on_vector_reserve_managed", "on_vector_reserve",	 "on_vector_alloc",
	"on_vector_alloc_managed",   "on_vector_activate",	 "on_vector_deactivate",
	"on_vector_teardown",	     "on_vector_setup",		 "on_vector_free_moved",
	"on_matrix_online",	     "on_matrix_offline",	 "on_matrix_reserve",
	"on_matrix_remove_reserved", "on_matrix_assign_system",	 "on_matrix_alloc_reserved",
	"on_matrix_reserve_managed", "on_matrix_remove_managed", "on_matrix_alloc_managed",
	"on_matrix_assign",	     "on_matrix_alloc",		 "on_matrix_free",
};

_Static_assert(ARRAY_SIZE(programs) == SHARK_VECALLOC_KINDS, "a program for each tracepoint");

IMAGE_DEFINE(vecalloc_raw_tp, programs);

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

static const struct filter filters[] = {
	{ "irq", offsetof(struct shark_config, id), provider_check_any_irq },
	{ "cpu", offsetof(struct shark_config, cpu), provider_check_cpu },
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

const struct provider provider_vecalloc = {
	.name = "vecalloc",
	.event_size = sizeof(struct shark_vecalloc_event),
	.rows_wanted = rows_wanted,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = filters,
	.nr_filters = ARRAY_SIZE(filters),
};
