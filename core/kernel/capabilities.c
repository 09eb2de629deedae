// SPDX-License-Identifier: MIT
#include "kernel/capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"

#define NAME(capability) [capability] = #capability

static const char *const names[] = {
	NAME(CAP_CHOWN),
	NAME(CAP_DAC_OVERRIDE),
	NAME(CAP_DAC_READ_SEARCH),
	NAME(CAP_FOWNER),
	NAME(CAP_FSETID),
	NAME(CAP_KILL),
	NAME(CAP_SETGID),
	NAME(CAP_SETUID),
	NAME(CAP_SETPCAP),
	NAME(CAP_LINUX_IMMUTABLE),
	NAME(CAP_NET_BIND_SERVICE),
	NAME(CAP_NET_BROADCAST),
	NAME(CAP_NET_ADMIN),
	NAME(CAP_NET_RAW),
	NAME(CAP_IPC_LOCK),
	NAME(CAP_IPC_OWNER),
	NAME(CAP_SYS_MODULE),
	NAME(CAP_SYS_RAWIO),
	NAME(CAP_SYS_CHROOT),
	NAME(CAP_SYS_PTRACE),
	NAME(CAP_SYS_PACCT),
	NAME(CAP_SYS_ADMIN),
	NAME(CAP_SYS_BOOT),
	NAME(CAP_SYS_NICE),
	NAME(CAP_SYS_RESOURCE),
	NAME(CAP_SYS_TIME),
	NAME(CAP_SYS_TTY_CONFIG),
	NAME(CAP_MKNOD),
	NAME(CAP_LEASE),
	NAME(CAP_AUDIT_WRITE),
	NAME(CAP_AUDIT_CONTROL),
	NAME(CAP_SETFCAP),
	NAME(CAP_MAC_OVERRIDE),
	NAME(CAP_MAC_ADMIN),
	NAME(CAP_SYSLOG),
	NAME(CAP_WAKE_ALARM),
	NAME(CAP_BLOCK_SUSPEND),
	NAME(CAP_AUDIT_READ),
	NAME(CAP_PERFMON),
	NAME(CAP_BPF),
	NAME(CAP_CHECKPOINT_RESTORE),
};

int capabilities_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] && !strcmp(names[i], name))
			return (int)i;
	return -1;
}

const char *capabilities_name(int capability)
{
	return capability >= 0 && capability < (int)ARRAY_SIZE(names) ? names[capability] : NULL;
}

static int get(struct __user_cap_data_struct *data)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return (int)syscall(SYS_capget, &header, data);
}

static int set(const struct __user_cap_data_struct *data)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return (int)syscall(SYS_capset, &header, data);
}

bool capabilities_has(int capability)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !get(data) && data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

static int nr_threads(void)
{
	autoclosedir DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int threads = 0;

	while (dir && (entry = readdir(dir)))
		threads += *entry->d_name != '.';
	return threads;
}

static void keep_only(struct __user_cap_data_struct *data, uint64_t keep)
{
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		__u32 bits = (__u32)(keep >> (32 * i));

		data[i].effective &= bits;
		data[i].permitted &= bits;
		data[i].inheritable &= bits;
	}
}

int capabilities_drop(uint64_t keep, struct error *err)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	int threads = nr_threads();

	if (threads > 1)
		return error_set(err, -EBUSY,
				 "cannot give up capabilities: %d threads run, each with its own",
				 threads);
	/* What is not inheritable is not ambient either (cap_capset(), security/commoncap.c). */
	if (!get(data)) {
		keep_only(data, keep);
		if (!set(data))
			return 0;
	}
	return error_set(err, -errno, "cannot give up capabilities: %s", strerror(errno));
}
