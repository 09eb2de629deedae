/* SPDX-License-Identifier: MIT */
/*
 * What was typed at prompts before: a line of the file for each chunk, in
 * $XDG_STATE_HOME/shark/history or ~/.local/state/shark/history. Folders and file
 * are made for their owner alone; links are not followed, and what another user
 * owns is not touched: root by way of sudo may have the home of another.
 */
#ifndef SHARK_HISTORY_H
#define SHARK_HISTORY_H

/*
 * Opens the file and hands over what is in it, oldest first. Says why if there
 * cannot be one; then nothing is kept.
 */
void history_open(void (*each)(char *chunk));

/* Keeps a chunk. Says at the first failure why that cannot be. */
void history_add(const char *chunk);

void history_close(void);

#endif
