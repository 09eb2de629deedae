// SPDX-License-Identifier: MIT
#include "kernel/kfeat.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel/capabilities.h"
#include "kernel/refusal.h"

int kfeat_may_trace(struct error *err)
{
	bool bpf = capabilities_has(CAP_BPF);
	bool perfmon = capabilities_has(CAP_PERFMON);

	if (capabilities_has(CAP_SYS_ADMIN) || (bpf && perfmon))
		return 0;
	return error_set(err, -EPERM,
			 "tracing needs CAP_BPF and CAP_PERFMON, this process lacks %s%s%s; run "
			 "shark as root",
			 bpf ? "" : "CAP_BPF", bpf || perfmon ? "" : " and ",
			 perfmon ? "" : "CAP_PERFMON");
}

int kfeat_may_open_raw_sockets(struct error *err)
{
	if (capabilities_has(CAP_NET_RAW))
		return 0;
	return error_set(
		err, -EPERM,
		"raw sockets need CAP_NET_RAW, which this process lacks; run shark as root");
}

bool kfeat_is_confidential(void)
{
	const char *mode = kfeat_lockdown();

	return mode && !strcmp(mode, "confidentiality");
}

/* access(2) asks for the real user, who has no capabilities (access_override_creds(), fs/open.c).
 */
static int may(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) ? -errno : 0;
}

const char *kfeat_tracefs(struct error *err)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	bool hidden = false;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char events[64];
		int code;

		snprintf(events, sizeof(events), "%s/events", places[i]);
		code = may(events, F_OK);
		if (!code)
			return places[i];
		hidden = hidden || code == -EACCES;
	}
	if (kfeat_is_confidential())
		error_set(err, -EPERM,
			  "the kernel is locked down (confidentiality): it has no tracefs");
	else if (hidden)
		error_set(err, -EACCES,
			  "tracefs may be read by root only, this process lacks "
			  "CAP_DAC_READ_SEARCH; run shark as root");
	else
		error_set(err, -ENOENT,
			  "tracefs is not mounted; mount it with: mount -t tracefs tracefs "
			  "/sys/kernel/tracing");
	return NULL;
}

const char *kfeat_lockdown(void)
{
	static const char *const modes[] = { "none", "integrity", "confidentiality" };
	autofclose FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char line[128];

	if (!file || !fgets(line, sizeof(line), file))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const char *at = strchr(line, '[');

		if (at && !strncmp(at + 1, modes[i], strlen(modes[i])))
			return modes[i];
	}
	return NULL;
}

int kfeat_raw_tp_has_argument(const char *event, unsigned int number, struct error *err)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW,
		  .dst_reg = BPF_REG_0,
		  .src_reg = BPF_REG_1,
		  .off = (__s16)(number * sizeof(__u64)) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "shark_ask", "GPL", program,
			       ARRAY_SIZE(program), NULL);
	int link;

	if (fd < 0) {
		error_set(err, fd, "cannot load a raw tracepoint program: %s", strerror(-fd));
		return refusal_explain(err);
	}
	link = bpf_raw_tracepoint_open(event, fd);
	close(fd);
	if (link >= 0)
		close(link);
	if (link >= 0 || link == -EINVAL)
		return link >= 0;
	return error_set(err, link, "the kernel refused a raw tracepoint on %s: %s", event,
			 strerror(-link));
}

int kfeat_possible_cpus(struct error *err)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus > 0)
		return cpus;
	return error_set(err, cpus, "cannot read the number of CPUs from /sys: %s",
			 strerror(-cpus));
}

int kfeat_irqs(struct error *err)
{
	autoclosedir DIR *dir = opendir("/proc/irq");
	struct dirent *entry;
	int irqs = 0;

	if (!dir)
		return error_set(err, -errno, "cannot list /proc/irq: %s", strerror(errno));
	while ((entry = readdir(dir)))
		irqs += isdigit((unsigned char)entry->d_name[0]) != 0;
	return irqs;
}
