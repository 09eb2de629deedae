// SPDX-License-Identifier: MIT
#include "attach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracepoint.h"

static int refused(int code, const struct point *point, const char *way, struct error *err)
{
	return error_set(err, code, "the kernel refused %s on %s:%s: %s", way, point->group,
			 point->event, strerror(-code));
}

int attach_tp_btf(int program_fd, const struct point *point, struct error *err)
{
	int fd = bpf_raw_tracepoint_open(NULL, program_fd);

	return fd < 0 ? refused(fd, point, "a typed raw tracepoint", err) : fd;
}

int attach_raw_tp(int program_fd, const struct point *point, struct error *err)
{
	int fd = bpf_raw_tracepoint_open(point->event, program_fd);

	return fd < 0 ? refused(fd, point, "a raw tracepoint", err) : fd;
}

int attach_tp(int program_fd, const struct point *point, struct error *err)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	int id = tracepoint_id(point->group, point->event, err);
	int fd, code;

	if (id < 0)
		return id;
	attr.config = (unsigned int)id;
	/* A tracepoint's programs run on every CPU, wherever the event is open. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return refused(-errno, point, "a perf event", err);
	if (!ioctl(fd, PERF_EVENT_IOC_SET_BPF, program_fd) && !ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		return fd;
	code = -errno;
	close(fd);
	return refused(code, point, "a program on the perf event", err);
}
