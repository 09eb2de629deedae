/* SPDX-License-Identifier: MIT */
/* What is said when a script had to be ended with the process. */
#ifndef SHARK_LASTWORDS_H
#define SHARK_LASTWORDS_H

/*
 * Stops all sessions and says on standard error what they saw and lost, so far
 * as that can be written without waiting. Made for signal handlers: takes no
 * lock and no memory, and may interrupt whatever the process is doing.
 */
void lastwords_say(int signal);

/* Says at the prompt that what runs there could not be ended; likewise. */
void lastwords_warn(void);

#endif
