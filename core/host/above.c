// SPDX-License-Identifier: MIT
#include "host/above.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static struct {
	above_hide hide;
	void *data;
	bool in_line; /* the last byte that went to the terminal was no newline */
} above;

static ssize_t write_all(int fd, const char *text, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(fd, text + done, size - done);

		if (n < 0 && errno != EINTR)
			return 0; /* an error, to fopencookie(3) */
		done += n < 0 ? 0 : (size_t)n;
	}
	return (ssize_t)size;
}

/* The cookie is the descriptor. */
static ssize_t on_write(void *cookie, const char *text, size_t size)
{
	if (!size)
		return 0;
	if (above.hide)
		above.hide(above.data);
	above.in_line = text[size - 1] != '\n';
	return write_all((int)(intptr_t)cookie, text, size);
}

static int replace(FILE **stream, int fd, int buffering)
{
	cookie_io_functions_t calls = { .write = on_write };
	FILE *ours = fopencookie((void *)(intptr_t)fd, "w", calls);

	if (!ours)
		return -errno;
	setvbuf(ours, NULL, buffering, BUFSIZ);
	fflush(*stream);
	*stream = ours;
	return 0;
}

int above_open(void)
{
	int code = replace(&stdout, STDOUT_FILENO, _IOLBF);

	if (!code && isatty(STDERR_FILENO))
		code = replace(&stderr, STDERR_FILENO, _IONBF);
	return code;
}

void above_set(above_hide hide, void *data)
{
	above.hide = hide;
	above.data = data;
}

void above_settle(void)
{
	if (fflush(stdout) || !above.in_line)
		return;
	putchar('\n');
	fflush(stdout);
}
