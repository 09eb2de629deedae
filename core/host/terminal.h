/* SPDX-License-Identifier: MIT */
/*
 * The terminal's modes, given back as they were found however the process ends
 * or stops: at exit(), at signals that end it, at Ctrl-Z.
 */
#ifndef SHARK_TERMINAL_H
#define SHARK_TERMINAL_H

#include <stdbool.h>

/* Are standard input and output a terminal on which a line can be edited? */
bool terminal_is_there(void);

/*
 * Keeps the modes of standard input. on_resume is called in signal context, when
 * the process goes on after it was stopped. Returns 0 or a negative errno.
 */
int terminal_keep(void (*on_resume)(void));

/* Gives back what was kept; does nothing if nothing was. Fit for signal handlers. */
void terminal_restore(void);

#endif
