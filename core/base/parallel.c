// SPDX-License-Identifier: MIT
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

/* Bytes of a thread's stack; what is not touched is never there. */
enum { MAX_HELPERS = 7, STACK = 512 * 1024 };

struct job {
	parallel_fn *work;
	void *data;
	size_t n;
	atomic_size_t next;
};

static void *take_part(void *data)
{
	struct job *job = data;
	size_t i;

	while ((i = atomic_fetch_add(&job->next, 1)) < job->n)
		job->work(i, job->data);
	return NULL;
}

/* A mask too small for this machine's CPUs is refused: then there are many. */
static size_t helpers_for(size_t n)
{
	cpu_set_t cpus;
	size_t others = MAX_HELPERS;

	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		others = (size_t)CPU_COUNT(&cpus) - 1;
	if (others > MAX_HELPERS)
		others = MAX_HELPERS;
	return n <= others ? n - 1 : others;
}

/* Returns how many there are. */
static size_t start_helpers(pthread_t helpers[MAX_HELPERS], size_t wanted, struct job *job)
{
	pthread_attr_t attr;
	size_t n = 0;

	if (pthread_attr_init(&attr))
		return 0;
	pthread_attr_setstacksize(&attr, STACK);
	while (n < wanted && !pthread_create(&helpers[n], &attr, take_part, job))
		n++;
	pthread_attr_destroy(&attr);
	return n;
}

void parallel_for(size_t n, parallel_fn *work, void *data)
{
	struct job job = { .work = work, .data = data, .n = n };
	pthread_t helpers[MAX_HELPERS];
	sigset_t all, before;
	size_t started;

	if (!n)
		return;
	/* Threads begin with the mask of who makes them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = start_helpers(helpers, helpers_for(n), &job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	take_part(&job);
	for (size_t i = 0; i < started; i++)
		pthread_join(helpers[i], NULL);
}
