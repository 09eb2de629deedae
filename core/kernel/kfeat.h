/* SPDX-License-Identifier: MIT */
/* What this kernel and this process may do; every "no" comes with its reason. */
#ifndef SHARK_KFEAT_H
#define SHARK_KFEAT_H

#include <stdbool.h>

#include "base/error.h"

/*
 * May this process load and attach tracing programs? That takes CAP_BPF and
 * CAP_PERFMON (kernel 5.8), or CAP_SYS_ADMIN. 0, or -EPERM naming what is
 * missing.
 */
int kfeat_may_trace(struct error *err);

/* May it open raw sockets? CAP_NET_RAW. 0 or -EPERM. */
int kfeat_may_open_raw_sockets(struct error *err);

/*
 * Where tracefs is mounted, e.g. "/sys/kernel/tracing"; NULL with -ENOENT in
 * err, naming the command that mounts it. shark mounts nothing by itself.
 */
const char *kfeat_tracefs(struct error *err);

/*
 * The lockdown mode in force: "none", "integrity", "confidentiality", or NULL
 * where securityfs does not tell.
 */
const char *kfeat_lockdown(void);

/* Is it the one that keeps what is in the kernel's memory from programs, too? */
bool kfeat_is_confidential(void);

/*
 * Does the raw tracepoint have an argument of that number, counted from 0? A
 * program that reads one is attached where there is one only. 1, 0, or negative
 * errno.
 */
int kfeat_raw_tp_has_argument(const char *event, unsigned int number, struct error *err);

/* CPUs this machine can have; negative errno. */
int kfeat_possible_cpus(struct error *err);

/* IRQ descriptors that exist now; negative errno. */
int kfeat_irqs(struct error *err);

#endif
