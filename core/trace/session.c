// SPDX-License-Identifier: MIT
#include "trace/session.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "base/log.h"
#include "kernel/kfeat.h"
#include "load/mapping.h"
#include "load/program.h"
#include "trace/config.h"
#include "trace/links.h"
#include "trace/object.h"
#include "trace/ring.h"
#include "trace/stacks.h"

enum {
	/* Programs that may be taking a part of a histogram on one CPU, each within another. */
	PART_TAKERS = 4,
	/* Memory of parts is mapped in steps of so many bytes, and of a quarter of what there is.
	 */
	PARTS_STEP = 64 * 1024,
};

struct session {
	const struct provider *provider;
	const struct way *way;
	struct session_how how;
	struct object object;
	struct links links;
	void *rows;
	struct shark_cpu *cpus;
	char *parts; /* addresses for all; memory for those in use, see session_parts() */
	uint32_t nr_rows, nr_cpus, nr_parts;
	uint32_t part_step;  /* see struct shark_config */
	size_t parts_mapped; /* bytes */
	uint32_t nr_extra;   /* 0: as the provider wants */
	size_t ring_bytes;
	struct ring ring;
	void *extra; /* see session_values() */
	bool closed;
	struct session *next; /* in the list of open sessions */
};

static struct session *open_sessions;
static struct session_totals ended;

/* ---- sizes ---- */

bool session_size(const struct provider *provider, size_t i, struct session_size *size)
{
	const struct session_size sizes[] = {
		{ "ring_bytes", "events, in bytes, rounded up to a power of two",
		  SESSION_RING_BYTES, SESSION_MAX_RING_BYTES,
		  offsetof(struct session_options, ring_bytes) },
		{ "rows", "rows", 0, 1 << 23, offsetof(struct session_options, rows) },
		{ "in_flight", provider->in_flight, 0, 1 << 20,
		  offsetof(struct session_options, in_flight) },
	};

	if (i >= ARRAY_SIZE(sizes) || !sizes[i].text)
		return false;
	*size = sizes[i];
	return true;
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* The kernel wants a power of two and whole pages. */
static int ring_size(size_t wanted, size_t *size, struct error *err)
{
	*size = (size_t)sysconf(_SC_PAGESIZE);
	if (wanted > SESSION_MAX_RING_BYTES)
		return error_set(err, -EINVAL, "a ring has at most %d bytes, not %zu",
				 SESSION_MAX_RING_BYTES, wanted);
	while (*size < (wanted ? wanted : SESSION_RING_BYTES))
		*size *= 2;
	return 0;
}

static uint32_t part_step(const struct session *session)
{
	uint32_t takers = PART_TAKERS * session->nr_cpus;

	return takers < session->nr_parts ? takers : session->nr_parts;
}

static int set_sizes(struct session *session, const struct session_options *options,
		     struct shark_config *config, struct error *err)
{
	int cpus = kfeat_possible_cpus(err);
	int rows = cpus < 0 ? cpus : session->provider->rows_wanted(cpus, err);
	uint32_t wanted;

	if (rows < 0)
		return rows;
	session->nr_cpus = (uint32_t)cpus;
	session->nr_extra = (uint32_t)options->in_flight;
	wanted = options->rows ? (uint32_t)options->rows : (uint32_t)rows;
	session->nr_rows = provider_table_size(wanted);
	session->nr_parts = provider_parts(wanted);
	session->part_step = part_step(session);
	config->nr_rows = session->nr_rows;
	config->nr_cpus = session->nr_cpus;
	config->nr_parts = session->nr_parts;
	config->part_step = session->part_step;
	return ring_size(options->ring_bytes, &session->ring_bytes, err);
}

/* ---- memory shared with the programs ---- */

static size_t rows_bytes(const struct session *session)
{
	return mapping_bytes((size_t)session->nr_rows * sizeof(struct shark_row));
}

static size_t cpus_bytes(const struct session *session)
{
	return mapping_bytes((size_t)session->nr_cpus * sizeof(struct shark_cpu));
}

static size_t parts_bytes(const struct session *session)
{
	return mapping_bytes((size_t)session->nr_parts * sizeof(struct shark_part));
}

/* Mapping an array fills in all its pages: of the parts only addresses are taken. */
static char *reserve_addresses(size_t bytes, struct error *err)
{
	void *memory =
		mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory != MAP_FAILED)
		return memory;
	error_set(err, -errno, "cannot reserve %zu bytes of addresses: %s", bytes, strerror(errno));
	return NULL;
}

