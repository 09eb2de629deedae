/* SPDX-License-Identifier: MIT */
/* What every unit test includes first. */
#ifndef SHARK_TEST_UNIT_H
#define SHARK_TEST_UNIT_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Writes a file of its own under /tmp; remove it with unlink(). */
static inline void write_temporary(char path[32], const void *data, size_t size)
{
	int fd;

	memcpy(path, "/tmp/shark-unit-XXXXXX", sizeof("/tmp/shark-unit-XXXXXX"));
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

#endif
