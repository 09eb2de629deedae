// SPDX-License-Identifier: MIT
#include "host/terminal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/array.h"

static struct {
	struct termios modes;
	volatile sig_atomic_t kept;
	void (*on_resume)(void);
} terminal;

static const int fatal[] = { SIGHUP, SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV };

bool terminal_is_there(void)
{
	const char *type = getenv("TERM");

	return type && *type && strcmp(type, "dumb") != 0 && isatty(STDIN_FILENO) &&
	       isatty(STDOUT_FILENO);
}

void terminal_restore(void)
{
	if (terminal.kept)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.modes);
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

static void on_stop(int signal)
{
	struct termios now;
	int saved = errno;
	bool known = !tcgetattr(STDIN_FILENO, &now);

	terminal_restore();
	stop_here(signal);
	catch (signal, on_stop, SA_RESTART | SA_RESETHAND);
	if (known)
		tcsetattr(STDIN_FILENO, TCSANOW, &now);
	terminal.on_resume();
	errno = saved;
}

int terminal_keep(void (*on_resume)(void))
{
	if (tcgetattr(STDIN_FILENO, &terminal.modes))
		return -errno;
	terminal.on_resume = on_resume;
	terminal.kept = true;
	atexit(terminal_restore);
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		catch (fatal[i], on_fatal, SA_RESETHAND | SA_NODEFER);
	catch (SIGTSTP, on_stop, SA_RESTART | SA_RESETHAND);
	return 0;
}
