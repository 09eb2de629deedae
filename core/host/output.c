// SPDX-License-Identifier: MIT
#include "host/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

static struct {
	uv_prepare_t before_sleep;
	void (*on_failure)(int code, void *data);
	void *data;
	bool failed;
} output;

int output_flush(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	/* An earlier write failed and stdio did not keep why. */
	return errno ? -errno : -EIO;
}

static void before_sleep(uv_prepare_t *prepare)
{
	int code = output.failed ? 0 : output_flush();

	(void)prepare;
	if (!code)
		return;
	output.failed = true;
	output.on_failure(code, output.data);
}

int output_watch(uv_loop_t *loop, void (*on_failure)(int code, void *data), void *data)
{
	int code = uv_prepare_init(loop, &output.before_sleep);

	if (code)
		return code;
	output.before_sleep.data = NULL;
	output.on_failure = on_failure;
	output.data = data;
	uv_prepare_start(&output.before_sleep, before_sleep);
	uv_unref((uv_handle_t *)&output.before_sleep);
	return 0;
}

void output_unwatch(void)
{
	uv_close((uv_handle_t *)&output.before_sleep, NULL);
}
