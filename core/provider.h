/* SPDX-License-Identifier: MIT */
/*
 * A provider is one thing shark can trace: its BPF images, the ways to attach
 * them, its filters and the sizes of its tables. One table per provider, in
 * provider_NAME.c; session.c does the rest for all of them.
 */
#ifndef SHARK_PROVIDER_H
#define SHARK_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attach.h"
#include "error.h"
#include "object.h"

/* One way to reach the provider's points in the kernel, with its image. */
struct way {
	const char *name; /* "tp_btf", "raw_tp", "tp" */
	const struct image *image;
	attach_fn *attach;
	/* Asks the kernel what this way needs in the config; may be NULL. */
	int (*configure)(void *config, struct error *err);
	/* Does the kernel count runs it skipped? 1, 0, negative errno; NULL: yes. */
	int (*counts_missed_runs)(void);
};

/* A number that restricts what is traced, checked in the kernel. */
struct filter {
	const char *name;
	size_t config_at; /* offset of its __s64 in the config */
	/* Can the value occur on this machine? NULL: any can. */
	int (*check)(int64_t value, struct error *err);
};

struct provider {
	const char *name;
	size_t row_size;
	size_t event_size;
	size_t config_size;
	/* Offsets in the config, of __u32. */
	size_t nr_rows_at;
	size_t nr_cpus_at;
	/* Rows that this machine can need, with room for what is plugged in later. */
	int (*rows_wanted)(int cpus, struct error *err);
	/* Best first. */
	const struct way *ways;
	size_t nr_ways;
	/* In the order of attaching: what ends an interval before what starts it. */
	const struct point *points;
	size_t nr_points;
	const struct filter *filters;
	size_t nr_filters;
};

/* The provider of that name, or NULL. */
const struct provider *provider_find(const char *name);

/* The provider's way or filter of that name, or NULL. */
const struct way *provider_way(const struct provider *provider, const char *name);
const struct filter *provider_filter(const struct provider *provider, const char *name);

/* A power of two that holds this many rows of a hash table, at most half full. */
uint32_t provider_table_size(uint64_t rows);

extern const struct provider provider_hardirq;

#endif
