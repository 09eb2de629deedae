/* SPDX-License-Identifier: MIT */
/*
 * A provider is one thing shark can trace: its BPF images, the ways to attach
 * them, its filters and the sizes of its tables. One table per provider, in
 * tracers/NAME/NAME.c; session.c does the rest for all of them.
 */
#ifndef SHARK_PROVIDER_H
#define SHARK_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/attach.h"
#include "trace/loss.h"
#include "trace/object.h"

/* One way to reach the provider's points in the kernel, with its image. */
struct way {
	const char *name; /* "tp_btf", "raw_tp", "tp" */
	const struct bpf_image *image;
	attach_fn *attach;
	/* Its own points instead of the provider's; may be NULL. */
	const struct point *points;
	size_t nr_points;
	/* Asks the kernel what this way needs in the config; may be NULL. */
	int (*configure)(struct shark_config *config, struct error *err);
};

/*
 * A number that restricts what is traced, checked in the kernel. Its place in the
 * provider's table is its slot: SHARK_FILTER_ID, ..., or one of its own from
 * SHARK_FILTER_OWN on.
 */
struct filter {
	const char *name;
	const char *text; /* one line, for people: "this CPU only" */
	/* Can the value occur on this machine? NULL: any from 0 on can. */
	int (*check)(int64_t value, struct error *err);
};

/*
 * Something that is traced or not, decided when the session starts. Its place in the
 * provider's table is its slot: SHARK_FEATURE_STACKS, or from SHARK_FEATURE_OWN on.
 */
struct feature {
	const char *name;
	const char *text;
	bool by_default;
};

struct provider {
	const char *name;
	/* For shark's own use: it counts nothing, and nobody is told of it. */
	bool is_inner;
	size_t event_size;
	/* Rows that this machine can need, with room for what is plugged in later. */
	int (*rows_wanted)(int cpus, struct error *err);
	/* Entries of MAP_EXTRA; NULL: it has none. */
	uint32_t (*extra_entries)(int cpus);
	/* What an entry of MAP_EXTRA is, if their number may be chosen; else NULL. */
	const char *in_flight;
	/* Entries of MAP_QUEUES; NULL: it has none. */
	uint32_t (*queue_entries)(void);
	/* What it counts in shark_cpu.own, by slot; NULL: nothing. */
	const struct loss (*own_losses)[SHARK_OWN_LOSSES];
	/* Best first. */
	const struct way *ways;
	size_t nr_ways;
	/* In the order of attaching: what ends an interval before what starts it. */
	const struct point *points;
	size_t nr_points;
	/* By slot; those without a name are not there. NULL: none. */
	const struct filter (*filters)[SHARK_FILTERS];
	const struct feature (*features)[SHARK_FEATURES];
	/* Tables of its own that can be full, by slot from SHARK_FULL_OWN on; NULL: none. */
	const struct loss (*tables)[SHARK_FULL_TABLES];
};

/* All providers that are linked in, in no particular order. */
size_t provider_count(void);
const struct provider *provider_at(size_t i);

/* The provider of that name, or NULL. */
const struct provider *provider_find(const char *name);

/* The provider's way, filter or feature of that name, or NULL. */
const struct way *provider_way(const struct provider *provider, const char *name);
const struct filter *provider_filter(const struct provider *provider, const char *name);
const struct feature *provider_feature(const struct provider *provider, const char *name);

/* What is in a slot, or NULL. */
const struct filter *provider_filter_at(const struct provider *provider, size_t slot);
const struct feature *provider_feature_at(const struct provider *provider, size_t slot);

/* What a way attaches, in that order: its own points, or else the provider's; *n of them. */
const struct point *provider_points(const struct provider *provider, const struct way *way,
				    size_t *n);

/* What filters of several providers have in common. */
int provider_check_irq(int64_t irq, struct error *err);
/* Of what happens before an IRQ is requested: one that is yet to come will do. */
int provider_check_any_irq(int64_t irq, struct error *err);
int provider_check_cpu(int64_t cpu, struct error *err);
int provider_check_ns(int64_t ns, struct error *err);

/* Filters and features that most providers have. */
#define FILTER_CPU                                                                                 \
	{                                                                                          \
		"cpu", "this CPU only", provider_check_cpu                                         \
	}
#define FILTER_AT_LEAST_NS                                                                         \
	{                                                                                          \
		"at_least_ns", "only events that took so long; rows count all", provider_check_ns  \
	}
#define FEATURE_STACKS                                                                             \
	{                                                                                          \
		"stacks", "keep the kernel stack of each event", false                             \
	}

/* Rows for something of each action on each CPU it runs on. */
int provider_irq_rows(int cpus, struct error *err);

/* A field in the record of a classic tracepoint. */
struct record_field {
	const char *group, *event, *field;
};

/*
 * For ways by classic tracepoints: puts the offset of each field into config->at, at
 * the slot that is its index in the table; an entry without a field is left out.
 */
int provider_fields(const struct record_field fields[], size_t n, struct shark_config *config,
		    struct error *err);

/* The table of core/bpf/calls.bpf.h. */
extern const struct loss provider_calls_tables[SHARK_FULL_TABLES];

/* Rows for what happens to IRQs on some CPU, a few kinds of it. */
int provider_rows_of_irqs(int cpus, struct error *err);

/*
 * Rows for so many on each of the first CPUs, and fewer on each further one: what
 * all of them together usually need. What finds no room is counted.
 */
enum { PROVIDER_FEW_CPUS = 8 };
int provider_rows_of_cpus(int cpus, int first, int further);

/* A power of two that holds this many rows of a hash table, at most half full. */
uint32_t provider_table_size(uint64_t rows);

/*
 * How many parts of histograms so many rows can need: all that they can have on a
 * small machine; on a large one two for each, times of a kind being within a factor
 * of some hundreds, and a store for those that are not.
 */
uint32_t provider_parts(uint64_t rows);

/*
 * Makes a provider known, once in the file that has it. The entries are found
 * where the linker puts them: there is no other list.
 */
#define PROVIDER_REGISTER(name)                                                                    \
	static const struct provider *const name##_entry                                           \
		__attribute__((section("shark_providers"), used)) = &(name)

#endif
