/* SPDX-License-Identifier: MIT */
/*
 * Text that others chose: names of tasks, devices, files and symbols, arguments, what
 * firmware says. It may hold anything, so it is made fit for where it is shown.
 */
#ifndef SHARK_FOREIGN_H
#define SHARK_FOREIGN_H

#include <stddef.h>

enum foreign_style {
	FOREIGN_LINE,  /* one line for people */
	FOREIGN_LINES, /* the same, with newlines and tabs */
	FOREIGN_JSON,  /* what stands between the quotes of a JSON string */
};

/* A byte becomes at most so many. */
enum { FOREIGN_GROWTH = 6 };

/*
 * Writes the text to `out`, which has room for FOREIGN_GROWTH bytes for each of
 * `size`; returns how many it wrote, without an end. It is valid UTF-8 whatever
 * the text was.
 *
 * For people, what is not valid UTF-8, control characters and characters that
 * change the direction of text or cannot be seen become \xNN for each of their
 * bytes. A backslash stays, so text that was escaped before stays as it is.
 *
 * In JSON, characters keep their value, those above by way of \uNNNN; a byte that
 * is no UTF-8 becomes the four characters \xNN, and a backslash before what
 * looks like that becomes \x5c: putting a byte for each \xNN gives the text back.
 */
size_t foreign_escape(enum foreign_style style, const char *text, size_t size, char *out);

#endif
