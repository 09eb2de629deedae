// SPDX-License-Identifier: MIT
#include "trace/loss.h"

#include <string.h>

#include "base/array.h"
#include "trace/provider.h"

struct entry {
	struct loss loss;
	size_t at;
};

static const struct entry before[] = {
	{ { "ring_drops", "event dropped (ring full)", "events dropped (ring full)",
	    "the session's option ring_bytes" },
	  offsetof(struct session_loss, ring_drops) },
	{ { "undelivered", "event not handed over", "events not handed over", NULL },
	  offsetof(struct session_loss, undelivered) },
};

static const struct loss tables[SHARK_FULL_OWN] = {
	[SHARK_FULL_ROWS] =
		LOSS_FULL("rows_full", "row table", "not counted", "the session's option rows"),
	[SHARK_FULL_PARTS] =
		LOSS_FULL("hists_full", "histograms", "counted, but not in a histogram",
			  "the session's option rows"),
};

/* Of all sessions: which table it was differs. */
static const struct loss any_table = LOSS_FULL("map_full", "table", "not counted", NULL);

static const struct entry after[] = {
	{ { "missed_runs", "run skipped by the kernel (recursion)",
	    "runs skipped by the kernel (recursion)", NULL },
	  offsetof(struct session_loss, missed_runs) },
	{ { "too_deep", "entry nested too deep", "entries nested too deep", NULL },
	  offsetof(struct session_loss, too_deep) },
	{ { "unmatched_entries", "entry without exit", "entries without exit", NULL },
	  offsetof(struct session_loss, unmatched_entries) },
	{ { "unmatched_exits", "exit without entry", "exits without entry", NULL },
	  offsetof(struct session_loss, unmatched_exits) },
	{ { "stacks_lost", "stack not taken", "stacks not taken", NULL },
	  offsetof(struct session_loss, stacks_lost) },
};

_Static_assert(ARRAY_SIZE(before) + SHARK_FULL_TABLES + ARRAY_SIZE(after) + SHARK_OWN_LOSSES <=
		       LOSS_END,
	       "a number for each loss");

static const struct loss *named(const struct loss *loss)
{
	return loss->field ? loss : NULL;
}

static const struct loss *table_at(const struct provider *provider, size_t slot, size_t *at)
{
	*at = offsetof(struct session_loss, full) + slot * sizeof(uint64_t);
	if (slot < SHARK_FULL_OWN)
		return &tables[slot];
	return provider->tables ? named(&(*provider->tables)[slot]) : NULL;
}

static const struct loss *all_tables_at(size_t slot, size_t *at)
{
	*at = offsetof(struct session_loss, map_full);
	return slot ? NULL : &any_table;
}

static const struct loss *own_at(const struct provider *provider, size_t slot, size_t *at)
{
	*at = offsetof(struct session_loss, own) + slot * sizeof(uint64_t);
	if (!provider || !provider->own_losses || slot >= SHARK_OWN_LOSSES)
		return NULL;
	return named(&(*provider->own_losses)[slot]);
}

const struct loss *loss_at(const struct provider *provider, size_t i, size_t *at)
{
	const struct entry *entry = i < ARRAY_SIZE(before) ? &before[i] : NULL;

	if (!entry) {
		i -= ARRAY_SIZE(before);
		if (i < SHARK_FULL_TABLES)
			return provider ? table_at(provider, i, at) : all_tables_at(i, at);
		i -= SHARK_FULL_TABLES;
		if (i >= ARRAY_SIZE(after))
			return own_at(provider, i - ARRAY_SIZE(after), at);
		entry = &after[i];
	}
	*at = entry->at;
	return &entry->loss;
}

bool loss_is_own(size_t at)
{
	size_t tables_at = offsetof(struct session_loss, full);

	return at >= offsetof(struct session_loss, own) ||
	       (at >= tables_at + SHARK_FULL_OWN * sizeof(uint64_t) &&
		at < tables_at + SHARK_FULL_TABLES * sizeof(uint64_t));
}

uint64_t loss_count(const struct session_loss *lost, size_t at)
{
	uint64_t count;

	memcpy(&count, (const char *)lost + at, sizeof(count));
	return count;
}

void loss_add(struct session_loss *all, const struct session_loss *lost)
{
	for (size_t i = 0, at; i < LOSS_END; i++) {
		uint64_t sum, more;

		if (!loss_at(NULL, i, &at))
			continue;
		sum = loss_count(all, at);
		more = loss_count(lost, at);
		sum = sum == SESSION_UNKNOWN || more == SESSION_UNKNOWN ? SESSION_UNKNOWN
									: sum + more;
		memcpy((char *)all + at, &sum, sizeof(sum));
	}
}
