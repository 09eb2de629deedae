// SPDX-License-Identifier: MIT
#include "trace/attach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "kernel/refusal.h"
#include "trace/attach_ways.h"
#include "trace/links.h"

int attach_refused(int code, const struct point *point, const char *way, struct error *err)
{
	const char *of = point->group ?: point->binary ?: "";

	error_set(err, code, "the kernel refused %s on %s%s%s: %s", way, of, *of ? ":" : "",
		  point->event, strerror(-code));
	return refusal_explain(err);
}

/* The point is part of the loaded program. */
static int attach_loaded(int program_fd, const struct point *point, struct links *links,
			 const char *way, struct error *err)
{
	int fd = bpf_raw_tracepoint_open(NULL, program_fd);

	return fd < 0 ? attach_refused(fd, point, way, err) : links_add(links, point, fd, err);
}

int attach_tp_btf(int program_fd, const struct point *point, struct links *links, struct error *err)
{
	return attach_loaded(program_fd, point, links, "a typed raw tracepoint", err);
}

int attach_trampoline(int program_fd, const struct point *point, struct links *links,
		      struct error *err)
{
	return attach_loaded(program_fd, point, links, "a trampoline", err);
}

int attach_raw_tp(int program_fd, const struct point *point, struct links *links, struct error *err)
{
	int fd = bpf_raw_tracepoint_open(point->event, program_fd);

	return fd < 0 ? attach_refused(fd, point, "a raw tracepoint", err)
		      : links_add(links, point, fd, err);
}

static int attach_multi(int program_fd, const struct point *point, struct links *links,
			bool is_return, struct error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	int fd;

	opts.kprobe_multi.syms = (const char **)(uintptr_t)point->names;
	opts.kprobe_multi.cnt = (__u32)point->nr_names;
	opts.kprobe_multi.flags = is_return ? BPF_F_KPROBE_MULTI_RETURN : 0;
	fd = bpf_link_create(program_fd, 0, BPF_TRACE_KPROBE_MULTI, &opts);
	if (fd >= 0)
		return links_add(links, point, fd, err);
	attach_refused(fd, point, "a probe of many functions", err);
	if (fd == -EOPNOTSUPP)
		error_suffix(err, "CONFIG_FPROBE");
	else if (fd == -EINVAL)
		error_suffix(err, "kernel 5.18 and later, of functions that can be traced");
	return fd;
}

int attach_kprobe_multi(int program_fd, const struct point *point, struct links *links,
			struct error *err)
{
	return attach_multi(program_fd, point, links, false, err);
}

int attach_kretprobe_multi(int program_fd, const struct point *point, struct links *links,
			   struct error *err)
{
	return attach_multi(program_fd, point, links, true, err);
}

/*
 * include/uapi/linux/bpf.h, struct bpf_link_info since 6.7, of perf events and of probes of many
 * functions. Both came at once, with what counts the runs that are skipped at them.
 */
struct missed_info {
	__u32 type, id, program, pad;
	union {
		struct {
			__u32 type, pad;
			__u64 function;
			__u32 function_size, offset;
			__u64 address;
			__u64 missed;
		} perf;
		struct {
			__u64 addresses;
			__u32 count, flags;
			__u64 missed;
		} multi;
	};
};
enum { PERF_EVENT_KPROBE = 3, PERF_EVENT_KRETPROBE = 4, PERF_EVENT_EVENT = 6 };

/* Timers skip runs that nobody counts (bpf_overflow_handler() in kernel/events/core.c). */
static int perf_missed(const struct missed_info *info, uint64_t *missed)
{
	if (info->perf.type == PERF_EVENT_EVENT)
		return -EOPNOTSUPP;
	if (info->perf.type == PERF_EVENT_KPROBE || info->perf.type == PERF_EVENT_KRETPROBE)
		*missed = info->perf.missed;
	return 0;
}

int attach_missed(int link, uint64_t *missed)
{
	struct missed_info info = { 0 };
	__u32 size = sizeof(info);

	*missed = 0;
	/* A perf event that the program sits on without a link tells nothing. */
	if (bpf_obj_get_info_by_fd(link, &info, &size))
		return -EOPNOTSUPP;
	if (info.type != BPF_LINK_TYPE_PERF_EVENT && info.type != BPF_LINK_TYPE_KPROBE_MULTI)
		return 0;
	if (size < sizeof(info))
		return -EOPNOTSUPP;
	if (info.type == BPF_LINK_TYPE_PERF_EVENT)
		return perf_missed(&info, missed);
	*missed = info.multi.missed;
	return 0;
}
