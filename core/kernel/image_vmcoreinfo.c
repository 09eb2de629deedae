// SPDX-License-Identifier: MIT
/* What VMCOREINFO says (Documentation/admin-guide/kdump/vmcoreinfo.rst). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/image_parts.h"

static const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line ? line + 1 : NULL;
}

const char *image_vmcoreinfo_value(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = next_line(line))
		if (!strncmp(line, key, length) && line[length] == '=')
			return line + length + 1;
	return NULL;
}

bool image_vmcoreinfo_number(const char *text, const char *key, int base, uint64_t *number)
{
	const char *value = image_vmcoreinfo_value(text, key);
	char *end;

	if (!value)
		return false;
	errno = 0;
	*number =
		*value == '-' ? (uint64_t)strtoll(value, &end, base) : strtoull(value, &end, base);
	return !errno && end > value && (!*end || *end == '\n');
}
