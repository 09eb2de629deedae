/* SPDX-License-Identifier: MIT */
/*
 * A line that is edited on the terminal, by libedit, beside an event loop.
 *
 * libedit waits where it reads, be it in the middle of a key's bytes. So it runs
 * in a thread of its own, as a coroutine: either it runs or its caller, never
 * both. Each call below lets it go on until it has something to say, which it
 * returns; the caller never waits for a key. There only if SHARK_HAS_LIBEDIT.
 */
#ifndef SHARK_LINEEDIT_H
#define SHARK_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

struct lineedit;

enum lineedit_event {
	LINEEDIT_WAITS, /* for bytes, see lineedit_feed() */
	LINEEDIT_LINE,	/* see lineedit_text(): the whole line, with its newline */
	LINEEDIT_TAB,	/* see lineedit_text(): the line up to the cursor */
	LINEEDIT_END,	/* Ctrl-D on an empty line, or the terminal has gone */
};

/* NULL if there is not memory enough, or no thread to be had. */
struct lineedit *lineedit_start(void);

/* Ends the thread; the line that was shown stays on the screen. */
void lineedit_stop(struct lineedit *edit);

/* Goes on: behind a line with the next, behind a Tab with that line. */
enum lineedit_event lineedit_go(struct lineedit *edit);

/* What stands before the line; kept by the caller. */
void lineedit_set_prompt(struct lineedit *edit, const char *prompt);

/* Bytes that were typed: lineedit_go() takes them. Returns 0 or -ENOMEM. */
int lineedit_feed(struct lineedit *edit, const char *bytes, size_t size);

/* No more bytes will come. */
void lineedit_feed_end(struct lineedit *edit);

/* Of the last event; valid until the next call. */
const char *lineedit_text(const struct lineedit *edit, size_t *size);

/* Behind a Tab: text that lineedit_go() puts at the cursor. */
void lineedit_insert(struct lineedit *edit, const char *text);

/* Gives up the line that waits; lineedit_go() begins another. Returns whether it was empty. */
bool lineedit_break(struct lineedit *edit);

/*
 * Takes the line off the screen and draws it again, while one is being edited.
 * Both may be called when it is so already.
 */
void lineedit_hide(struct lineedit *edit);
void lineedit_show(struct lineedit *edit);

/* Draws it for a terminal that has another size now, or on a line of its own. */
void lineedit_resize(struct lineedit *edit);
void lineedit_redraw(struct lineedit *edit);

/* A line that the user can go back to. */
void lineedit_remember(struct lineedit *edit, const char *line);

#endif
