// SPDX-License-Identifier: MIT
#include "host/lastwords.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "trace/session.h"

/* A pipe that is ready takes so much without waiting. */
static struct {
	char text[PIPE_BUF];
	size_t used;
} words;

static void add(const char *text)
{
	for (; *text && words.used < sizeof(words.text); text++)
		words.text[words.used++] = *text;
}

static void add_number(uint64_t number)
{
	char digits[24];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	add(at);
}

static bool add_loss(bool first, const struct loss *loss, uint64_t count)
{
	if (!loss || !count || count == SESSION_UNKNOWN)
		return first;
	add(first ? "" : ", ");
	add_number(count);
	add(" ");
	add(count == 1 ? loss->one : loss->several);
	return false;
}

static void add_losses(const struct session_loss *lost)
{
	bool first = true;

	for (size_t i = 0, at; i < LOSS_END; i++) {
		const struct loss *loss = loss_at(NULL, i, &at);

		first = add_loss(first, loss, loss ? loss_count(lost, at) : 0);
	}
	add(first ? "nothing" : "");
	if (lost->missed_runs == SESSION_UNKNOWN)
		add("; how many runs the kernel skipped is not known");
}

static void add_advice(const struct session_totals *totals)
{
	for (size_t i = 0; i < LOSS_END && totals->advice[i]; i++) {
		add(i ? ", " : "; what helps: ");
		add(totals->advice[i]);
	}
}

static void add_traces(void)
{
	struct session_totals totals;

	session_totals(&totals);
	if (!totals.opened)
		return;
	add("shark: its traces: ");
	add_number(totals.opened);
	add(" (");
	add_number(totals.open);
	add(" open), ");
	add_number(totals.events);
	add(" events handed over\nshark: lost: ");
	add_losses(&totals.lost);
	add_advice(&totals);
	add("\n");
}

/* Writes nothing where that would wait: a full pipe, a terminal that was stopped. */
static void write_words(void)
{
	struct pollfd output = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t written;

	if (poll(&output, 1, 0) != 1 || !(output.revents & POLLOUT))
		return;
	written = write(STDERR_FILENO, words.text, words.used);
	(void)written;
}

void lastwords_say(int signal)
{
	session_end_all();
	add("shark: the script did not come back within a second of ");
	add(signal == SIGINT	? "SIGINT"
	    : signal == SIGTERM ? "SIGTERM"
				: "its output being closed");
	add(" and could not be interrupted: ended without its last results\n");
	add_traces();
	write_words();
}

void lastwords_warn(void)
{
	words.used = 0;
	add("\nshark: what runs could not be interrupted within a second; Ctrl-C again ends "
	    "shark\n");
	write_words();
	words.used = 0;
}
