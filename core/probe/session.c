// SPDX-License-Identifier: MIT
#include "probe/session.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "load/mapping.h"
#include "load/program.h"
#include "trace/links.h"
#include "trace/ring.h"

struct probe_session {
	volatile uint64_t *control;
	struct links links;
	/* Copies of the programs' descriptors, each once: what they missed is asked of them. */
	int *programs;
	size_t nr_programs;
	int ring_fd; /* a copy, -1: none */
	size_t ring_bytes, record_size;
	struct ring ring;
	bool closed;
};

/* ---- kinds of points ---- */

/* What a point has to name. */
enum { EVENT = 1, GROUP = 2, BINARY = 4, NAMES = 8, HZ = 16, NS = 32 };

static const struct kind {
	const char *name;
	attach_fn *attach;
	unsigned int needs;
} kinds[] = {
	{ "tp_btf", attach_tp_btf, 0 },
	{ "raw_tp", attach_raw_tp, EVENT },
	{ "tp", attach_tp, GROUP | EVENT },
	{ "fentry", attach_trampoline, 0 },
	{ "fexit", attach_trampoline, 0 },
	{ "kprobe", attach_kprobe, EVENT },
	{ "kretprobe", attach_kretprobe, EVENT },
	{ "kprobe_multi", attach_kprobe_multi, NAMES },
	{ "kretprobe_multi", attach_kretprobe_multi, NAMES },
	{ "uprobe", attach_uprobe, BINARY },
	{ "uretprobe", attach_uretprobe, BINARY },
	{ "usdt", attach_uprobe, BINARY },
	{ "profile", attach_profile, HZ },
	{ "interval", attach_interval, NS },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

const char *probe_attach_at(size_t i)
{
	return i < ARRAY_SIZE(kinds) ? kinds[i].name : NULL;
}

bool probe_attach_is_known(const char *attach)
{
	return find_kind(attach);
}

const char *probe_point_lacks(const struct probe_point *point)
{
	const struct point *where = &point->where;
	const struct {
		const char *name;
		unsigned int need;
		bool is_there;
	} fields[] = {
		{ "group", GROUP, where->group },
		{ "event", EVENT, where->event },
		{ "binary", BINARY, where->binary },
		{ "offset", BINARY, where->offset },
		{ "names", NAMES, where->nr_names },
		{ "hz", HZ, where->hz },
		{ "ns", NS, where->ns },
	};
	unsigned int needs = find_kind(point->attach)->needs;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if ((needs & fields[i].need) && !fields[i].is_there)
			return fields[i].name;
	return NULL;
}

/* ---- starting ---- */

static int copy_fd(int fd, struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy >= 0 ? copy
			 : error_set(err, -errno, "cannot keep a descriptor: %s", strerror(errno));
}

/* A mapping of its own: the map may be closed and collected before the session is. */
static int map_control(struct probe_session *session, const struct probe_map *control,
		       struct error *err)
{
	session->control = mapping_map(control->fd, PROBE_CONTROL_BYTES, err);
	return session->control ? 0 : error_prefix(err, "the control words");
}

static int keep_ring(struct probe_session *session, const struct probe_session_spec *spec,
		     struct error *err)
{
	if (!spec->ring)
		return 0;
	session->ring_bytes = spec->ring->entries;
	session->record_size = spec->record_size;
	session->ring_fd = copy_fd(spec->ring->fd, err);
	return session->ring_fd < 0 ? session->ring_fd : 0;
}

static bool is_first_of(const struct probe_session_spec *spec, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (spec->points[j].program == spec->points[i].program)
			return false;
	return true;
}

static int keep_programs(struct probe_session *session, const struct probe_session_spec *spec,
			 struct error *err)
{
	session->programs = calloc(spec->nr_points, sizeof(*session->programs));
	if (!session->programs)
		return error_set(err, -ENOMEM, "no memory for the programs of a session");
	for (size_t i = 0; i < spec->nr_points; i++) {
		int fd;

		if (!is_first_of(spec, i))
			continue;
		fd = copy_fd(spec->points[i].program, err);
		if (fd < 0)
			return fd;
		session->programs[session->nr_programs++] = fd;
	}
	return 0;
}

static int attach_all(struct probe_session *session, const struct probe_session_spec *spec,
		      size_t *refused, struct error *err)
{
	int code = 0;

	for (size_t i = 0; !code && i < spec->nr_points; i++) {
		const struct probe_point *point = &spec->points[i];

		code = find_kind(point->attach)
			       ->attach(point->program, &point->where, &session->links, err);
		*refused = code ? i + 1 : 0;
	}
	return code;
}

static int start(struct probe_session *session, const struct probe_session_spec *spec,
		 size_t *refused, struct error *err)
{
	int code = map_control(session, spec->control, err);

	if (!code)
		code = keep_ring(session, spec, err);
	if (!code)
		code = keep_programs(session, spec, err);
	if (!code)
		code = attach_all(session, spec, refused, err);
	if (!code)
		session->control[PROBE_GATE] = 1;
	return code;
}

int probe_session_create(const struct probe_session_spec *spec, struct probe_session **out,
			 size_t *refused, struct error *err)
{
	int code;

	*refused = 0;
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return error_set(err, -ENOMEM, "no memory for a session");
	(*out)->ring_fd = -1;
	code = start(*out, spec, refused, err);
	if (code) {
		probe_session_destroy(*out);
		*out = NULL;
	}
	return code;
}

/* ---- ending ---- */

void probe_session_stop(struct probe_session *session)
{
	if (session->control)
		session->control[PROBE_GATE] = 0;
	links_close(&session->links);
}

static void close_fds(struct probe_session *session)
{
	while (session->nr_programs)
		close(session->programs[--session->nr_programs]);
	if (session->ring_fd >= 0)
		close(session->ring_fd);
	session->ring_fd = -1;
}

void probe_session_close(struct probe_session *session)
{
	if (session->closed)
		return;
	probe_session_stop(session);
	ring_discard(&session->ring);
	close_fds(session);
	session->closed = true;
}

bool probe_session_is_closed(const struct probe_session *session)
{
	return session->closed;
}

void probe_session_destroy(struct probe_session *session)
{
	if (!session)
		return;
	probe_session_close(session);
	ring_unmap(&session->ring);
	mapping_unmap((void *)(uintptr_t)session->control, PROBE_CONTROL_BYTES);
	free(session->programs);
	free(session);
}

/* ---- the ring ---- */

int probe_session_stream(struct probe_session *session, bool on, struct error *err)
{
	if (!on)
		return 0;
	if (session->ring_fd < 0)
		return error_set(err, -ENOENT,
				 "the session has no ring: none of its handlers emits");
	return ring_map(&session->ring, session->ring_fd, session->ring_bytes, session->record_size,
			err);
}

struct ring *probe_session_ring(struct probe_session *session)
{
	return &session->ring;
}

size_t probe_session_memory(const struct probe_session *session)
{
	return ring_memory(&session->ring) + PROBE_CONTROL_BYTES;
}

int probe_session_ring_fd(const struct probe_session *session)
{
	return session->ring_fd;
}

/* ---- losses ---- */

int probe_session_missed(const struct probe_session *session, uint64_t *missed, struct error *err)
{
	uint64_t hits;
	int code = links_missed(&session->links, &hits);

	if (code)
		return error_set(
			err, code,
			"this kernel does not count what perf events missed (6.7 and later "
			"do, but for those that are timers)");
	code = program_misses(session->programs, session->nr_programs, missed, err);
	*missed += hits;
	return code;
}
