// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/foreign.h"

static bool verbose_on;

__attribute__((format(printf, 1, 0))) static void print_line(const char *format, va_list args)
{
	autofree char *text = NULL, *fit = NULL;
	int n = vasprintf(&text, format, args);

	if (n >= 0)
		fit = malloc((size_t)n * FOREIGN_GROWTH + 1);
	/* Text already printed comes first where both streams are one terminal. */
	fflush(stdout);
	/* In one write: a command of the script's may print there, too. */
	if (fit)
		fprintf(stderr, "shark: %.*s\n",
			(int)foreign_escape(FOREIGN_LINES, text, (size_t)n, fit), fit);
	else
		fputs("shark: not enough memory for a message\n", stderr);
}

void log_set_verbose(bool verbose)
{
	verbose_on = verbose;
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	if (!verbose_on)
		return;
	va_start(args, format);
	print_line(format, args);
	va_end(args);
}
