// SPDX-License-Identifier: MIT
#include "host/prompt.h"

#include <errno.h>
#include <lauxlib.h>
#include <luajit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/version.h"
#include "bind/run.h"
#include "host/above.h"
#include "host/chunk.h"
#include "host/ending.h"
#include "host/history.h"
#include "host/lineedit.h"
#include "host/terminal.h"
#include "linked.h"

#if SHARK_HAS_LIBEDIT

static struct {
	lua_State *L;
	struct lineedit *edit; /* NULL: there is no prompt */
	uv_tty_t input;
	uv_signal_t resized;
	uv_async_t resumed;
	uv_prepare_t before_sleep;
	char *chunk; /* lines of an unfinished one, or NULL */
	size_t chunk_size;
	bool busy; /* a chunk runs */
	char bytes[4096];
} prompt;

bool prompt_is_possible(void)
{
	return terminal_is_there();
}

/* ---- what was typed ---- */

/* What runs once does not need the compiler, whose loops Ctrl-C does not reach. */
static void run_loaded(lua_State *L)
{
	luaJIT_setmode(L, -1, LUAJIT_MODE_ALLFUNC | LUAJIT_MODE_OFF);
	prompt.busy = true;
	chunk_run(L, "require('shark.prompt.show').values(...)");
	prompt.busy = false;
	run_interrupt_end(L);
	ending_forget_break();
}

static void remember(char *chunk)
{
	size_t size = strlen(chunk);

	if (size && chunk[size - 1] == '\n')
		chunk[size - 1] = '\0';
	if (*chunk == ' ' || chunk[strspn(chunk, " \t\n")] == '\0')
		return;
	lineedit_remember(prompt.edit, chunk);
	history_add(chunk);
}

static void forget_chunk(void)
{
	free(prompt.chunk);
	prompt.chunk = NULL;
	prompt.chunk_size = 0;
}

static bool says_leave(const char *chunk)
{
	static const char *const words[] = { "exit", "quit", "exit()", "quit()" };
	size_t begin = strspn(chunk, " \t"), size = strlen(chunk + begin);

	while (size && strchr(" \t\n;", chunk[begin + size - 1]))
		size--;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == size && !memcmp(words[i], chunk + begin, size))
			return true;
	return false;
}

static void take_chunk(void)
{
	enum chunk_state state = chunk_load(prompt.L, prompt.chunk, prompt.chunk_size);

	if (state == CHUNK_GOES_ON)
		return;
	remember(prompt.chunk);
	forget_chunk();
	if (state == CHUNK_LOADED)
		run_loaded(prompt.L);
}

static int add_line(void)
{
	size_t size;
	const char *line = lineedit_text(prompt.edit, &size);
	char *longer = realloc(prompt.chunk, prompt.chunk_size + size + 1);

	if (!longer)
		return -ENOMEM;
	memcpy(longer + prompt.chunk_size, line, size);
	prompt.chunk = longer;
	prompt.chunk_size += size;
	longer[prompt.chunk_size] = '\0';
	return 0;
}

static void take_line(void)
{
	bool first = !prompt.chunk;

	if (add_line()) {
		log_error("not enough memory for the line");
		forget_chunk();
	} else if (first && says_leave(prompt.chunk)) {
		forget_chunk();
		run_stop(prompt.L);
	} else {
		take_chunk();
	}
}

/* ---- the line ---- */

static void hide(void *data)
{
	(void)data;
	lineedit_hide(prompt.edit);
}

/* Completes the chunk up to the cursor: what can be put there, or else a list above. */
static void complete(void)
{
	lua_State *L = prompt.L;
	size_t size;
	const char *text = lineedit_text(prompt.edit, &size);

	if (luaL_loadstring(L, "return require('shark.prompt.complete').at(...)"))
		return;
	lua_pushlstring(L, prompt.chunk ? prompt.chunk : "", prompt.chunk_size);
	lua_pushlstring(L, text, size);
	lua_concat(L, 2);
	if (run_call(L, 1, 1, 0) != 1)
		return;
	lineedit_insert(prompt.edit, lua_tostring(L, -1)); /* kept on the stack by its caller */
}

static enum lineedit_event next_event(void)
{
	above_settle();
	lineedit_set_prompt(prompt.edit, prompt.chunk ? ">> " : "> ");
	return lineedit_go(prompt.edit);
}

static void leave(void)
{
	putchar('\n');
	run_stop(prompt.L);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);
static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer);