static int map_tables(struct session *session, struct error *err)
{
	const int *fds = session->object.map_fds;

	session->rows = mapping_map(fds[MAP_ROWS], rows_bytes(session), err);
	if (session->rows)
		session->cpus = mapping_map(fds[MAP_CPUS], cpus_bytes(session), err);
	if (session->cpus)
		session->parts = reserve_addresses(parts_bytes(session), err);
	return session->parts ? 0 : err->code;
}

static void unmap_tables(struct session *session)
{
	mapping_unmap(session->rows, rows_bytes(session));
	mapping_unmap(session->cpus, cpus_bytes(session));
	if (session->parts)
		munmap(session->parts, parts_bytes(session));
	session->rows = NULL;
	session->cpus = NULL;
	session->parts = NULL;
	session->parts_mapped = 0;
}

/* The first of each sequence; the programs offer the others. */
static int offer_parts(const struct session *session, struct error *err)
{
	int fd = session->object.map_fds[MAP_FREE_PARTS];

	for (uint32_t i = 0; i < session->part_step; i++)
		if (bpf_map_update_elem(fd, NULL, &i, BPF_ANY))
			return error_set(err, -errno, "cannot offer part %u of the histograms: %s",
					 i, strerror(errno));
	return 0;
}

/* ---- attaching ---- */

static void detach(struct session *session)
{
	if (session->object.control && session->object.control->armed == SHARK_ON)
		session->object.control->armed = SHARK_ENDS;
	links_close(&session->links);
}

static bool is_wanted(const struct point *point, const struct shark_config *config)
{
	uint32_t wanted;

	if (!point->only_if)
		return true;
	memcpy(&wanted, (const char *)config + point->only_if, sizeof(wanted));
	return wanted;
}

static bool is_skipped(const struct session_how *how, const struct point *point)
{
	for (size_t i = 0; point->optional && i < how->nr_skipped; i++)
		if (how->skipped[i].point->optional == point->optional)
			return true;
	return false;
}

static int skip(struct session *session, const struct point *point, const struct error *why)
{
	struct session_how *how = &session->how;
	void *skipped = array_room(how->skipped, how->nr_skipped, sizeof(*how->skipped));

	log_debug("%s: %s", point->event, why->text);
	links_drop(&session->links, point);
	if (!skipped)
		return -ENOMEM;
	how->skipped = skipped;
	how->skipped[how->nr_skipped].point = point;
	how->skipped[how->nr_skipped].why = *why;
	how->nr_skipped++;
	return 0;
}

static int attach_point(struct session *session, const struct point *point, struct error *err)
{
	attach_fn *attach = point->attach ? point->attach : session->way->attach;
	int program = object_program(&session->object, point->program);
	size_t before = session->links.n;
	int code;

	if (program < 0)
		return error_set(err, program, "this way has no program for it");
	code = attach(program, point, &session->links, err);
	if (code)
		links_cut(&session->links, before);
	return code;
}

static int attach_points(struct session *session, const struct shark_config *config,
			 struct error *err)
{
	size_t nr_points;
	const struct point *points = provider_points(session->provider, session->way, &nr_points);

	for (size_t i = 0; i < nr_points; i++) {
		const struct point *point = &points[i];
		struct error why;

		if (!is_wanted(point, config) || is_skipped(&session->how, point))
			continue;
		if (!attach_point(session, point, &why))
			continue;
		if (!point->optional || skip(session, point, &why)) {
			*err = why;
			return why.code;
		}
	}
	return session->links.n ? 0
				: error_set(err, -ENOENT, "none of its points is in this kernel");
}

static int attach(struct session *session, const struct shark_config *config, struct error *err)
{
	int code = attach_points(session, config, err);

	if (code)
		return code;
	session->object.control->wake_at = (uint32_t)(session->ring_bytes / 2);
	session->object.control->armed = SHARK_ON;
	return 0;
}

