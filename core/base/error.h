/* SPDX-License-Identifier: MIT */
/* What failed, in words, next to the negative errno that says it in code. */
#ifndef SHARK_ERROR_H
#define SHARK_ERROR_H

struct error {
	int code; /* negative errno, 0 when nothing failed */
	char text[1024];
};

/*
 * Records a failure: what was tried, what refused it, what the user can do.
 * err may be NULL. Returns code, so that a caller can return it on.
 */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text of a recorded failure. Returns its code. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts " (explanation)" behind the text of a recorded failure. Returns its code. */
int error_suffix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "ENOENT" for -ENOENT; "EUNKNOWN" for a code without a name. */
const char *error_name(int code);

#endif
