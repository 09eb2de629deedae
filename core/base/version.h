/* SPDX-License-Identifier: MIT */
#ifndef SHARK_VERSION_H
#define SHARK_VERSION_H

#define SHARK_VERSION "0.1.0"
#define SHARK_VERSION_LINE "shark " SHARK_VERSION

#endif
