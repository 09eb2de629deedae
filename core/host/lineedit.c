// SPDX-License-Identifier: MIT
#include "host/lineedit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "linked.h"

#if SHARK_HAS_LIBEDIT

#include <histedit.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>
#include <wchar.h>

enum { HISTORY_LINES = 1000, TAB_STOP = 8 };

enum task { TASK_GO, TASK_HIDE, TASK_SHOW, TASK_RESIZE, TASK_BREAK, TASK_QUIT };

struct lineedit {
	uv_thread_t thread;
	uv_sem_t go, done; /* whose turn it is */
	enum task task;
	enum lineedit_event event;

	EditLine *el;
	History *history;
	FILE *out;
	const char *prompt;
	bool broken, was_empty, quit;

	char *bytes; /* typed, not yet taken */
	size_t at, used, room;
	bool ended;
	mbstate_t state;

	const char *text;
	size_t text_size;
	const char *insert;
	bool is_on; /* a line is being edited */
	bool shown; /* and is on the screen */
};

/* ---- the layout of the line on the screen ---- */

static int columns_of(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col;
}

/* As libedit shows it: control characters as ^X, what cannot be printed as \U+XXXX. */
static int width_of(wchar_t c, int column)
{
	int width = wcwidth(c);

	if (c == L'\t')
		return TAB_STOP - column % TAB_STOP;
	if (width >= 0)
		return width;
	if (c < 0x80)
		return 2;
	return c > 0xffff ? 8 : 7;
}

/* Lines of the screen from the prompt's to the one that the text ends on. */
static int rows_to(const wchar_t *text, const wchar_t *end, int column, int columns)
{
	int rows = 0;

	for (; text < end; text++) {
		int width = width_of(*text, column);

		if (*text == L'\n' || column + width > columns) {
			rows++;
			column = 0;
		}
		column += *text == L'\n' ? 0 : width;
		if (column >= columns) {
			rows++;
			column = 0;
		}
	}
	return rows;
}

/* ---- in the thread ---- */

static void hide(const struct lineedit *edit)
{
	const LineInfoW *line = el_wline(edit->el);
	int rows = rows_to(line->buffer, line->cursor, (int)strlen(edit->prompt), columns_of());

	fputc('\r', edit->out);
	if (rows)
		fprintf(edit->out, "\033[%dA", rows);
	fputs("\033[J", edit->out);
	fflush(edit->out);
}

static void show(const struct lineedit *edit)
{
	el_set(edit->el, EL_REFRESH);
}

/* It stays as it is, and the cursor goes to the line below. */
static void leave(struct lineedit *edit, const char *mark)
{
	const LineInfoW *line = el_wline(edit->el);

	edit->was_empty = line->buffer == line->lastchar;
	hide(edit);
	el_cursor(edit->el, (int)(line->lastchar - line->cursor));
	show(edit);
	fputs(mark, edit->out);
	fputs("\r\n", edit->out);
	fflush(edit->out);
}

static enum task hand_over(struct lineedit *edit, enum lineedit_event event)
{
	edit->event = event;
	uv_sem_post(&edit->done);
	uv_sem_wait(&edit->go);
	return edit->task;
}

/* Until it may go on: true; or has to give up what it does: false. */
static bool tell(struct lineedit *edit, enum lineedit_event event)
{
	for (;;) {
		switch (hand_over(edit, event)) {
		case TASK_GO:
			return true;
		case TASK_HIDE:
			hide(edit);
			break;
		case TASK_RESIZE:
			hide(edit);
			el_resize(edit->el);
			show(edit);
			break;
		case TASK_SHOW:
			show(edit);
			break;
		case TASK_BREAK:
			leave(edit, "^C");
			edit->broken = true;
			return false;
		case TASK_QUIT:
			edit->quit = true;
			return false;
		}
	}
}

/* A character of what was typed; false if not all of its bytes are there. */
static bool take_char(struct lineedit *edit, wchar_t *c)
{
	while (edit->at < edit->used) {
		size_t n = mbrtowc(c, edit->bytes + edit->at++, 1, &edit->state);

		if (n == (size_t)-2)
			continue;
		if (n == (size_t)-1) {
			memset(&edit->state, 0, sizeof(edit->state));
			*c = L'\ufffd';
		}
		return true;
	}
	return false;
}

