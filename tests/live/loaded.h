/* SPDX-License-Identifier: MIT */
/* Programs that a session of this process has loaded, to be run with made-up arguments. */
#ifndef SHARK_TEST_LOADED_H
#define SHARK_TEST_LOADED_H

#include "../unit/unit.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <unistd.h>

#include "kernel/kfeat.h"
#include "trace/session.h"

/*
 * Where the provider cannot be traced by raw tracepoints, says so as a plan of no
 * tests: what cmocka's skip() prints has no reason, and is a failure by the rules of TAP.
 */
static inline bool skip_all_without(const struct provider *provider)
{
	struct session_options options = { .way = "raw_tp" };
	struct session *session;
	struct error why;

	if (kfeat_may_trace(&why)) {
		printf("1..0 # SKIP needs root: %s\n", why.text);
		return true;
	}
	if (session_create(provider, &options, &session, &why)) {
		printf("1..0 # SKIP %s\n", why.text);
		return true;
	}
	session_destroy(session);
	return false;
}

static inline bool is_program(int fd)
{
	char path[32], target[32] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target) - 1) > 0 &&
	       !strcmp(target, "anon_inode:bpf-prog");
}

/*
 * The program of that name that this process has open, as a descriptor to close, or
 * -1: what other processes have loaded under the same name is none of it.
 */
static inline int program_here(const char *name)
{
	for (int fd = 3; fd < 1024; fd++) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (!is_program(fd) || bpf_obj_get_info_by_fd(fd, &info, &size))
			continue;
		if (!strcmp(info.name, name))
			return dup(fd);
	}
	return -1;
}

/* Runs a raw tracepoint program on a CPU (BPF_PROG_TEST_RUN, since 5.10). */
static inline void run_loaded(int program, int cpu, const __u64 *arguments, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = arguments, .ctx_size_in = (__u32)size,
		    .flags = BPF_F_TEST_RUN_ON_CPU, .cpu = (__u32)cpu);

	assert_int_equal(bpf_prog_test_run_opts(program, &opts), 0);
}

#endif