static void give_up_way(struct session *session)
{
	detach(session);
	unmap_tables(session);
	object_unload(&session->object);
	session->how.nr_skipped = 0;
	session->links = (struct links){ 0 };
}

static int try_way(struct session *session, const struct way *way, struct shark_config *config,
		   struct error *err)
{
	const struct provider *provider = session->provider;
	const bool stacks = config->features[SHARK_FEATURE_STACKS];
	const __u32 entries[NR_OBJECT_MAPS] = {
		[MAP_ROWS] = session->nr_rows,
		[MAP_CPUS] = session->nr_cpus,
		[MAP_PARTS] = session->nr_parts,
		[MAP_FREE_PARTS] = session->part_step,
		[MAP_EVENTS] = (__u32)session->ring_bytes,
		[MAP_STACKS] = stacks ? SESSION_STACKS : 1,
		[MAP_EXTRA] = provider->extra_entries
				      ? session->nr_extra
						?: provider->extra_entries((int)session->nr_cpus)
				      : 0,
		[MAP_ENDINGS] = stacks ? SESSION_ENDINGS : 1,
		[MAP_QUEUES] = provider->queue_entries ? provider->queue_entries() : 0,
	};
	int code = way->configure ? way->configure(config, err) : 0;

	if (code)
		return code;
	session->way = way;
	code = object_load(&session->object, way->image, entries, config, err);
	if (!code)
		code = map_tables(session, err);
	if (!code)
		code = offer_parts(session, err);
	if (!code)
		code = attach(session, config, err);
	if (code)
		give_up_way(session);
	return code;
}

static void note_refusal(struct session_how *how, const char *way, const struct error *why)
{
	log_debug("%s: %s", way, why->text);
	how->refused[how->nr_refused].way = way;
	how->refused[how->nr_refused].why = *why;
	how->nr_refused++;
}

/* The last refusal's code, with what each way answered. */
static int all_refused(const struct session_how *how, struct error *err)
{
	struct error sum = { 0 };
	size_t used = 0;

	for (size_t i = 0; i < how->nr_refused; i++) {
		int n = snprintf(sum.text + used, sizeof(sum.text) - used, "%s%s: %s",
				 i ? "; " : "", how->refused[i].way, how->refused[i].why.text);

		sum.code = how->refused[i].why.code;
		used += n > 0 ? (size_t)n : 0;
		if (used >= sizeof(sum.text))
			break;
	}
	error_set(err, sum.code, "no way to attach: %s", sum.text);
	if (kfeat_is_confidential())
		error_prefix(err, "the kernel is locked down (confidentiality), programs may not "
				  "read its memory");
	return sum.code;
}

static int try_ways(struct session *session, const struct session_options *options,
		    struct shark_config *config, struct error *err)
{
	const struct provider *provider = session->provider;

	for (size_t i = 0; i < provider->nr_ways; i++) {
		const struct way *way = &provider->ways[i];
		struct error why = { 0 };

		if (options->way && strcmp(options->way, way->name) != 0)
			continue;
		if (!try_way(session, way, config, &why)) {
			session->how.way = way->name;
			session->how.forced = options->way != NULL;
			return 0;
		}
		note_refusal(&session->how, way->name, &why);
	}
	return all_refused(&session->how, err);
}

/* ---- public ---- */

static int start(struct session *session, const struct session_options *options, struct error *err)
{
	struct shark_config config = { 0 };
	int code = kfeat_may_trace(err);

	if (!code)
		code = set_sizes(session, options, &config, err);
	if (!code)
		code = config_fill(session->provider, options, &config, err);
	if (!code)
		code = try_ways(session, options, &config, err);
	return code;
}

static void free_session(struct session *session)
{
	free(session->how.refused);
	free(session->how.skipped);
	free(session);
}

/* With room for what each way answers. */
static struct session *new_session(const struct provider *provider)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->provider = provider;
	session->how.refused = calloc(provider->nr_ways, sizeof(*session->how.refused));
	if (session->how.refused)
		return session;
	free_session(session);
	return NULL;
}

