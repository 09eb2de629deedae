// SPDX-License-Identifier: MIT
#include "libbpf_error.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

static char complaint[512];

__attribute__((format(printf, 2, 0))) static int keep(enum libbpf_print_level level,
						      const char *format, va_list args)
{
	static const char prefix[] = "libbpf: ";
	char line[sizeof(complaint)];
	const char *text = line;

	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug("%s", line);
	if (level != LIBBPF_WARN || complaint[0])
		return 0;
	if (!strncmp(text, prefix, sizeof(prefix) - 1))
		text += sizeof(prefix) - 1;
	memcpy(complaint, text, strlen(text) + 1);
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
