/* SPDX-License-Identifier: MIT */
/*
 * The terminal's modes and its screen, given back as they were found however the
 * process ends or stops: at exit(), at signals that end it, at Ctrl-Z.
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

/*
 * Takes the whole screen for somebody who draws all of it, and has keys come as they are
 * typed; terminal_restore() gives it back for good. Around Ctrl-Z it is given back and
 * taken again, which SIGWINCH tells: all is to be drawn again then. Where the process was
 * stopped otherwise, or went on in the background, call this again. Not beside
 * terminal_keep(). Returns 0 or a negative errno; -EAGAIN: this process is in the
 * background, the terminal is another's.
 */
int terminal_take_screen(void);

/* Is the screen taken, now? */
bool terminal_has_screen(void);

/* Gives back what was kept; does nothing if nothing was. Fit for signal handlers. */
void terminal_restore(void);

#endif
