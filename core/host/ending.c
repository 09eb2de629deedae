// SPDX-License-Identifier: MIT
#include "host/ending.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "host/terminal.h"

enum {
	LATE_MS = 250, /* a handler that is nearly done is not cut short */
	OVERDUE_MS = 1000,
	OVERDUE_BUSY_MS = 30000, /* by the clock, on a machine too busy for the above */
	SAME_MS = 100,		 /* timeout(1) sends its signal twice */
	TICK_MS = 50,
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
};

static struct {
	uv_async_t wake;
	struct ending_calls calls;
	volatile sig_atomic_t asked; /* the signal, 0 for none yet */
	volatile sig_atomic_t late;  /* on_late was called */
	pthread_t main_thread;
	timer_t timer;
	volatile sig_atomic_t paused; /* nothing is late now */
	volatile sig_atomic_t begun;  /* the ordered end */
	volatile sig_atomic_t at_prompt;
	volatile sig_atomic_t stuck;  /* on_stuck was called */
	uint64_t asked_ns, waited_ns; /* of asked: when, and waited_for_cpu_ns() */
} ending;

static const int signals[] = { SIGINT, SIGTERM, SIGPIPE };

/* Libraries that take real-time signals begin at the other end. */
static int timer_signal(void)
{
	return SIGRTMAX;
}

static void set_handler(int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigaction(signal, &action, NULL);
}

static void set_all(void (*handler)(int))
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		set_handler(signals[i], handler);
}

static bool is_output_closed(void)
{
	struct pollfd output = { .fd = STDOUT_FILENO };

	return poll(&output, 1, 0) == 1 && (output.revents & POLLERR);
}

/* ---- signal context: only what signal-safety(7) allows ---- */

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* How long the main thread has waited for a CPU: the second number there. */
static uint64_t waited_for_cpu_ns(void)
{
	int fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);
	char text[96] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	uint64_t value = 0;
	const char *at = text;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	while (*at && *at != ' ')
		at++;
	while (*at == ' ')
		at++;
	for (; *at >= '0' && *at <= '9'; at++)
		value = 10 * value + (uint64_t)(*at - '0');
	return value;
}

static uint64_t ms_since_asked(void)
{
	return (monotonic_ns() - ending.asked_ns) / NS_PER_MS;
}

/*
 * A busy machine makes nobody late: what counts is the time that the main
 * thread had, running or waiting for anything but a CPU.
 */
static uint64_t had_ms(void)
{
	uint64_t passed = ms_since_asked();
	uint64_t waited_ns = waited_for_cpu_ns(), waited = 0;

	/* Less than before, or nothing before: it could not be read. */
	if (ending.waited_ns && waited_ns > ending.waited_ns)
		waited = (waited_ns - ending.waited_ns) / NS_PER_MS;
	return passed > waited ? passed - waited : 0;
}

static void set_timer(long ms)
{
	const struct itimerspec times = {
		.it_value = { .tv_nsec = ms * NS_PER_MS },
		.it_interval = { .tv_nsec = ms * NS_PER_MS },
	};

	timer_settime(ending.timer, 0, &times, NULL);
}

static void die_of(int signal)
{
	terminal_restore();
	set_handler(signal, SIG_DFL);
	raise(signal);
}

static bool is_break(void)
{
	return ending.at_prompt && ending.asked == SIGINT;
}

static void die_overdue(void)
{
	ending.calls.on_overdue(ending.calls.data, ending.asked);
	die_of(ending.asked);
}

static void be_overdue(void)
{
	if (!is_break())
		die_overdue();
	ending.stuck = true;
	ending.calls.on_stuck(ending.calls.data);
}

static void on_tick(int signal)
{
	int saved = errno;

	/* Lua is the main thread's: it is not to be touched beside it. */
	if (!pthread_equal(pthread_self(), ending.main_thread)) {
		pthread_kill(ending.main_thread, signal);
		return;
	}
	if (ending.paused)
		return;
	if (had_ms() >= OVERDUE_MS || ms_since_asked() >= OVERDUE_BUSY_MS) {
		set_timer(0);
		be_overdue();
	} else if (had_ms() >= LATE_MS && !ending.late) {
		ending.late = true;
		ending.calls.on_late(ending.calls.data, ending.asked);
	}
	errno = saved;
}

static void start_clock(void)
{
	ending.asked_ns = monotonic_ns();
	ending.waited_ns = waited_for_cpu_ns();
}

static void ask(int signal)
{
	start_clock();
	ending.asked = signal;
	uv_async_send(&ending.wake);
	set_timer(TICK_MS);
}

/* What goes on printing to a closed output asks again and again, and nobody does. */
static bool is_same(int signal)
{
	return ending.asked && (signal == SIGPIPE || ms_since_asked() < SAME_MS);
}

/* Who is impatient does not lose the traces; only what is stuck takes them along. */
static void break_again(void)
{
	if (ending.stuck)
		die_overdue();
}

static void on_signal(int signal)
{
	int saved = errno;

	/* A socket of the script may break; that is the script's to see. */
	if (signal == SIGPIPE && !is_output_closed())
		return;
	if ((!ending.asked || (is_break() && signal != SIGINT)) && !ending.begun)
		ask(signal);
	else if (is_break() && !ending.begun)
		break_again();
	else if (!is_same(signal))
		die_of(signal);
	errno = saved;
}

/* ---- outside of it ---- */

static void on_wake(uv_async_t *wake)
{
	(void)wake;
	if (is_break())
		ending.calls.on_break(ending.calls.data);
	else if (ending.asked)
		ending.calls.on_ask(ending.calls.data);
}

static int create_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = timer_signal() };

	set_handler(timer_signal(), on_tick);
	return timer_create(CLOCK_MONOTONIC, &event, &ending.timer) ? -errno : 0;
}

int ending_watch(uv_loop_t *loop, const struct ending_calls *calls)
{
	int code = create_timer();

	if (code)
		return code;
	code = uv_async_init(loop, &ending.wake, on_wake);
	if (code) {
		timer_delete(ending.timer);
		return code;
	}
	ending.wake.data = NULL;
	uv_unref((uv_handle_t *)&ending.wake);
	ending.calls = *calls;
	ending.main_thread = pthread_self();
	set_all(on_signal);
	return 0;
}

void ending_at_prompt(void)
{
	ending.at_prompt = true;
}

void ending_take_break(void)
{
	if (is_break())
		ending.calls.on_break(ending.calls.data);
}

void ending_forget_break(void)
{
	if (!is_break() || ending.begun)
		return;
	set_timer(0);
	ending.late = ending.stuck = false;
	ending.asked = 0;
}

void ending_begin(void)
{
	ending.begun = true;
	ending.paused = true;
	set_timer(0);
	signal(SIGPIPE, SIG_IGN);
	uv_close((uv_handle_t *)&ending.wake, NULL);
}

void ending_resume(void)
{
	if (!ending.asked || !ending.begun)
		return;
	start_clock();
	ending.late = false;
	ending.paused = false;
	set_timer(TICK_MS);
}

void ending_over(void)
{
	if (!ending.begun)
		return;
	ending.paused = true;
	timer_delete(ending.timer);
	signal(timer_signal(), SIG_IGN);
}

bool ending_by_closed_output(void)
{
	return ending.asked == SIGPIPE;
}

void ending_die_of_closed_output(void)
{
	die_of(SIGPIPE);
}
