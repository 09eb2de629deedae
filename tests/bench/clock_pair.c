// SPDX-License-Identifier: MIT
/*
 * Attaches the programs of an object and keeps them attached until SIGINT.
 * usage: clock_pair OBJECT
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what, int code)
{
	fprintf(stderr, "clock_pair: %s: %s\n", what, strerror(-code));
	return EXIT_FAILURE;
}

static int attach_all(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program (program, object) {
		if (!bpf_program__attach(program))
			return -errno;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	sigset_t set;
	int code, signal;

	if (argc != 2) {
		fputs("usage: clock_pair OBJECT\n", stderr);
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	object = bpf_object__open(argv[1]);
	code = object ? bpf_object__load(object) : -errno;
	if (!code)
		code = attach_all(object);
	if (code)
		return fail(argv[1], code);
	sigwait(&set, &signal);
	return EXIT_SUCCESS;
}
