// SPDX-License-Identifier: MIT
#include "host/terminal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/array.h"

enum { PATIENCE_MS = 1000 };

static struct {
	struct termios modes;
	volatile sig_atomic_t kept;
	volatile sig_atomic_t has_screen; /* all of it is ours */
	volatile sig_atomic_t over;	  /* and will not be again */
	void (*on_resume)(void);
} terminal;

/* The other screen, no cursor, lines that end at the margin. */
static const char enter[] = "\33[?1049h\33[?25l\33[?7l\33[2J";
/* Cleared for terminals that have one screen only. */
static const char leave[] = "\33[m\33[2J\33[H\33[?7h\33[?25h\33[?1049l";

static const int fatal[] = { SIGHUP, SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV };

bool terminal_is_there(void)
{
	const char *type = getenv("TERM");

	return type && *type && strcmp(type, "dumb") != 0 && isatty(STDIN_FILENO) &&
	       isatty(STDOUT_FILENO);
}

/* A terminal that is stopped is not waited for. */
static void say(const char *text, size_t size)
{
	struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (poll(&output, 1, PATIENCE_MS) == 1 && (output.revents & POLLOUT))
		(void)!write(STDOUT_FILENO, text, size);
}

/* tcsetattr(3) stops those. */
static bool is_in_background(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group >= 0 && group != getpgrp();
}

static void give_back(void)
{
	if (!terminal.kept || is_in_background())
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.modes);
	if (terminal.has_screen)
		say(leave, sizeof(leave) - 1);
	terminal.has_screen = false;
}

void terminal_restore(void)
{
	terminal.over = true;
	give_back();
}

/* The handler was for once: the signal comes again and does what it does. */
static void on_fatal(int signal)
{
	terminal_restore();
	raise(signal);
}

static void catch (int signal, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, old;

	if (!sigaction(signal, NULL, &old) && old.sa_handler == SIG_DFL)
		sigaction(signal, &action, NULL);
}

static void stop_here(int signal)
{
	sigset_t only;

	sigemptyset(&only);
	sigaddset(&only, signal);
	raise(signal);
	pthread_sigmask(SIG_UNBLOCK, &only, NULL); /* it stops here */
	pthread_sigmask(SIG_BLOCK, &only, NULL);
}

/* Where a stop is ignored, as without a shell to go on with, nothing else tells. */
static void resume_screen(void)
{
	if (!terminal_take_screen())
		raise(SIGWINCH);
}

static void on_stop(int signal)
{
	struct termios now;
	int saved = errno;
	bool had_screen = terminal.has_screen, known = !tcgetattr(STDIN_FILENO, &now);

	give_back();
	stop_here(signal);
	catch (signal, on_stop, SA_RESTART | SA_RESETHAND);
	if (had_screen)
		resume_screen();
	else if (known)
		tcsetattr(STDIN_FILENO, TCSANOW, &now);
	if (terminal.on_resume)
		terminal.on_resume();
	errno = saved;
}

static void watch(void)
{
	atexit(terminal_restore);
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		catch (fatal[i], on_fatal, SA_RESETHAND | SA_NODEFER);
	catch (SIGTSTP, on_stop, SA_RESTART | SA_RESETHAND);
}

/* Again after a stop: the modes may be others then. */
static int keep(void)
{
	if (tcgetattr(STDIN_FILENO, &terminal.modes))
		return -errno;
	if (!terminal.kept)
		watch();
	terminal.kept = true;
	return 0;
}

int terminal_keep(void (*on_resume)(void))
{
	terminal.on_resume = on_resume;
	return keep();
}

/* Bytes come as they are typed and are not shown; Ctrl-C and Ctrl-Z are signals still. */
static int set_modes_for_keys(void)
{
	struct termios modes = terminal.modes;

	modes.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
	modes.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	return tcsetattr(STDIN_FILENO, TCSANOW, &modes) ? -errno : 0;
}

int terminal_take_screen(void)
{
	int code = 0;

	if (terminal.over)
		return -ECANCELED;
	if (is_in_background())
		return -EAGAIN;
	if (!terminal.has_screen)
		code = keep();
	if (!code)
		code = set_modes_for_keys();
	if (code)
		return code;
	terminal.has_screen = true;
	say(enter, sizeof(enter) - 1);
	return 0;
}

bool terminal_has_screen(void)
{
	return terminal.has_screen;
}
