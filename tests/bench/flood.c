// SPDX-License-Identifier: MIT
/*
 * Softirqs in any number: frames of a protocol that nobody listens to, sent to
 * the loopback device. Sending one raises NET_RX, which runs before the sender
 * goes on, on its CPU, and throws the frame away.
 * usage: flood [-c CPU] [-n FRAMES | -s SECONDS] [-r FRAMES-PER-SECOND] [-i SLICES]
 * Prints for each slice "FRAMES NS SOFTIRQS": NET_RX softirqs of that CPU
 * meanwhile, as /proc/softirqs counts them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 64,	   /* frames in one system call */
	FRAME_BYTES = 60,  /* the least that Ethernet sends */
	PROTOCOL = 0x88b5, /* for local experiments (IEEE 802) */
	PAUSE_NS = 50 * 1000,
	NS = 1000 * 1000 * 1000,
};

struct flood {
	int fd;
	int cpu;
	uint64_t frames; /* of a slice, 0: as many as the time allows */
	uint64_t ns;	 /* of a slice */
	uint64_t rate;	 /* frames per second, 0: as fast as it goes */
	int slices;
	struct mmsghdr batch[BATCH];
};

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

static void open_loopback(struct flood *flood)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex("lo"),
	};
	int bypass = 1;

	/* Protocol 0: it receives nothing itself. */
	flood->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (flood->fd < 0 || bind(flood->fd, (struct sockaddr *)&to, sizeof(to)))
		fail("a packet socket on lo");
	if (setsockopt(flood->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass)))
		fail("PACKET_QDISC_BYPASS");
}

static void fill_batch(struct flood *flood)
{
	static unsigned char frame[FRAME_BYTES];
	static struct iovec iov = { .iov_base = frame, .iov_len = sizeof(frame) };
	uint16_t protocol = htons(PROTOCOL);

	memcpy(&frame[offsetof(struct ethhdr, h_proto)], &protocol, sizeof(protocol));
	for (int i = 0; i < BATCH; i++)
		flood->batch[i].msg_hdr = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 };
}

/* NET_RX softirqs that a CPU ran. */
static uint64_t softirqs_of(int cpu)
{
	FILE *file = fopen("/proc/softirqs", "re");
	unsigned long long count = 0;
	char line[4096];
	char *at = line;

	if (!file)
		fail("/proc/softirqs");
	while (fgets(line, sizeof(line), file) && !strstr(line, "NET_RX:"))
		;
	fclose(file);
	at = strchr(line, ':') + 1;
	for (int i = 0; i <= cpu; i++)
		count = strtoull(at, &at, 10);
	return count;
}

static uint64_t send_some(struct flood *flood, uint64_t most)
{
	unsigned int n = most < BATCH ? (unsigned int)most : BATCH;
	int sent = sendmmsg(flood->fd, flood->batch, n, 0);

	if (sent < 0 && errno != ENOBUFS && errno != EINTR)
		fail("sendmmsg");
	return sent > 0 ? (uint64_t)sent : 0;
}

/* Frames that are due by now. */
static uint64_t due(const struct flood *flood, uint64_t start, uint64_t sent)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t until;

	if (!flood->rate)
		return flood->frames ? flood->frames - sent : BATCH;
	until = (uint64_t)((double)(now_ns() - start) * (double)flood->rate / NS);
	if (until <= sent)
		nanosleep(&pause, NULL);
	return until > sent ? until - sent : 0;
}

static bool is_over(const struct flood *flood, uint64_t start, uint64_t sent)
{
	if (flood->frames)
		return sent >= flood->frames;
	return now_ns() - start >= flood->ns;
}

static void run_slice(struct flood *flood)
{
	uint64_t softirqs = softirqs_of(flood->cpu);
	uint64_t start = now_ns(), sent = 0, ns;

	while (!is_over(flood, start, sent)) {
		uint64_t wanted = due(flood, start, sent);

		if (wanted)
			sent += send_some(flood, wanted);
	}
	ns = now_ns() - start;
	printf("%llu %llu %llu\n", (unsigned long long)sent, (unsigned long long)ns,
	       (unsigned long long)(softirqs_of(flood->cpu) - softirqs));
	fflush(stdout);
}

static double number(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (*text && !*end && value >= 0 && value < 1e12)
		return value;
	fprintf(stderr, "flood: '%s' is not a number\n", text);
	exit(2);
}

static void parse(struct flood *flood, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "c:n:s:r:i:")) != -1) {
		if (option == '?')
			exit(2);
		else if (option == 'c')
			flood->cpu = (int)number(optarg);
		else if (option == 'n')
			flood->frames = (uint64_t)number(optarg);
		else if (option == 's')
			flood->ns = (uint64_t)(number(optarg) * NS);
		else if (option == 'r')
			flood->rate = (uint64_t)number(optarg);
		else
			flood->slices = (int)number(optarg);
	}
}

int main(int argc, char **argv)
{
	struct flood flood = { .ns = NS, .slices = 1 };

	parse(&flood, argc, argv);
	pin_to(flood.cpu);
	prctl(PR_SET_TIMERSLACK, 1);
	open_loopback(&flood);
	fill_batch(&flood);
	for (int i = 0; i < flood.slices; i++)
		run_slice(&flood);
	return EXIT_SUCCESS;
}
