/* SPDX-License-Identifier: MIT */
/* Messages to standard error. */
#ifndef SHARK_LOG_H
#define SHARK_LOG_H

#include <stdbool.h>

/* Whether log_debug() prints; the -V option. */
void log_set_verbose(bool verbose);

/* "shark: ..." with a newline, always. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, only when verbose. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
