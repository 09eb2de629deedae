// SPDX-License-Identifier: MIT
#include "host/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

enum { KEPT = 1000, TOO_MANY = 2 * KEPT };

#define NAME "history"
#define NEW_NAME "history.new"

static struct {
	int folder, file; /* -1: there is none */
	bool told;
} history = { -1, -1, false };

static void tell(const char *what, int code)
{
	if (!history.told)
		log_error("what is typed is not kept for the next time: %s: %s", what,
			  strerror(code));
	history.told = true;
}

/* ---- whose it is ---- */

static bool is_own(int fd)
{
	struct stat found;

	if (!fstat(fd, &found) && found.st_uid == geteuid())
		return true;
	errno = EPERM; /* another user's */
	return false;
}

static int own_or_close(int fd)
{
	if (fd < 0 || is_own(fd))
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

static int open_folder(int parent, const char *name, int flags)
{
	return own_or_close(openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags));
}

/* The folder within, made where there is none; closes the parent. */
static int enter(int parent, const char *name)
{
	int folder = -1;

	if (parent < 0)
		return -1;
	if (!mkdirat(parent, name, 0700) || errno == EEXIST)
		folder = open_folder(parent, name, O_NOFOLLOW);
	close(parent);
	return folder;
}

static int open_state_folder(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/') {
		mkdir(state, 0700);
		return enter(open_folder(AT_FDCWD, state, 0), "shark");
	}
	if (!home || *home != '/') {
		errno = ENOENT;
		return -1;
	}
	return enter(enter(enter(open_folder(AT_FDCWD, home, 0), ".local"), "state"), "shark");
}

static int open_file(int folder, const char *name, int flags)
{
	int fd = own_or_close(openat(folder, name, O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600));

	if (fd >= 0 && fchmod(fd, 0600)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- lines of the file: a backslash stands before n for a newline, and before itself ---- */

static int write_chunk(FILE *file, const char *chunk)
{
	for (; *chunk; chunk++) {
		if (*chunk == '\n')
			fputs("\\n", file);
		else if (*chunk == '\\')
			fputs("\\\\", file);
		else
			fputc(*chunk, file);
	}
	return fputc('\n', file) == EOF ? -1 : 0;
}

static void to_chunk(char *line)
{
	char *to = line;

	for (; *line && *line != '\n'; line++) {
		bool marked = *line == '\\' && line[1];

		line += marked;
		*to = *line;
		if (marked && *line == 'n')
			*to = '\n';
		to++;
	}
	*to = '\0';
}

static size_t count_lines(FILE *file)
{
	autofree char *line = NULL;
	size_t room = 0, n = 0;

	rewind(file);
	while (getline(&line, &room, file) > 0)
		n++;
	rewind(file);
	return n;
}

/* Passes over all but the last; hands over those, or copies them. */
static void read_last(FILE *file, size_t n, void (*each)(char *chunk), FILE *copy)
{
	autofree char *line = NULL;
	size_t room = 0;

	for (size_t i = 0; getline(&line, &room, file) > 0; i++) {
		if (i + KEPT < n)
			continue;
		if (copy)
			fputs(line, copy);
		else if (to_chunk(line), *line)
			each(line);
	}
	rewind(file);
}

/* A file that has grown long is replaced by its end. */
static void shorten(FILE *file, size_t n)
{
	int fd = open_file(history.folder, NEW_NAME, O_RDWR | O_TRUNC | O_APPEND);
	autofclose FILE *copy = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (copy)
		read_last(file, n, NULL, copy);
	if (!copy || fflush(copy) || ferror(copy) ||
	    renameat(history.folder, NEW_NAME, history.folder, NAME)) {
		tell("cannot shorten the file", errno);
		if (fd >= 0)
			close(fd);
		return;
	}
	close(history.file);
	history.file = fd;
}

void history_open(void (*each)(char *chunk))
{
	autofclose FILE *file = NULL;
	size_t n;

	history.folder = open_state_folder();
	if (history.folder >= 0)
		history.file = open_file(history.folder, NAME, O_RDWR | O_APPEND | O_NONBLOCK);
	if (history.file < 0) {
		tell("cannot open the history", errno);
		return;
	}
	file = fdopen(fcntl(history.file, F_DUPFD_CLOEXEC, 0), "r");
	if (!file)
		return;
	n = count_lines(file);
	read_last(file, n, each, NULL);
	if (n > TOO_MANY)
		shorten(file, n);
}

/* In one write, so that the lines of several prompts do not mix. */
void history_add(const char *chunk)
{
	autofree char *text = NULL;
	size_t size = 0;
	FILE *line;

	if (history.file < 0)
		return;
	line = open_memstream(&text, &size);
	if (!line || write_chunk(line, chunk) | fclose(line))
		tell("no memory", ENOMEM);
	else if (write(history.file, text, size) != (ssize_t)size)
		tell("cannot write the history", errno);
}

void history_close(void)
{
	if (history.file >= 0)
		close(history.file);
	if (history.folder >= 0)
		close(history.folder);
	history.file = history.folder = -1;
}
