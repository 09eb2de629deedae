/* SPDX-License-Identifier: MIT */
/*
 * The host owns the Lua state and the event loop, and runs one script on them
 * from start to ordered end.
 */
#ifndef SHARK_HOST_H
#define SHARK_HOST_H

#include "host/options.h"

/* Runs what the command line asks for. Returns the exit status. */
int host_run(const struct options *options);

#endif
