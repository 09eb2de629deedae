/* SPDX-License-Identifier: MIT */
/* What the ways of attaching share. */
#ifndef SHARK_ATTACH_WAYS_H
#define SHARK_ATTACH_WAYS_H

#include "trace/attach.h"

/* "the kernel refused WAY on POINT: reason". Returns code. */
int attach_refused(int code, const struct point *point, const char *way, struct error *err);

#endif
