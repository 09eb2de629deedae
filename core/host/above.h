/* SPDX-License-Identifier: MIT */
/*
 * What is printed while somebody types a line: it comes above that line, which is
 * taken away before the first byte and drawn again when all is printed. That holds
 * for whatever goes through C's stdout and stderr, Lua's print() and io included.
 */
#ifndef SHARK_ABOVE_H
#define SHARK_ABOVE_H

/* Takes away the line that is shown, if one is. May be called often. */
typedef void (*above_hide)(void *data);

/*
 * From now on the process prints through here. To be called before Lua keeps a
 * stream. Returns 0 or a negative errno.
 */
int above_open(void);

/* There is a line to be taken away, or, with NULL, none. */
void above_set(above_hide hide, void *data);

/* Writes what is buffered, and ends a line that was begun: another is to be drawn. */
void above_settle(void);

#endif