static struct lineedit *edit_of(EditLine *el)
{
	void *edit = NULL;

	el_get(el, EL_CLIENTDATA, &edit);
	return edit;
}

static int get_char(EditLine *el, wchar_t *c)
{
	struct lineedit *edit = edit_of(el);

	while (!edit->broken && !edit->quit) {
		if (take_char(edit, c))
			return 1;
		if (edit->ended)
			return 0;
		tell(edit, LINEEDIT_WAITS);
	}
	return -1;
}

static char *get_prompt(EditLine *el)
{
	return (char *)edit_of(el)->prompt;
}

static unsigned char on_tab(EditLine *el, int key)
{
	struct lineedit *edit = edit_of(el);
	const LineInfo *line = el_line(el);

	(void)key;
	edit->text = line->buffer;
	edit->text_size = (size_t)(line->cursor - line->buffer);
	edit->insert = NULL;
	if (tell(edit, LINEEDIT_TAB) && edit->insert)
		el_insertstr(el, edit->insert);
	return CC_REFRESH;
}

static void bind_keys(EditLine *el)
{
	static const char *const keys[][2] = {
		{ "^I", "shark-complete" },	      { "^R", "em-inc-search-prev" },
		{ "^L", "ed-clear-screen" },	      { "^W", "ed-delete-prev-word" },
		{ "\033[H", "ed-move-to-beg" },	      { "\033[F", "ed-move-to-end" },
		{ "\033[1~", "ed-move-to-beg" },      { "\033[4~", "ed-move-to-end" },
		{ "\033[3~", "ed-delete-next-char" }, { "\033[1;5C", "em-next-word" },
		{ "\033[1;5D", "ed-prev-word" },
	};

	/* By el_set() it would keep copies of these that it never frees. */
	el_wset(el, EL_ADDFN, L"shark-complete", L"Completes what stands before the cursor",
		on_tab);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		el_set(el, EL_BIND, keys[i][0], keys[i][1], NULL);
}

static bool open_editor(struct lineedit *edit)
{
	HistEvent event;
	EditLine *el = el_init("shark", stdin, edit->out, edit->out);

	if (!el)
		return false;
	edit->el = el;
	el_set(el, EL_CLIENTDATA, edit);
	el_set(el, EL_PROMPT, get_prompt);
	el_set(el, EL_GETCFN, get_char);
	el_set(el, EL_SIGNAL, 0);
	el_set(el, EL_EDITOR, "emacs");
	/* What is typed while a chunk runs is shown when it is read. */
	el_set(el, EL_SETTY, "-x", "-echo", NULL);
	el_set(el, EL_HIST, history, edit->history);
	history(edit->history, &event, H_SETSIZE, HISTORY_LINES);
	history(edit->history, &event, H_SETUNIQUE, 1);
	bind_keys(el);
	return true;
}

/* Behind a line that was given up it waits to begin another. */
static enum lineedit_event edit_line(struct lineedit *edit)
{
	int n = 0;

	edit->broken = false;
	edit->text = el_gets(edit->el, &n);
	edit->text_size = edit->text && n > 0 ? (size_t)n : 0;
	if (edit->broken)
		return LINEEDIT_WAITS;
	return edit->text_size ? LINEEDIT_LINE : LINEEDIT_END;
}

static void edit_lines(struct lineedit *edit)
{
	enum lineedit_event event = LINEEDIT_WAITS;

	while (!edit->quit && tell(edit, event))
		event = edit_line(edit);
}

/* Its own locale: that of the process is the script's. */
static void run(void *data)
{
	struct lineedit *edit = data;
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	if (locale)
		uselocale(locale);
	if (open_editor(edit)) {
		edit_lines(edit);
		el_end(edit->el);
		edit->el = NULL;
	}
	if (locale) {
		uselocale(LC_GLOBAL_LOCALE);
		freelocale(locale);
	}
	uv_sem_post(&edit->done);
}

