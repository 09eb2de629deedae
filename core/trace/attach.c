// SPDX-License-Identifier: MIT
#include "trace/attach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/tracepoint.h"
#include "trace/links.h"

static int refused(int code, const struct point *point, const char *way, struct error *err)
{
	return error_set(err, code, "the kernel refused %s on %s%s%s: %s", way,
			 point->group ? point->group : "", point->group ? ":" : "", point->event,
			 strerror(-code));
}

/* The point is part of the loaded program. */
static int attach_loaded(int program_fd, const struct point *point, struct links *links,
			 const char *way, struct error *err)
{
	int fd = bpf_raw_tracepoint_open(NULL, program_fd);

	return fd < 0 ? refused(fd, point, way, err) : links_add(links, point, fd, err);
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

	return fd < 0 ? refused(fd, point, "a raw tracepoint", err)
		      : links_add(links, point, fd, err);
}

/*
 * Puts a program on a perf event: by a link, which tells what a kprobe missed, or
 * before 5.15 directly. Returns what keeps it there, or a negative errno.
 */
static int join_perf(int program_fd, int event)
{
	int link = bpf_link_create(program_fd, event, BPF_PERF_EVENT, NULL);

	if (link >= 0)
		return link;
	if (ioctl(event, PERF_EVENT_IOC_SET_BPF, program_fd))
		return -errno;
	link = fcntl(event, F_DUPFD_CLOEXEC, 0);
	return link >= 0 ? link : -errno;
}

static int attach_perf(int program_fd, struct perf_event_attr *attr, const struct point *point,
		       struct links *links, const char *way, struct error *err)
{
	/* The programs run on every CPU, wherever the event is open. */
	int event = (int)syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	int link;

	if (event < 0)
		return refused(-errno, point, way, err);
	link = join_perf(program_fd, event);
	close(event);
	return link < 0 ? refused(link, point, way, err) : links_add(links, point, link, err);
}

/* The type of kprobe events, which the kernel numbers at boot. */
static int kprobe_type(unsigned int *type, struct error *err)
{
	FILE *file = fopen("/sys/bus/event_source/devices/kprobe/type", "re");
	int found = file ? fscanf(file, "%u", type) : 0;

	if (file)
		fclose(file);
	return found == 1 ? 0 : error_set(err, -EOPNOTSUPP, "this kernel has no kprobes");
}

static int attach_probe(int program_fd, const struct point *point, struct links *links,
			bool is_return, struct error *err)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.config = is_return, /* bit 0: events/kprobe/format/retprobe */
		.config1 = (uintptr_t)point->event,
	};
	int code = kprobe_type(&attr.type, err);

	return code ? code : attach_perf(program_fd, &attr, point, links, "a kprobe", err);
}

int attach_kprobe(int program_fd, const struct point *point, struct links *links, struct error *err)
{
	return attach_probe(program_fd, point, links, false, err);
}

int attach_kretprobe(int program_fd, const struct point *point, struct links *links,
		     struct error *err)
{
	return attach_probe(program_fd, point, links, true, err);
}

int attach_tp(int program_fd, const struct point *point, struct links *links, struct error *err)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	int id = tracepoint_id(point->group, point->event, err);

	if (id < 0)
		return id;
	attr.config = (unsigned int)id;
	return attach_perf(program_fd, &attr, point, links, "a perf event", err);
}

/* include/uapi/linux/bpf.h, struct bpf_link_info of a kprobe's perf event, since 6.7. */
struct kprobe_link_info {
	__u32 type, id, program, pad;
	__u32 event_type, pad2;
	__u64 function;
	__u32 function_size, offset;
	__u64 address;
	__u64 missed;
};
enum { PERF_EVENT_KPROBE = 3, PERF_EVENT_KRETPROBE = 4 };

/* What tells of kprobes tells so much of every link, and is as old as what counts skipped runs. */
static int perf_missed(const struct kprobe_link_info *info, __u32 size, uint64_t *missed)
{
	if (size < sizeof(*info))
		return -EOPNOTSUPP;
	if (info->event_type == PERF_EVENT_KPROBE || info->event_type == PERF_EVENT_KRETPROBE)
		*missed = info->missed;
	return 0;
}

int attach_missed(int link, uint64_t *missed)
{
	struct kprobe_link_info info = { 0 };
	__u32 size = sizeof(info);

	*missed = 0;
	/* A perf event that the program sits on without a link. */
	if (bpf_obj_get_info_by_fd(link, &info, &size))
		return -EOPNOTSUPP;
	if (info.type == BPF_LINK_TYPE_PERF_EVENT)
		return perf_missed(&info, size, missed);
	return 0;
}
