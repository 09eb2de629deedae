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
attach_fn attach_tp;	     /* by perf event; needs tracefs */
attach_fn attach_trampoline; /* fentry, fexit: the point is part of the loaded program */
attach_fn attach_kprobe;     /* entry of the function */
attach_fn attach_kretprobe;  /* its return */

/*
 * Hits of a link that never reached its program: those that a kprobe skipped because another
 * kprobe ran on that CPU, or too many calls of the function were under way (nmissed in
 * kernel/kprobes.c). What cannot skip any has 0. Returns 0, or -EOPNOTSUPP where the kernel does
 * not tell: of perf events before 6.7, which neither counts these nor the runs that
 * trace_call_bpf() skipped.
 */
int attach_missed(int link, uint64_t *missed);

#endif
