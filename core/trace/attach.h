/* SPDX-License-Identifier: MIT */
/* Connects a loaded program to where it shall run. */
#ifndef SHARK_ATTACH_H
#define SHARK_ATTACH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Each adds what keeps the program attached to the links: one, or as many as it needs.
 * Returns 0 or a negative errno; what it has added until then is the caller's to cut.
 */
struct links;
struct point;
typedef int attach_fn(int program_fd, const struct point *point, struct links *links,
		      struct error *err);

/* A place that a program can be attached to. */
struct point {
	const char *group; /* tracepoint group, e.g. "irq"; NULL for a function */
	const char *event; /* e.g. "irq_handler_entry", or the function */

	/* Only some ways ask for these. */
	const char *binary;	  /* file that a user-space function is in */
	uint64_t offset;	  /* of the place in that file, or from the kernel's function */
	uint64_t semaphore;	  /* offset of a counter of who listens; 0: it has none */
	const char *const *names; /* functions that one link is for */
	size_t nr_names;
	uint64_t hz, ns; /* of a timer: how often, how far apart */

	/* The rest is of points in the table of a tracer only. */
	const char *program; /* its name in the BPF object */
	attach_fn *attach;   /* instead of the way's; NULL: as the way */
	size_t only_if;	     /* POINT_IF() of the feature that asks for it; 0: always */
	/*
	 * May be missing: some kernels lack it, or refuse it to some ways. Points of
	 * the same number, which is not 0, are of use together only.
	 */
	int optional;
};

/* Where a feature's switch lies in the config. */
#define POINT_IF(feature) (offsetof(struct shark_config, features) + (feature) * sizeof(__u32))

attach_fn attach_tp_btf; /* the point is part of the loaded program */
attach_fn attach_raw_tp;
attach_fn attach_tp;	       /* by perf event; needs tracefs */
attach_fn attach_trampoline;   /* fentry, fexit: the point is part of the loaded program */
attach_fn attach_kprobe;       /* entry of the function */
attach_fn attach_kretprobe;    /* its return */
attach_fn attach_kprobe_multi; /* many functions, by one link: 5.18 and later */
attach_fn attach_kretprobe_multi;
attach_fn attach_uprobe; /* a place in a file that is run, whoever runs it */
attach_fn attach_uretprobe;
attach_fn attach_profile;  /* hz times a second on each CPU that is online now */
attach_fn attach_interval; /* every ns, on one CPU */

/*
 * Hits of a link that never reached its program: those that a kprobe skipped because another
 * kprobe ran on that CPU, or too many calls of the function were under way (nmissed in
 * kernel/kprobes.c). What cannot skip any has 0. Returns 0, or -EOPNOTSUPP where the kernel does
 * not tell: of timers, and before 6.7 of all perf events and probes of many functions, whose
 * skipped runs it does not count in the programs either.
 */
int attach_missed(int link, uint64_t *missed);

#endif