int session_create(const struct provider *provider, const struct session_options *options,
		   struct session **out, struct error *err)
{
	struct error why = { 0 };
	int code;

	*out = new_session(provider);
	if (!*out)
		return error_set(err, -ENOMEM, "%s: out of memory", provider->name);
	code = start(*out, options, &why);
	if (code) {
		free_session(*out);
		*out = NULL;
		return error_set(err, code, "%s: %s", provider->name, why.text);
	}
	(*out)->next = open_sessions;
	open_sessions = *out;
	ended.opened++;
	return 0;
}

static void add_up(struct session_totals *totals, const struct session *session);

static void leave_list(struct session *session)
{
	struct session **at = &open_sessions;

	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	add_up(&ended, session);
}

void session_close(struct session *session)
{
	if (session->closed)
		return;
	session_stop(session);
	ring_discard(&session->ring);
	leave_list(session);
	object_unload(&session->object);
	session->closed = true;
}

bool session_is_closed(const struct session *session)
{
	return session->closed;
}

void session_destroy(struct session *session)
{
	if (!session)
		return;
	session_close(session);
	ring_unmap(&session->ring);
	unmap_tables(session);
	free(session->extra);
	free_session(session);
}

void session_end_all(void)
{
	for (const struct session *session = open_sessions; session; session = session->next) {
		if (session->object.control->armed == SHARK_ON)
			session->object.control->armed = SHARK_ENDS;
		ended.lost.undelivered += ring_waiting(&session->ring);
	}
}

void session_stop(struct session *session)
{
	detach(session);
}

const void *session_rows(const struct session *session, uint32_t *nr_rows)
{
	*nr_rows = session->nr_rows;
	return session->rows;
}

/* Some more than asked for: the next will come. */
static size_t parts_to_map(const struct session *session, uint32_t upto)
{
	size_t step = round_up(session->parts_mapped / 4 + 1, PARTS_STEP);
	size_t bytes = round_up((size_t)upto * sizeof(struct shark_part), PARTS_STEP);

	if (bytes < session->parts_mapped + step)
		bytes = session->parts_mapped + step;
	return bytes < parts_bytes(session) ? bytes : parts_bytes(session);
}

static int map_parts(struct session *session, uint32_t upto, struct error *err)
{
	size_t from = session->parts_mapped, to = parts_to_map(session, upto);
	void *memory = mmap(session->parts + from, to - from, PROT_READ, MAP_SHARED | MAP_FIXED,
			    session->object.map_fds[MAP_PARTS], (off_t)from);

	if (memory == MAP_FAILED)
		return error_set(err, -errno, "cannot map %zu bytes of histograms: %s", to - from,
				 strerror(errno));
	session->parts_mapped = to;
	return 0;
}

const struct shark_part *session_parts(struct session *session, uint32_t upto, uint32_t *nr_parts,
				       struct error *err)
{
	if (upto > session->nr_parts)
		upto = session->nr_parts;
	if ((size_t)upto * sizeof(struct shark_part) > session->parts_mapped &&
	    map_parts(session, upto, err))
		return NULL;
	*nr_parts = (uint32_t)(session->parts_mapped / sizeof(struct shark_part));
	return (const struct shark_part *)(const void *)session->parts;
}

int session_stream(struct session *session, bool on, struct error *err)
{
	int code = on ? ring_map(&session->ring, session_ring_fd(session), session->ring_bytes,
				 session->provider->event_size, err)
		      : 0;

	if (!code)
		session->object.control->streaming = on;
	return code;
}

int session_ring_fd(const struct session *session)
{
	return session->object.map_fds[MAP_EVENTS];
}

int session_cpus_fd(const struct session *session)
{
	return session->object.map_fds[MAP_CPUS];
}

size_t session_memory(const struct session *session)
{
	size_t parts = session->parts_mapped ? parts_bytes(session) : 0;

	return ring_memory(&session->ring) + rows_bytes(session) + cpus_bytes(session) + parts;
}

int session_stack(const struct session *session, int32_t index,
		  uint64_t addresses[SHARK_STACK_DEPTH])
{
	return index < 0 ? -ENOENT
			 : stacks_read(session->object.map_fds[MAP_STACKS], (uint32_t)index,
				       addresses, SHARK_STACK_DEPTH);
}

