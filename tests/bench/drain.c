// SPDX-License-Identifier: MIT
/*
 * What it costs to take events out of a full ring, in C through the core: the
 * same work as tests/bench/drain.lua.
 * usage: drain FLOOD
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "trace/provider.h"
#include "trace/ring.h"
#include "trace/session.h"

enum {
	RING_BYTES = 64 * 1024 * 1024,
	FRAMES = 400 * 1000,
	ROUNDS = 5,
	MAX_BATCH = 1024,
	BUCKETS = 1024,
	BUCKET_NS = 64,
};

struct record {
	uint64_t ring_header;
	struct shark_deferred_event event;
};

struct totals {
	uint64_t n;
	uint64_t sum;
	uint64_t longest;
	uint32_t counts[BUCKETS];
};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static void take(struct totals *totals, const char *at, size_t n, size_t stride)
{
	for (size_t i = 0; i < n; i++, at += stride) {
		uint64_t ns = ((const struct record *)(const void *)at)->event.ns;
		uint64_t bucket = ns / BUCKET_NS;

		totals->sum += ns;
		if (ns > totals->longest)
			totals->longest = ns;
		totals->counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	}
	totals->n += n;
}

static void drain(struct session *session, struct totals *totals)
{
	size_t stride = ring_stride(session_provider(session)->event_size);
	const void *first;
	size_t n;

	while ((n = session_peek(session, MAX_BATCH, &first))) {
		take(totals, first, n, stride);
		ring_advance(session_ring(session), n);
	}
}

static void run_round(struct session *session, const char *flood, struct totals *totals)
{
	uint64_t before = totals->n, start;
	char command[4096];

	snprintf(command, sizeof(command), "%s -n %d >/dev/null", flood, FRAMES);
	if (system(command)) /* NOLINT(bugprone-command-processor,cert-env33-c) */
		exit(EXIT_FAILURE);
	start = cpu_ns();
	drain(session, totals);
	printf("ns_per_event %.3f events %llu\n",
	       (double)(cpu_ns() - start) / (double)(totals->n - before),
	       (unsigned long long)(totals->n - before));
}

/* Entries and exits only. */
static struct session *open_session(void)
{
	const struct provider *provider = provider_find("softirq");
	struct session_options options = { .ring_bytes = RING_BYTES };
	struct session *session;
	struct error err;

	for (size_t slot = 0; slot < SHARK_FEATURES; slot++)
		options.features[slot].asked_for = provider_feature_at(provider, slot);
	if (!session_create(provider, &options, &session, &err) &&
	    !session_stream(session, true, &err))
		return session;
	fprintf(stderr, "drain: %s\n", err.text);
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	static struct totals totals;
	struct session_loss loss;
	struct session *session;

	if (argc != 2) {
		fputs("usage: drain FLOOD\n", stderr);
		return 2;
	}
	session = open_session();
	for (int i = 0; i < ROUNDS; i++)
		run_round(session, argv[1], &totals);
	session_loss(session, &loss);
	session_destroy(session);
	return loss.ring_drops ? EXIT_FAILURE : EXIT_SUCCESS;
}
