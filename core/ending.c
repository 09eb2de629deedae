// SPDX-License-Identifier: MIT
#include "ending.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "array.h"

static struct {
	uv_async_t wake;
	void (*on_ask)(void *data);
	void *data;
	volatile sig_atomic_t asked; /* the signal, 0 for none yet */
} ending;

static const int signals[] = { SIGINT, SIGTERM, SIGPIPE };

static void set_all(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

static bool is_output_closed(void)
{
	struct pollfd output = { .fd = STDOUT_FILENO };

	return poll(&output, 1, 0) == 1 && (output.revents & POLLERR);
}

/* Runs in signal context: only what signal-safety(7) allows. */
static void on_signal(int signal)
{
	/* A socket of the script may break; that is the script's to see. */
	if (signal == SIGPIPE && !is_output_closed())
		return;
	ending.asked = signal;
	set_all(SIG_DFL);
	uv_async_send(&ending.wake);
}

static void on_wake(uv_async_t *wake)
{
	(void)wake;
	ending.on_ask(ending.data);
}

int ending_watch(uv_loop_t *loop, void (*on_ask)(void *data), void *data)
{
	int code = uv_async_init(loop, &ending.wake, on_wake);

	if (code)
		return code;
	ending.wake.data = NULL;
	uv_unref((uv_handle_t *)&ending.wake);
	ending.on_ask = on_ask;
	ending.data = data;
	set_all(on_signal);
	return 0;
}

void ending_begin(void)
{
	set_all(SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	uv_close((uv_handle_t *)&ending.wake, NULL);
}

bool ending_by_closed_output(void)
{
	return ending.asked == SIGPIPE;
}

void ending_die_of_closed_output(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}
