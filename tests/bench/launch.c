// SPDX-License-Identifier: MIT
/*
 * Starts a program and says when the first BPF program that it loaded was
 * attached, when it ended, and how much memory it had at most.
 * usage: launch [-a] [-o FILE] COMMAND [ARGUMENT...]
 *   -a       SIGINT as soon as it has attached
 *   -o FILE  what the command prints goes there, not to /dev/null
 * Prints "attached NS", then "ended NS RSS-KIB STATUS SIGNAL"; times are since
 * just before the program was started. SIGINT for the command also when
 * standard input ends.
 *
 * Tools attach in different ways and most say nothing then, so the kernel is
 * asked: BPF_TASK_FD_QUERY tells for a descriptor of any process whether a
 * program hangs on it (perf event, raw tracepoint, k- or uprobe). A sweep over the
 * descriptors of the child takes some microseconds, and there is one every
 * POLL_NS. Small and linked statically: the memory of a process is counted from
 * its fork on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	POLL_NS = 50 * 1000,
	/*
	 * Before the start. A tracepoint that lost its last program takes another only after a
	 * grace period of RCU (kernel/tracepoint.c, tp_rcu_cond_sync()): 10 ms that whoever is
	 * measured would wait for who was measured before.
	 */
	SETTLE_NS = 100 * 1000 * 1000,
	/* So many descriptors in a row that are not open: there are no more. */
	FD_GAP = 12,
	FIRST_FD = 3,
	SIGINTS = 20,
	SIGINT_MS = 1000,
};

struct launch {
	bool stop_when_attached;
	const char *output;
	char **command;
	pid_t pid;
	int pidfd;
	uint64_t start_ns;
	bool attached;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static void fail(const char *what, int code)
{
	errno = code;
	perror(what);
	exit(EXIT_FAILURE);
}

/* ---- starting ---- */

static void settle(void)
{
	const struct timespec pause = { .tv_nsec = SETTLE_NS };

	nanosleep(&pause, NULL);
}

static void spawn(struct launch *launch)
{
	posix_spawn_file_actions_t actions;
	const char *output = launch->output ? launch->output : "/dev/null";
	int code;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	launch->start_ns = now_ns();
	code = posix_spawnp(&launch->pid, launch->command[0], &actions, NULL, launch->command,
			    environ);
	posix_spawn_file_actions_destroy(&actions);
	if (code)
		fail(launch->command[0], code);
}

/* ---- looking for what is attached ---- */

/* Returns whether a program hangs on the descriptor, or a negative errno. */
static int has_program(pid_t pid, int fd)
{
	union bpf_attr attr = { .task_fd_query = { .pid = (__u32)pid, .fd = (__u32)fd } };

	if (syscall(SYS_bpf, BPF_TASK_FD_QUERY, &attr, sizeof(attr)))
		return -errno;
	return attr.task_fd_query.prog_id != 0;
}

static bool has_attached(pid_t pid)
{
	for (int fd = FIRST_FD, gap = 0; gap < FD_GAP; fd++) {
		int found = has_program(pid, fd);

		if (found == -EPERM)
			fail("BPF_TASK_FD_QUERY", EPERM);
		if (found > 0)
			return true;
		gap = found == -EBADF ? gap + 1 : 0;
	}
	return false;
}

/*
 * Until the program ends or standard input does; until then looks for what is
 * attached. Returns whether there may be more to wait for.
 */
static bool wait_a_moment(struct launch *launch)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	struct pollfd fds[] = {
		{ .fd = launch->pidfd, .events = POLLIN },
		{ .fd = launch->stop_when_attached ? -1 : STDIN_FILENO, .events = POLLIN },
	};
	char byte;

	if (ppoll(fds, 2, launch->attached ? NULL : &pause, NULL) < 0)
		fail("ppoll", errno);
	if (fds[1].revents && read(STDIN_FILENO, &byte, 1) <= 0)
		return false;
	return !fds[0].revents;
}

static void report_attached(struct launch *launch)
{
	launch->attached = true;
	printf("attached %llu\n", (unsigned long long)(now_ns() - launch->start_ns));
	fflush(stdout);
}

static void watch(struct launch *launch)
{
	launch->pidfd = (int)syscall(SYS_pidfd_open, launch->pid, 0);
	if (launch->pidfd < 0)
		fail("pidfd_open", errno);
	while (!(launch->attached && launch->stop_when_attached) && wait_a_moment(launch))
		if (!launch->attached && has_attached(launch->pid))
			report_attached(launch);
}

/* ---- ending ---- */

/*
 * Some do not hear the first SIGINT: bpftrace forgets one that comes while it
 * attaches. The child is not reaped yet, so the pid is still its own.
 */
static void end(const struct launch *launch)
{
	struct pollfd fd = { .fd = launch->pidfd, .events = POLLIN };

	for (int i = 0; i < SIGINTS; i++) {
		kill(launch->pid, SIGINT);
		if (poll(&fd, 1, SIGINT_MS) > 0)
			return;
	}
	kill(launch->pid, SIGKILL);
}

static void report_end(const struct launch *launch)
{
	struct rusage usage;
	uint64_t ended;
	int status;

	if (wait4(launch->pid, &status, 0, &usage) < 0)
		fail("wait4", errno);
	ended = now_ns() - launch->start_ns;
	printf("ended %llu %ld %d %d\n", (unsigned long long)ended, usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 0,
	       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void parse(struct launch *launch, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+ao:")) != -1) {
		if (option == 'a')
			launch->stop_when_attached = true;
		else if (option == 'o')
			launch->output = optarg;
		else
			exit(2);
	}
	launch->command = argv + optind;
	if (optind < argc)
		return;
	fputs("usage: launch [-a] [-o FILE] COMMAND [ARGUMENT...]\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct launch launch = { 0 };

	parse(&launch, argc, argv);
	/* Sleep POLL_NS, not 50 us more. */
	prctl(PR_SET_TIMERSLACK, 1);
	settle();
	spawn(&launch);
	watch(&launch);
	end(&launch);
	report_end(&launch);
	return EXIT_SUCCESS;
}