/* ---- its caller ---- */

static enum lineedit_event step(struct lineedit *edit, enum task task)
{
	edit->task = task;
	uv_sem_post(&edit->go);
	uv_sem_wait(&edit->done);
	return edit->event;
}

/* Signals are for the thread that runs Lua. */
static int start_thread(struct lineedit *edit)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = uv_thread_create(&edit->thread, run, edit);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

static void free_edit(struct lineedit *edit)
{
	if (edit->history)
		history_end(edit->history);
	if (edit->out)
		fclose(edit->out);
	uv_sem_destroy(&edit->go);
	uv_sem_destroy(&edit->done);
	free(edit->bytes);
	free(edit);
}

/* Not stdout, which has a buffer of its own and hides the line when it is written to. */
static FILE *open_output(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!out && fd >= 0)
		close(fd);
	return out;
}

struct lineedit *lineedit_start(void)
{
	struct lineedit *edit = calloc(1, sizeof(*edit));

	if (!edit)
		return NULL;
	uv_sem_init(&edit->go, 0);
	uv_sem_init(&edit->done, 0);
	edit->prompt = "";
	edit->history = history_init();
	edit->out = open_output();
	if (!edit->history || !edit->out || start_thread(edit)) {
		free_edit(edit);
		return NULL;
	}
	uv_sem_wait(&edit->done);
	if (edit->el)
		return edit;
	uv_thread_join(&edit->thread);
	free_edit(edit);
	return NULL;
}

void lineedit_stop(struct lineedit *edit)
{
	step(edit, TASK_QUIT);
	uv_thread_join(&edit->thread);
	free_edit(edit);
}

enum lineedit_event lineedit_go(struct lineedit *edit)
{
	enum lineedit_event event;

	lineedit_show(edit);
	event = step(edit, TASK_GO);
	edit->is_on = event == LINEEDIT_WAITS || event == LINEEDIT_TAB;
	edit->shown = edit->is_on;
	return event;
}

void lineedit_set_prompt(struct lineedit *edit, const char *prompt)
{
	edit->prompt = prompt;
}

int lineedit_feed(struct lineedit *edit, const char *bytes, size_t size)
{
	char *moved;

	if (edit->at) {
		edit->used -= edit->at;
		memmove(edit->bytes, edit->bytes + edit->at, edit->used);
		edit->at = 0;
	}
	if (edit->room - edit->used < size) {
		moved = realloc(edit->bytes, edit->used + size);
		if (!moved)
			return -ENOMEM;
		edit->bytes = moved;
		edit->room = edit->used + size;
	}
	memcpy(edit->bytes + edit->used, bytes, size);
	edit->used += size;
	return 0;
}

void lineedit_feed_end(struct lineedit *edit)
{
	edit->ended = true;
}

const char *lineedit_text(const struct lineedit *edit, size_t *size)
{
	*size = edit->text_size;
	return edit->text;
}

void lineedit_insert(struct lineedit *edit, const char *text)
{
	edit->insert = text;
}

bool lineedit_break(struct lineedit *edit)
{
	if (!edit->is_on)
		return false;
	lineedit_show(edit);
	step(edit, TASK_BREAK);
	edit->is_on = edit->shown = false;
	return edit->was_empty;
}

void lineedit_hide(struct lineedit *edit)
{
	if (edit->shown)
		step(edit, TASK_HIDE);
	edit->shown = false;
}

void lineedit_show(struct lineedit *edit)
{
	if (edit->is_on && !edit->shown)
		step(edit, TASK_SHOW);
	edit->shown = edit->is_on;
}

void lineedit_resize(struct lineedit *edit)
{
	if (edit->shown)
		step(edit, TASK_RESIZE);
}

void lineedit_redraw(struct lineedit *edit)
{
	if (edit->shown)
		step(edit, TASK_SHOW);
}

void lineedit_remember(struct lineedit *edit, const char *line)
{
	HistEvent event;

	history(edit->history, &event, H_ENTER, line);
}

#endif
