/* SPDX-License-Identifier: MIT */
/* libbpf says on its log why it refuses; here that becomes part of an error. */
#ifndef SHARK_LIBBPF_ERROR_H
#define SHARK_LIBBPF_ERROR_H

#include "base/error.h"

/*
 * From now on libbpf's messages go to log_debug() instead of standard error,
 * and the first complaint is kept. Forgets an earlier complaint.
 */
void libbpf_error_watch(void);

/*
 * Records a failure of libbpf: the text, what the code means and the first
 * complaint since libbpf_error_watch(). Codes of libbpf's own become -EINVAL.
 * Returns the code.
 */
int libbpf_error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