/* Nothing is read while a chunk runs: it may turn the loop itself. */
static void go_on(void)
{
	int top = lua_gettop(prompt.L);
	enum lineedit_event event;

	uv_read_stop((uv_stream_t *)&prompt.input);
	while ((event = next_event()) != LINEEDIT_WAITS) {
		lua_settop(prompt.L, top);
		if (event == LINEEDIT_TAB)
			complete();
		else if (event == LINEEDIT_LINE)
			take_line();
		else
			leave();
		if (run_is_ending(prompt.L))
			return;
	}
	lua_settop(prompt.L, top);
	uv_read_start((uv_stream_t *)&prompt.input, give_room, on_bytes);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle, (void)suggested;
	*buffer = uv_buf_init(prompt.bytes, sizeof(prompt.bytes));
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	(void)stream;
	if (!n || n == -EAGAIN)
		return;
	ending_take_break();
	if (n < 0)
		lineedit_feed_end(prompt.edit);
	else if (lineedit_feed(prompt.edit, buffer->base, (size_t)n))
		log_error("not enough memory for what was typed");
	go_on();
}

static void on_resized(uv_signal_t *handle, int signal)
{
	(void)handle, (void)signal;
	lineedit_resize(prompt.edit);
}

static void on_resumed(uv_async_t *handle)
{
	(void)handle;
	lineedit_redraw(prompt.edit);
}

/* What was printed is above, and the line is drawn again. */
static void before_sleep(uv_prepare_t *handle)
{
	(void)handle;
	if (!prompt.edit || prompt.busy)
		return;
	above_settle();
	lineedit_show(prompt.edit);
}

/* In signal context. */
static void resume(void)
{
	if (prompt.edit)
		uv_async_send(&prompt.resumed);
}

/* ---- what the host asks for ---- */

bool prompt_is_busy(void)
{
	return prompt.busy;
}

void prompt_break(void)
{
	bool nothing_typed = lineedit_break(prompt.edit) && !prompt.chunk;

	forget_chunk();
	if (nothing_typed)
		puts("Ctrl-D or exit leaves.");
	go_on();
}

static void remember_earlier(char *chunk)
{
	lineedit_remember(prompt.edit, chunk);
}

static int watch(uv_loop_t *loop)
{
	int code = uv_tty_init(loop, &prompt.input, STDIN_FILENO, 1);

	if (!code)
		code = uv_signal_init(loop, &prompt.resized);
	if (!code)
		code = uv_async_init(loop, &prompt.resumed, on_resumed);
	if (!code)
		code = uv_prepare_init(loop, &prompt.before_sleep);
	if (!code)
		code = uv_signal_start(&prompt.resized, on_resized, SIGWINCH);
	if (code)
		return code;
	uv_prepare_start(&prompt.before_sleep, before_sleep);
	prompt.input.data = prompt.resized.data = prompt.resumed.data = NULL;
	prompt.before_sleep.data = NULL;
	uv_unref((uv_handle_t *)&prompt.before_sleep);
	uv_unref((uv_handle_t *)&prompt.resized);
	uv_unref((uv_handle_t *)&prompt.resumed);
	return 0;
}

static int open_prompt(uv_loop_t *loop)
{
	int code = watch(loop);

	if (!code)
		code = terminal_keep(resume);
	if (code)
		return code;
	prompt.edit = lineedit_start();
	return prompt.edit ? 0 : -ENOMEM;
}

int prompt_start(lua_State *L, uv_loop_t *loop)
{
	int code = open_prompt(loop);

	if (code)
		return code;
	prompt.L = L;
	printf(SHARK_VERSION_LINE "  help() helps, Ctrl-D leaves\n");
	history_open(remember_earlier);
	above_set(hide, NULL);
	ending_at_prompt();
	go_on();
	return 0;
}

static void close_handle(void *handle)
{
	uv_handle_t *opened = handle;

	if (opened->loop)
		uv_close(opened, NULL);
}

void prompt_stop(void)
{
	above_set(NULL, NULL);
	if (prompt.edit) {
		lineedit_stop(prompt.edit);
		prompt.edit = NULL;
		terminal_restore();
		history_close();
	}
	forget_chunk();
	close_handle(&prompt.input);
	close_handle(&prompt.resized);
	close_handle(&prompt.resumed);
	close_handle(&prompt.before_sleep);
}

#else

/* The plain prompt (repl.h) is there always. */
bool prompt_is_possible(void)
{
	return false;
}

int prompt_start(lua_State *L, uv_loop_t *loop)
{
	(void)L, (void)loop;
	return -ENOSYS;
}

void prompt_break(void)
{
}

bool prompt_is_busy(void)
{
	return false;
}

void prompt_stop(void)
{
}

#endif
