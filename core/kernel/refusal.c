// SPDX-License-Identifier: MIT
#include "kernel/refusal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel/capabilities.h"
#include "kernel/kfeat.h"

enum { USUAL_PARANOIA = 2 };

/* The first number behind `name` in a small file; -1 without one. */
static long number_in(const char *path, const char *name)
{
	autofclose FILE *file = fopen(path, "re");
	char line[256];
	long number;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) &&
		    sscanf(line + strlen(name), "%ld", &number) == 1)
			return number;
	return -1;
}

/* Users are mapped one to one, all of them, in the first namespace only. */
static bool is_in_user_namespace(void)
{
	autofclose FILE *file = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, n;

	return file && fscanf(file, "%lu %lu %lu", &inside, &outside, &n) == 3 &&
	       (inside || outside || n != UINT32_MAX);
}

static bool explain_namespace(struct error *err)
{
	if (!is_in_user_namespace())
		return false;
	error_suffix(err, "the capabilities of this process are a user namespace's, which do not "
			  "count here; run shark as root outside of the container");
	return true;
}

static bool explain_lockdown(struct error *err)
{
	if (!kfeat_is_confidential())
		return false;
	error_suffix(err, "the kernel is locked down (confidentiality)");
	return true;
}

static bool explain_seccomp(struct error *err)
{
	if (number_in("/proc/self/status", "Seccomp:") != 2)
		return false;
	error_suffix(err, "this process has a seccomp filter, as in a container, which may keep it "
			  "from tracing; run shark outside of the container");
	return true;
}

static void lacks_admin(struct error *err)
{
	error_suffix(err, "this process lacks CAP_SYS_ADMIN; run shark as root");
}

/*
 * perf_event_open(2) asks more of a process than CAP_PERFMON for functions of programs
 * (perf_uprobe_event_init(), kernel/events/core.c), and Debian's and Ubuntu's kernels do for
 * everything, above a value of the sysctl that Documentation/admin-guide/sysctl does not know.
 */
static bool explain_perf(struct error *err)
{
	long paranoid = number_in("/proc/sys/kernel/perf_event_paranoid", "");

	if (err->code != -EACCES || capabilities_has(CAP_SYS_ADMIN))
		return false;
	if (paranoid > USUAL_PARANOIA)
		error_suffix(err,
			     "kernel.perf_event_paranoid is %ld and this process lacks "
			     "CAP_SYS_ADMIN; run shark as root",
			     paranoid);
	else
		lacks_admin(err);
	return true;
}

/* Does a small map fit, and none where nothing may be locked? */
static bool counts_locked_memory(const struct rlimit *limit)
{
	const struct rlimit none = { 0, limit->rlim_max };
	int with = bpf_map_create(BPF_MAP_TYPE_ARRAY, "shark_ask", 4, 8, 1, NULL), without;

	if (with >= 0)
		close(with);
	if (with < 0 || setrlimit(RLIMIT_MEMLOCK, &none))
		return false;
	without = bpf_map_create(BPF_MAP_TYPE_ARRAY, "shark_ask", 4, 8, 1, NULL);
	setrlimit(RLIMIT_MEMLOCK, limit);
	if (without >= 0)
		close(without);
	return without == -EPERM;
}

/* Before 5.11 maps and programs count as locked memory (kernel/bpf/syscall.c). */
static bool explain_limit(struct error *err)
{
	struct rlimit limit;

	if (capabilities_has(CAP_SYS_RESOURCE) || getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY || !counts_locked_memory(&limit))
		return false;
	error_suffix(err,
		     "locked memory is limited to %llu bytes and this process lacks "
		     "CAP_SYS_RESOURCE; run shark as root, or after ulimit -l unlimited",
		     (unsigned long long)limit.rlim_cur);
	return true;
}

int refusal_explain(struct error *err)
{
	static bool (*const causes[])(struct error *) = {
		explain_namespace, explain_lockdown, explain_seccomp, explain_perf, explain_limit,
	};
	struct error lacks;

	if (err->code != -EPERM && err->code != -EACCES)
		return err->code;
	if (kfeat_may_trace(&lacks)) {
		*err = lacks;
		return err->code;
	}
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (causes[i](err))
			return err->code;
	return error_suffix(err, "not for want of a capability: a security module, or a rule of "
				 "this kernel's own");
}

int refusal_explain_ids(struct error *err)
{
	if (err->code != -EPERM || capabilities_has(CAP_SYS_ADMIN))
		return refusal_explain(err);
	lacks_admin(err);
	return err->code = -EACCES;
}
