/* SPDX-License-Identifier: MIT */
#ifndef SHARK_ARRAY_H
#define SHARK_ARRAY_H

/* Elements of an array, not of a pointer. */
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
