// SPDX-License-Identifier: MIT
/* Programs on perf events: probes of functions, classic tracepoints, timers. */
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

#include "kernel/kfeat.h"
#include "kernel/tracepoint.h"
#include "trace/attach_ways.h"
#include "trace/links.h"

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

static int attach_on(int cpu, int program_fd, struct perf_event_attr *attr,
		     const struct point *point, struct links *links, const char *way,
		     struct error *err)
{
	int event = (int)syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	int link;

	if (event < 0)
		return attach_refused(-errno, point, way, err);
	link = join_perf(program_fd, event);
	close(event);
	return link < 0 ? attach_refused(link, point, way, err)
			: links_add(links, point, link, err);
}

/* The programs run on every CPU, wherever the event is open. */
static int attach_perf(int program_fd, struct perf_event_attr *attr, const struct point *point,
		       struct links *links, const char *way, struct error *err)
{
	return attach_on(0, program_fd, attr, point, links, way, err);
}

/* Kinds of events that the kernel numbers at boot. */
static int event_type(const char *kind, unsigned int *type, struct error *err)
{
	char path[64];
	FILE *file;
	int found;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", kind);
	file = fopen(path, "re");
	found = file ? fscanf(file, "%u", type) : 0;
	if (file)
		fclose(file);
	return found == 1 ? 0
			  : error_set(err, -EOPNOTSUPP, "this kernel has no %ss (CONFIG_%s_EVENTS)",
				      kind, !strcmp(kind, "kprobe") ? "KPROBE" : "UPROBE");
}

/* ---- functions and tracepoints of the kernel ---- */

static int attach_probe(int program_fd, const struct point *point, struct links *links,
			bool is_return, struct error *err)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.config = is_return, /* bit 0: events/kprobe/format/retprobe */
		.kprobe_func = (uintptr_t)point->event,
		.probe_offset = point->offset,
	};
	int code = event_type("kprobe", &attr.type, err);

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

/* ---- functions of programs ---- */

/* /sys/bus/event_source/devices/uprobe/format: bit 0 of config, and its upper half. */
enum { UPROBE_RETURN = 1, UPROBE_SEMAPHORE_SHIFT = 32 };

static int attach_user(int program_fd, const struct point *point, struct links *links,
		       bool is_return, struct error *err)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.config = (is_return ? UPROBE_RETURN : 0) | point->semaphore
								    << UPROBE_SEMAPHORE_SHIFT,
		.uprobe_path = (uintptr_t)point->binary,
		.probe_offset = point->offset,
	};
	int code = event_type("uprobe", &attr.type, err);

	return code ? code : attach_perf(program_fd, &attr, point, links, "a uprobe", err);
}

int attach_uprobe(int program_fd, const struct point *point, struct links *links, struct error *err)
{
	return attach_user(program_fd, point, links, false, err);
}

int attach_uretprobe(int program_fd, const struct point *point, struct links *links,
		     struct error *err)
{
	return attach_user(program_fd, point, links, true, err);
}

/* ---- timers ---- */

/* On the first CPUs that are online, at most so many of them: others have no events. */
static int attach_clock(int program_fd, struct perf_event_attr *attr, const struct point *point,
			struct links *links, size_t most, struct error *err)
{
	int cpus = kfeat_possible_cpus(err), code = cpus < 0 ? cpus : -ENODEV;
	size_t before = links->n;

	for (int cpu = 0; cpu < cpus && links->n - before < most; cpu++) {
		code = attach_on(cpu, program_fd, attr, point, links, "a timer", err);
		if (code && code != -ENODEV)
			return code;
	}
	return links->n > before ? 0 : code;
}

int attach_profile(int program_fd, const struct point *point, struct links *links,
		   struct error *err)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = point->hz,
	};

	return attach_clock(program_fd, &attr, point, links, SIZE_MAX, err);
}

int attach_interval(int program_fd, const struct point *point, struct links *links,
		    struct error *err)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = point->ns,
	};

	return attach_clock(program_fd, &attr, point, links, 1, err);
}
