// SPDX-License-Identifier: MIT
/* parallel_for(): each once, wherever it runs, and no signal on threads of its own. */
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "unit.h"

enum { MANY = 1000 };

struct seen {
	pthread_t caller;
	atomic_int runs[MANY];
	atomic_int unblocked;
};

static void see(size_t i, void *data)
{
	struct seen *seen = data;
	sigset_t mask;

	atomic_fetch_add(&seen->runs[i], 1);
	if (pthread_equal(pthread_self(), seen->caller))
		return;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	atomic_fetch_add(&seen->unblocked, !sigismember(&mask, SIGINT));
}

static void assert_each_once(size_t n)
{
	struct seen seen = { .caller = pthread_self() };

	parallel_for(n, see, &seen);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(seen.runs[i], i < n);
	assert_int_equal(seen.unblocked, 0);
}

static void each_is_done_once(void **state)
{
	(void)state;
	assert_each_once(0);
	assert_each_once(1);
	assert_each_once(2);
	assert_each_once(MANY);
}

static void the_callers_signals_are_as_before(void **state)
{
	sigset_t before, after;

	(void)state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_each_once(MANY);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int signal = 1; signal < SIGRTMAX; signal++)
		assert_int_equal(sigismember(&after, signal), sigismember(&before, signal));
}

/* Each waits for the other. */
static void meet(size_t i, void *data)
{
	pthread_barrier_t *both = data;

	(void)i;
	pthread_barrier_wait(both);
}

static void two_run_at_once(void **state)
{
	pthread_barrier_t both;
	cpu_set_t cpus;

	(void)state;
	if (!sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) < 2)
		skip();
	pthread_barrier_init(&both, NULL, 2);
	parallel_for(2, meet, &both);
	pthread_barrier_destroy(&both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_done_once),
		cmocka_unit_test(the_callers_signals_are_as_before),
		cmocka_unit_test(two_run_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
