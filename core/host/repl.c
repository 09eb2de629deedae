// SPDX-License-Identifier: MIT
#include "host/repl.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/version.h"
#include "bind/run.h"
#include "host/chunk.h"

struct repl {
	lua_State *L;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tty_t tty;
		uv_pipe_t pipe;
		uv_idle_t idle; /* a file cannot be polled, and never blocks */
	};
	char *pending; /* read, not yet run: lines, or an unfinished chunk */
	size_t used, room;
	size_t lines_end; /* bytes of pending that are whole lines already tried */
};

static void prompt(const struct repl *repl)
{
	fputs(repl->used ? ">> " : "> ", stdout);
	fflush(stdout);
}

/* ---- running what was typed ---- */

static void drop(struct repl *repl, size_t size)
{
	memmove(repl->pending, repl->pending + size, repl->used - size);
	repl->used -= size;
	repl->lines_end = 0;
}

/*
 * Takes the first size bytes out of pending and runs them, unless the chunk
 * goes on. They are out before they run: what runs may turn the loop.
 */
static bool run_chunk(struct repl *repl, size_t size)
{
	enum chunk_state state = chunk_load(repl->L, repl->pending, size);

	if (state == CHUNK_GOES_ON) {
		repl->lines_end = size;
		return false;
	}
	drop(repl, size);
	if (state == CHUNK_LOADED)
		chunk_run(repl->L, "require('shark.text.out').values(...)");
	return true;
}

static void run_lines(struct repl *repl)
{
	char *newline;

	while (!run_is_ending(repl->L) && (newline = memchr(repl->pending + repl->lines_end, '\n',
							    repl->used - repl->lines_end)))
		run_chunk(repl, (size_t)(newline + 1 - repl->pending));
}

/* ---- reading ---- */

static bool make_room(struct repl *repl)
{
	size_t room = repl->room ? 2 * repl->room : 4096;
	char *moved;

	if (repl->room - repl->used >= 1024)
		return true;
	moved = realloc(repl->pending, room);
	if (!moved)
		return false;
	repl->pending = moved;
	repl->room = room;
	return true;
}

static void on_idle(uv_idle_t *idle);
static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);
static void on_stream(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer);

static int start_reading(struct repl *repl)
{
	if (repl->handle.type == UV_IDLE)
		return uv_idle_start(&repl->idle, on_idle);
	return uv_read_start(&repl->stream, give_room, on_stream);
}

static void stop_reading(struct repl *repl)
{
	if (repl->handle.type == UV_IDLE)
		uv_idle_stop(&repl->idle);
	else
		uv_read_stop(&repl->stream);
}

static void end_of_input(struct repl *repl)
{
	if (run_is_ending(repl->L))
		return;
	if (repl->used && !run_chunk(repl, repl->used)) {
		lua_pushliteral(repl->L, "stdin: the input ends in the middle of a chunk");
		run_report(repl->L);
	}
	if (isatty(STDIN_FILENO))
		putchar('\n');
	run_stop(repl->L);
}

static void take_lines(struct repl *repl, size_t n)
{
	int code;

	repl->used += n;
	run_lines(repl);
	if (run_is_ending(repl->L))
		return;
	prompt(repl);
	code = start_reading(repl);
	if (!code)
		return;
	log_error("cannot read standard input: %s", uv_strerror(code));
	run_stop(repl->L);
}

/*
 * n bytes have been read after what is pending, or a negative errno, 0 at the
 * end. Nothing is read while a chunk runs: one that runs the loop itself is not
 * interrupted by the next, and uv.run() ends when the script's handles have.
 */
static void take_input(struct repl *repl, ssize_t n)
{
	if (n == -EAGAIN || n == -EINTR)
		return;
	stop_reading(repl);
	if (n <= 0)
		end_of_input(repl);
	else
		take_lines(repl, (size_t)n);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct repl *repl = (struct repl *)((char *)handle - offsetof(struct repl, handle));

	(void)suggested;
	*buffer = make_room(repl) ? uv_buf_init(repl->pending + repl->used,
						(unsigned int)(repl->room - repl->used))
				  : uv_buf_init(NULL, 0);
}

static void on_stream(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	(void)buffer;
	if (n) /* 0 is "nothing yet" here, the end is UV_EOF */
		take_input((struct repl *)((char *)stream - offsetof(struct repl, stream)), n);
}

static void on_idle(uv_idle_t *idle)
{
	struct repl *repl = (struct repl *)((char *)idle - offsetof(struct repl, idle));
	ssize_t n = -ENOMEM;

	if (make_room(repl))
		n = read(STDIN_FILENO, repl->pending + repl->used, repl->room - repl->used);
	take_input(repl, n < 0 ? -errno : n);
}

/* libuv opens a terminal anew: making it non-blocking must not reach stdout. */
static int watch_input(struct repl *repl, uv_loop_t *loop)
{
	int code;

	switch (uv_guess_handle(STDIN_FILENO)) {
	case UV_TTY:
		code = uv_tty_init(loop, &repl->tty, STDIN_FILENO, 1);
		break;
	case UV_NAMED_PIPE:
		code = uv_pipe_init(loop, &repl->pipe, 0);
		if (!code)
			code = uv_pipe_open(&repl->pipe, STDIN_FILENO);
		break;
	default:
		code = uv_idle_init(loop, &repl->idle);
	}
	repl->handle.data = NULL;
	return code ? code : start_reading(repl);
}

static void free_repl(uv_handle_t *handle)
{
	struct repl *repl = (struct repl *)((char *)handle - offsetof(struct repl, handle));

	free(repl->pending);
	free(repl);
}

/* What was initialised is the loop's until it is closed. */
static void give_up(struct repl *repl)
{
	if (repl->handle.loop)
		uv_close(&repl->handle, free_repl);
	else
		free(repl);
}

struct repl *repl_start(lua_State *L, uv_loop_t *loop)
{
	struct repl *repl = calloc(1, sizeof(*repl));
	int code;

	if (!repl)
		return NULL;
	repl->L = L;
	code = watch_input(repl, loop);
	if (code) {
		log_error("cannot read standard input: %s", uv_strerror(code));
		give_up(repl);
		return NULL;
	}
	printf(SHARK_VERSION_LINE "  Ctrl-D ends\n");
	prompt(repl);
	return repl;
}

void repl_stop(struct repl *repl)
{
	if (repl)
		uv_close(&repl->handle, free_repl);
}
