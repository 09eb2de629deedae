// SPDX-License-Identifier: MIT
#include "kernel/tracepoint.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/kfeat.h"

/* Reads a small file under events/group/event/ as a string. */
static int read_event_file(const char *group, const char *event, const char *name, char *text,
			   size_t size, struct error *err)
{
	const char *tracefs = kfeat_tracefs(err);
	char path[PATH_MAX];
	size_t used;

	if (!tracefs)
		return err ? err->code : -ENOENT;
	snprintf(path, sizeof(path), "%s/events/%s/%s/%s", tracefs, group, event, name);
	autofclose FILE *file = fopen(path, "re");
	if (!file)
		return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	used = fread(text, 1, size - 1, file);
	text[used] = '\0';
	if (!used)
		return error_set(err, -EIO, "%s is empty", path);
	return 0;
}

int tracepoint_id(const char *group, const char *event, struct error *err)
{
	char text[32];
	int code = read_event_file(group, event, "id", text, sizeof(text), err);

	return code ? code : atoi(text);
}

int tracepoint_format(const char *group, const char *event, char text[TRACEPOINT_FORMAT],
		      struct error *err)
{
	return read_event_file(group, event, "format", text, TRACEPOINT_FORMAT, err);
}

/* Is name the last word of a declaration such as "__data_loc char[] name"? */
static bool declares(const char *declaration, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	size_t end = length;

	while (end && declaration[end - 1] == ']')
		while (end && declaration[--end] != '[')
			;
	if (end <= name_length || memcmp(declaration + end - name_length, name, name_length) != 0)
		return false;
	return !isalnum((unsigned char)declaration[end - name_length - 1]) &&
	       declaration[end - name_length - 1] != '_';
}

int tracepoint_field_in(const char *format, const char *field)
{
	for (const char *at = strstr(format, "field:"); at; at = strstr(at, "field:")) {
		const char *end = strchr(at, ';');
		int offset;

		at += strlen("field:");
		if (!end)
			break;
		if (declares(at, (size_t)(end - at), field) &&
		    sscanf(end, "; offset:%d", &offset) == 1 && offset >= 0)
			return offset;
	}
	return -ENOENT;
}

int tracepoint_field(const char *group, const char *event, const char *field, struct error *err)
{
	char text[TRACEPOINT_FORMAT];
	int offset = tracepoint_format(group, event, text, err);

	if (offset < 0)
		return offset;
	offset = tracepoint_field_in(text, field);
	if (offset < 0)
		return error_set(err, offset, "tracepoint %s:%s has no field '%s' on this kernel",
				 group, event, field);
	return offset;
}
