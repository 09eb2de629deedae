// SPDX-License-Identifier: MIT
#include "base/libbpf_error.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

static char complaint[512];

/* Keeps the first line of a warning, without libbpf's name before it. */
static void keep_line(const char *text)
{
	static const char prefix[] = "libbpf: ";

	if (complaint[0])
		return;
	if (!strncmp(text, prefix, sizeof(prefix) - 1))
		text += sizeof(prefix) - 1;
	snprintf(complaint, sizeof(complaint), "%.*s", (int)strcspn(text, "\n"), text);
}

/*
 * The verifier's log says why in its last line but for the statistics; that is
 * worth more than libbpf's "load failed" before it.
 */
static void keep_verdict(char *log)
{
	const char *verdict = NULL;
	char *save, *line;

	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "processed ", 10) != 0 && !strstr(line, "PROG LOAD LOG --"))
			verdict = line;
	if (verdict)
		snprintf(complaint, sizeof(complaint), "%s", verdict);
}

__attribute__((format(printf, 2, 0))) static int keep(enum libbpf_print_level level,
						      const char *format, va_list args)
{
	autofree char *text = NULL;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return 0;
	}
	log_debug("%.*s", (int)strcspn(text, "\n"), text);
	if (level == LIBBPF_WARN && strstr(text, "BEGIN PROG LOAD LOG"))
		keep_verdict(text);
	else if (level == LIBBPF_WARN)
		keep_line(text);
	return 0;
}

void libbpf_error_watch(void)
{
	complaint[0] = '\0';
	libbpf_set_print(keep);
}

int libbpf_error_set(struct error *err, int code, const char *format, ...)
{
	char what[512], meaning[128];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	libbpf_strerror(code, meaning, sizeof(meaning));
	if (-code >= __LIBBPF_ERRNO__START)
		code = -EINVAL;
	return error_set(err, code, "%s: %s%s%s", what, meaning, complaint[0] ? ": " : "",
			 complaint);
}
