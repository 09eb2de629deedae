/* SPDX-License-Identifier: MIT */
/* Programs that a session of this process has loaded, to be run with made-up arguments. */
#ifndef SHARK_TEST_LOADED_H
#define SHARK_TEST_LOADED_H

#include "../unit/unit.h"

#include <bpf/bpf.h>
#include <stdio.h>

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

/* The newest program of that name, a descriptor to close: the one just loaded. */
static inline int loaded_program(const char *name)
{
	int found = -1;

	for (__u32 id = 0; !bpf_prog_get_next_id(id, &id);) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    !strcmp(info.name, name)) {
			if (found >= 0)
				close(found);
			found = fd;
		} else if (fd >= 0) {
			close(fd);
		}
	}
	return found;
}

/* Runs a raw tracepoint program on a CPU (BPF_PROG_TEST_RUN, since 5.10). */
static inline void run_loaded(int program, int cpu, const __u64 *arguments, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = arguments, .ctx_size_in = (__u32)size,
		    .flags = BPF_F_TEST_RUN_ON_CPU, .cpu = (__u32)cpu);

	assert_int_equal(bpf_prog_test_run_opts(program, &opts), 0);
}

#endif
