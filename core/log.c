// SPDX-License-Identifier: MIT
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "foreign.h"

static bool verbose_on;

__attribute__((format(printf, 1, 0))) static void print_line(const char *format, va_list args)
{
	autofree char *text = NULL;

	/* Text already printed comes first where both streams are one terminal. */
	fflush(stdout);
	fputs("shark: ", stderr);
	if (vasprintf(&text, format, args) < 0)
		fputs("not enough memory for a message", stderr);
	else
		foreign_print(stderr, FOREIGN_LINES, text, strlen(text));
	fputc('\n', stderr);
}

void log_set_verbose(bool verbose)
{
	verbose_on = verbose;
}

bool log_is_verbose(void)
{
	return verbose_on;
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
