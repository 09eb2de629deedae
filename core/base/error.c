// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return code;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;
	size_t used;

	memcpy(text, err->text, sizeof(text));
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", text);
	return err->code;
}

int error_suffix(struct error *err, const char *format, ...)
{
	size_t used = strlen(err->text);
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(err->text + used, sizeof(err->text) - used, " (%s)", text);
	return err->code;
}

const char *error_name(int code)
{
	const char *name = strerrorname_np(-code);

	return name ? name : "EUNKNOWN";
}