/* All at once: one that is taken out meanwhile leaves no gap. */
static int copy_values(struct session *session, int fd, const struct bpf_map_info *info)
{
	__u32 n = info->max_entries, batch;
	void *keys = malloc((size_t)n * info->key_size);
	int code;

	free(session->extra);
	session->extra = malloc((size_t)n * info->value_size);
	code = keys && session->extra
		       ? bpf_map_lookup_batch(fd, NULL, &batch, keys, session->extra, &n, NULL)
		       : -ENOMEM;
	free(keys);
	/* No more after these. */
	return !code || code == -ENOENT ? (int)n : code;
}

int session_values(struct session *session, enum object_map map, const void **values,
		   struct error *err)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = session->object.map_fds[map];
	int n = bpf_obj_get_info_by_fd(fd, &info, &size);

	if (!n)
		n = copy_values(session, fd, &info);
	*values = session->extra;
	return n < 0 ? error_set(err, n, "cannot read the programs' tables: %s", strerror(-n)) : n;
}

struct ring *session_ring(struct session *session)
{
	return &session->ring;
}

size_t session_peek(struct session *session, size_t max, const void **first)
{
	/* Before looking: a wake-up sent from now on is for what is found later. */
	session->object.control->woken = 0;
	return ring_peek(&session->ring, max, first);
}

const struct session_how *session_how(const struct session *session)
{
	return &session->how;
}

const struct provider *session_provider(const struct session *session)
{
	return session->provider;
}

/* ---- losses ---- */

/* SESSION_UNKNOWN where the kernel does not tell of all of them. */
static uint64_t missed_runs(const struct session *session)
{
	const struct loaded *loaded = &session->object.loaded;
	uint64_t hits, runs;
	struct error err;

	if (links_missed(&session->links, &hits) ||
	    program_misses(loaded->programs, loaded->image->nr_programs, &runs, &err))
		return SESSION_UNKNOWN;
	return hits + runs;
}

static void add_full(struct session_loss *loss, const struct shark_cpu *cpu)
{
	for (size_t i = 0; i < SHARK_FULL_TABLES; i++) {
		loss->full[i] += cpu->full[i];
		loss->map_full += cpu->full[i];
	}
}

void session_loss(const struct session *session, struct session_loss *loss)
{
	*loss = (struct session_loss){
		.undelivered = session->ring.discarded,
		.missed_runs = missed_runs(session),
	};
	for (uint32_t i = 0; i < session->nr_cpus; i++) {
		const struct shark_cpu *cpu = &session->cpus[i];

		loss->ring_drops += cpu->ring_full;
		add_full(loss, cpu);
		loss->too_deep += cpu->too_deep;
		loss->unmatched_entries += cpu->entry_unmatched;
		loss->unmatched_exits += cpu->exit_unmatched;
		loss->stacks_lost += cpu->stacks_lost;
		loss->in_flight += cpu->depth;
		for (size_t own = 0; own < SHARK_OWN_LOSSES; own++)
			loss->own[own] += cpu->own[own];
	}
}

static void advise(struct session_totals *totals, const char *advice)
{
	size_t i = 0;

	while (i < LOSS_END && totals->advice[i] && strcmp(totals->advice[i], advice) != 0)
		i++;
	if (i < LOSS_END)
		totals->advice[i] = advice;
}

static void add_advice(struct session_totals *totals, const struct provider *provider,
		       const struct session_loss *lost)
{
	for (size_t i = 0, at; i < LOSS_END; i++) {
		const struct loss *loss = loss_at(provider, i, &at);

		if (loss && loss->advice && loss_count(lost, at))
			advise(totals, loss->advice);
	}
}

static void add_up(struct session_totals *totals, const struct session *session)
{
	struct session_loss loss;

	session_loss(session, &loss);
	totals->events += session->ring.taken;
	loss_add(&totals->lost, &loss);
	add_advice(totals, session->provider, &loss);
}

void session_totals(struct session_totals *totals)
{
	*totals = ended;
	for (const struct session *session = open_sessions; session; session = session->next) {
		totals->open++;
		add_up(totals, session);
	}
}
