// SPDX-License-Identifier: MIT
#include "load/bpfcall.h"

#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As often as libbpf does: the signals of a timer need not end a long verification for ever. */
enum { TRIES = 5 };

static int call(int command, union bpf_attr *attr, size_t size)
{
	int result = -EAGAIN;

	for (int i = 0; i < TRIES && result == -EAGAIN; i++) {
		result = (int)syscall(SYS_bpf, command, attr, size);
		if (result < 0)
			result = -errno;
	}
	return result;
}

static atomic_bool raised;

/* Without the right to do it, it stays as it is. */
static void raise_limit(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	raised = !setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

/* The limit is raised once in a process; any thread may come here. */
int bpfcall(int command, union bpf_attr *attr, size_t size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool was_raised = raised;
	int result = call(command, attr, size);

	if (result != -EPERM || was_raised)
		return result;
	pthread_once(&once, raise_limit);
	return raised ? call(command, attr, size) : result;
}

void bpfcall_name(char to[BPFCALL_NAME], const char *name)
{
	size_t i = 0;

	for (; i < BPFCALL_NAME - 1 && name[i]; i++)
		to[i] = isalnum((unsigned char)name[i]) || name[i] == '.' ? name[i] : '_';
	to[i] = '\0';
}
