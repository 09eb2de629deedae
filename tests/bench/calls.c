// SPDX-License-Identifier: MIT
/*
 * System calls in any number, that do next to nothing: getppid().
 * usage: calls CPU SLICES SECONDS
 * Prints for each slice "CALLS NS".
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 1000, /* calls between two looks at the clock */
	NS = 1000 * 1000 * 1000,
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

static void slice(uint64_t ns)
{
	uint64_t begun = now_ns(), now = begun, calls = 0;

	while (now - begun < ns) {
		for (int i = 0; i < BATCH; i++)
			syscall(SYS_getppid);
		calls += BATCH;
		now = now_ns();
	}
	printf("%llu %llu\n", (unsigned long long)calls, (unsigned long long)(now - begun));
}

int main(int argc, char **argv)
{
	cpu_set_t set;

	if (argc != 4) {
		fputs("usage: calls CPU SLICES SECONDS\n", stderr);
		return 2;
	}
	CPU_ZERO(&set);
	CPU_SET(atoi(argv[1]), &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("sched_setaffinity");
		return EXIT_FAILURE;
	}
	for (int i = 0; i < atoi(argv[2]); i++)
		slice((uint64_t)(atof(argv[3]) * NS));
	return EXIT_SUCCESS;
}
