/* SPDX-License-Identifier: MIT */
/* What in this process or on this machine makes the kernel refuse, where its own answer is EPERM.
 */
#ifndef SHARK_REFUSAL_H
#define SHARK_REFUSAL_H

#include "base/error.h"

/*
 * Says of a refused bpf(2) or perf_event_open(2) why, and what helps: a capability that is missing,
 * a user namespace, lockdown, a seccomp filter, a limit, a sysctl. Other errors than EPERM and
 * EACCES stay as they are, and so does what the verifier has explained. Returns the error's code.
 */
int refusal_explain(struct error *err);

/*
 * The same of objects looked up by id, as types of modules are, for which CAP_BPF does not do
 * (bpf_obj_get_next_id(), bpf_btf_get_fd_by_id(), kernel/bpf/syscall.c). What is explained so is
 * -EACCES, and stays as it is.
 */
int refusal_explain_ids(struct error *err);

#endif
