// SPDX-License-Identifier: MIT
/* Passes over BTF: over its strings, to find where names are, and over its types. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/btf.h"
#include "kernel/btf_layout.h"

enum {
	MAX_NAME = 512,
	SIEVE_WORDS = 64,
};

static uint8_t *new_window(const struct btf_reader *reader)
{
	return malloc(reader->file.is_mapped ? 1 : LAZYFILE_WINDOW);
}

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "out of memory for types");
}

/* ---- types ---- */

/* Names that are looked for. Most types are told by one look at a bit. */
struct sieve {
	uint64_t bits[SIEVE_WORDS];
	/* Returns whether nothing more is looked for. */
	bool (*hit)(const struct sieve *sieve, uint32_t id, const struct btf_type *type);
	void *context;
};

static void sieve_add(struct sieve *sieve, uint32_t name)
{
	sieve->bits[name / 64 % SIEVE_WORDS] |= 1ULL << name % 64;
}

static bool sieve_has(const struct sieve *sieve, uint32_t name)
{
	return sieve->bits[name / 64 % SIEVE_WORDS] >> name % 64 & 1;
}

/* Where a pass is. */
struct pass {
	struct btf_reader *reader;
	const struct sieve *sieve; /* NULL: notes places only */
	uint32_t count, until;	   /* types behind it; it ends when there are so many */
	uint64_t offset;	   /* of the next type, from the first */
};

/* Types whose first words are among size bytes. False when one of them is no record. */
static bool pass_over(struct pass *pass, const uint8_t *at, size_t size)
{
	uint32_t *places = pass->reader->places, first = pass->reader->first_id;
	uint64_t left = size;

	while (left >= sizeof(struct btf_type) && pass->count < pass->until) {
		const struct btf_type *type = (const struct btf_type *)(at + (size - left));
		uint32_t record = btf_record_size(type);

		if (!record)
			return false;
		if (pass->count % BTF_STRIDE == 0)
			places[pass->count / BTF_STRIDE] = (uint32_t)(pass->offset + size - left);
		pass->count++;
		if (pass->sieve && sieve_has(pass->sieve, type->name_off) &&
		    pass->sieve->hit(pass->sieve, first + pass->count - 1, type))
			pass->until = pass->count;
		/* The elements of a long one may be behind these bytes. */
		if (record > left) {
			pass->offset += record - left;
			left = 0;
			break;
		}
		left -= record;
	}
	pass->offset += size - left;
	return true;
}

static int pass_through(struct pass *pass, uint8_t *window, struct error *err)
{
	const struct btf_part *types = &pass->reader->types;
	bool is_good = true;

	while (is_good && pass->offset < types->size && pass->count < pass->until) {
		uint64_t left = types->size - pass->offset;
		const uint8_t *at;
		size_t size = lazyfile_pass(&pass->reader->file, types->start + pass->offset, left,
					    window, &at);

		is_good = size >= sizeof(struct btf_type) && pass_over(pass, at, size);
	}
	if (!is_good || pass->offset > types->size)
		return error_set(err, -EINVAL, "the BTF is damaged: type %u",
				 pass->reader->first_id + pass->count);
	return 0;
}

static int prepare(struct btf_reader *reader, struct error *err)
{
	size_t most = reader->types.size / sizeof(struct btf_type) / BTF_STRIDE + 1;

	if (!reader->places)
		reader->places = calloc(most, sizeof(*reader->places));
	return reader->places ? 0 : no_memory(err);
}

static int run(struct pass *pass, struct error *err)
{
	struct btf_reader *reader = pass->reader;
	uint8_t *window = new_window(reader);
	int code = prepare(reader, err);

	if (!code)
		code = window ? pass_through(pass, window, err) : no_memory(err);
	free(window);
	if (pass->count > reader->count) {
		reader->count = pass->count;
		reader->next = pass->offset;
	}
	return code;
}

static int pass_types(struct btf_reader *reader, const struct sieve *sieve, struct error *err)
{
	struct pass pass = { .reader = reader, .sieve = sieve, .until = UINT32_MAX };

	return run(&pass, err);
}

/* From where another pass ended. */
static int pass_on(struct btf_reader *reader, uint32_t until, struct error *err)
{
	struct pass pass = {
		.reader = reader,
		.count = reader->count,
		.offset = reader->next,
		.until = until,
	};

	return run(&pass, err);
}

int btf_pass_to(struct btf_reader *reader, uint32_t i, struct error *err)
{
	int code = i < UINT32_MAX ? pass_on(reader, i + 1, err) : -ENOENT;

	if (code || i < reader->count)
		return code;
	return error_set(err, -ENOENT, "there is no type %u", reader->first_id + i);
}

int btf_check(struct btf_reader *reader, struct error *err)
{
	return pass_on(reader, UINT32_MAX, err);
}

/* ---- names ---- */

/* A name as it is among the strings, with the ends of its neighbours. */
struct needle {
	char text[MAX_NAME + 2];
	size_t length;
};

static bool make_needle(struct needle *needle, const char *name)
{
	size_t length = strlen(name);

	if (!length || length > MAX_NAME)
		return false;
	needle->text[0] = '\0';
	memcpy(needle->text + 1, name, length + 1);
	needle->length = length + 2;
	return true;
}

/* at: strings of reader from start on. A module's first string has no neighbour before it. */
static uint32_t offset_in(const struct btf_reader *reader, const uint8_t *at, size_t size,
			  uint32_t start, const char *name)
{
	struct needle needle;
	const uint8_t *found;

	if (!make_needle(&needle, name))
		return 0;
	if (!start && size >= needle.length - 1 && !memcmp(at, name, needle.length - 1))
		return reader->first_string;
	found = memmem(at, size, needle.text, needle.length);
	return found ? reader->first_string + start + (uint32_t)(found - at) + 1 : 0;
}

/* Which of the offsets is that of a name in the strings of this reader? */
static uint32_t *slot_of(const struct btf_reader *reader, const struct btf_reader *asked,
			 struct btf_wanted *wanted)
{
	return reader == asked ? &wanted->offset : &wanted->in_base;
}

/* Returns how many names have no place yet. */
static size_t find_names_in(const struct btf_reader *reader, const struct btf_reader *asked,
			    struct btf_wanted *wanted, size_t n, const uint8_t *at, size_t size,
			    uint32_t start)
{
	size_t missing = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t *slot = slot_of(reader, asked, &wanted[i]);

		if (!*slot)
			*slot = offset_in(reader, at, size, start, wanted[i].name);
		missing += !*slot;
	}
	return missing;
}

static int find_names_by(struct btf_reader *reader, const struct btf_reader *asked,
			 struct btf_wanted *wanted, size_t n, uint8_t *window, struct error *err)
{
	size_t missing = n;
	uint32_t start = 0;

	while (missing && start < reader->strings.size) {
		uint32_t left = reader->strings.size - start;
		uint32_t limit = left < LAZYFILE_WINDOW ? left : LAZYFILE_WINDOW;
		const uint8_t *at;
		size_t size = lazyfile_pass(&reader->file, reader->strings.start + start, limit,
					    window, &at);

		missing = find_names_in(reader, asked, wanted, n, at, size, start);
		if (size < limit)
			return error_set(err, -EIO, "the BTF ends where it should not");
		if (limit == left)
			break;
		/* A name across the end of a window is in the next one. */
		start += limit - (MAX_NAME + 2);
	}
	return 0;
}

/* Notes where the names are among the strings of reader, for a search in asked. */
static int find_names(struct btf_reader *reader, const struct btf_reader *asked,
		      struct btf_wanted *wanted, size_t n, struct error *err)
{
	uint8_t *window = new_window(reader);
	int code = window ? find_names_by(reader, asked, wanted, n, window, err) : no_memory(err);

	free(window);
	return code;
}

static int find_names_in_base(struct btf_reader *reader, struct btf_wanted *wanted, size_t n,
			      struct error *err)
{
	for (size_t i = 0; reader->base && i < n; i++) {
		int code = 0;

		if (!wanted[i].asked_base)
			code = find_names(reader->base, reader, &wanted[i], 1, err);
		if (code)
			return code;
		wanted[i].asked_base = true;
	}
	return 0;
}

/* ---- by name ---- */

struct search {
	struct btf_wanted *wanted;
	size_t n;
};

static int rank_of(const struct btf_wanted *wanted, const struct btf_type *type)
{
	int kind = (int)BTF_INFO_KIND(type->info);

	for (int i = 0; wanted->kinds[i]; i++)
		if (wanted->kinds[i] == kind)
			return i;
	return -1;
}

static void offer(struct btf_wanted *wanted, uint32_t id, const struct btf_type *type)
{
	int rank;

	if (!type->name_off ||
	    (type->name_off != wanted->offset && type->name_off != wanted->in_base))
		return;
	rank = rank_of(wanted, type);
	if (rank < 0 || (wanted->id && wanted->rank <= rank))
		return;
	wanted->id = id;
	wanted->rank = rank;
}

/* Can there be nothing better for it than what there is? */
static bool is_settled(const struct btf_wanted *wanted)
{
	return wanted->id ? !wanted->rank : !wanted->offset && !wanted->in_base;
}

static bool offer_to_all(const struct sieve *sieve, uint32_t id, const struct btf_type *type)
{
	const struct search *search = sieve->context;
	bool all_settled = true;

	for (size_t i = 0; i < search->n; i++) {
		offer(&search->wanted[i], id, type);
		all_settled = all_settled && is_settled(&search->wanted[i]);
	}
	return all_settled;
}

int btf_find(struct btf_reader *reader, struct btf_wanted *wanted, size_t n, struct error *err)
{
	struct search search = { .wanted = wanted, .n = n };
	struct sieve sieve = { .hit = offer_to_all, .context = &search };
	bool any = false;
	int code;

	for (size_t i = 0; i < n; i++)
		wanted[i].id = wanted[i].offset = 0;
	code = find_names_in_base(reader, wanted, n, err);
	if (!code)
		code = find_names(reader, reader, wanted, n, err);
	for (size_t i = 0; i < n; i++) {
		uint32_t offsets[] = { wanted[i].offset, wanted[i].in_base };

		for (size_t k = 0; k < ARRAY_SIZE(offsets); k++)
			if (offsets[k]) {
				sieve_add(&sieve, offsets[k]);
				any = true;
			}
	}
	if (code)
		return code;
	return any ? pass_types(reader, &sieve, err) : 0;
}

static uint32_t size_of_long(struct btf_reader *reader)
{
	static const int kinds[] = { BTF_KIND_INT, 0 };
	struct btf_wanted wanted[] = {
		{ .name = "long unsigned int", .kinds = kinds }, /* gcc's names */
		{ .name = "long int", .kinds = kinds },
		{ .name = "unsigned long", .kinds = kinds }, /* clang's */
		{ .name = "long", .kinds = kinds },
	};
	int code = btf_find(reader, wanted, ARRAY_SIZE(wanted), NULL);

	for (size_t i = 0; !code && i < ARRAY_SIZE(wanted); i++) {
		const struct btf_type *type =
			wanted[i].id ? btf_type_at(reader, wanted[i].id) : NULL;

		if (type && type->size == sizeof(uint32_t))
			return type->size;
	}
	return sizeof(uint64_t);
}

uint32_t btf_pointer_size(struct btf_reader *reader)
{
	if (reader->base)
		return btf_pointer_size(reader->base);
	if (!reader->pointer_size)
		reader->pointer_size = size_of_long(reader);
	return reader->pointer_size;
}

/* ---- by pattern ---- */

struct matching {
	const char *pattern;
	size_t literal; /* so many characters of it stand for themselves */
	bool is_plain;	/* nothing is special but '*' and '?' */
	struct btf_names *names;
};

/* fnmatch(3) takes 0.2 us for a name, and there are 100,000. */
static bool matches_plain(const char *pattern, const char *name)
{
	const char *star = NULL, *resume = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++resume;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "*")];
}

static bool matches(const struct matching *matching, const char *name)
{
	if (strncmp(name, matching->pattern, matching->literal) != 0)
		return false;
	return matching->is_plain ? matches_plain(matching->pattern + matching->literal,
						  name + matching->literal)
				  : !fnmatch(matching->pattern, name, 0);
}

static bool add_name(struct btf_names *names, uint32_t offset)
{
	uint32_t *more = array_room(names->offsets, names->count, sizeof(*more));

	if (!more)
		return false;
	names->offsets = more;
	names->offsets[names->count++] = offset;
	return true;
}

/* Returns how many bytes were looked at: up to the end of the last whole name; or -ENOMEM. */
static ssize_t match_in(const struct matching *matching, const char *at, size_t size,
			uint32_t start)
{
	size_t used = 0;

	while (used < size) {
		const char *end = memchr(at + used, 0, size - used);

		if (!end)
			break;
		if (end > at + used && matches(matching, at + used) &&
		    !add_name(matching->names, start + (uint32_t)used))
			return -ENOMEM;
		used = (size_t)(end - at) + 1;
	}
	return (ssize_t)used;
}

static int match_by(struct btf_reader *reader, const struct matching *matching, uint8_t *window,
		    struct error *err)
{
	uint32_t start = 0;

	while (start < reader->strings.size) {
		const uint8_t *at;
		size_t size = lazyfile_pass(&reader->file, reader->strings.start + start,
					    reader->strings.size - start, window, &at);
		ssize_t used =
			match_in(matching, (const char *)at, size, reader->first_string + start);

		if (used < 0)
			return no_memory(err);
		/* A name without an end is no name; nor one longer than a window. */
		if (!used)
			break;
		start += (uint32_t)used;
	}
	return 0;
}

int btf_match(struct btf_reader *reader, const char *pattern, struct btf_names *names,
	      struct error *err)
{
	struct matching matching = {
		.pattern = pattern,
		.literal = strcspn(pattern, "*?[\\"),
		.is_plain = !strpbrk(pattern, "[\\"),
		.names = names,
	};
	uint8_t *window = new_window(reader);
	int code = window ? match_by(reader, &matching, window, err) : no_memory(err);

	free(window);
	return code;
}

struct listing {
	const struct btf_names *names;
	btf_found found;
	void *context;
	int kind;
};

static int by_offset(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

static bool list(const struct sieve *sieve, uint32_t id, const struct btf_type *type)
{
	const struct listing *listing = sieve->context;

	if ((int)BTF_INFO_KIND(type->info) == listing->kind &&
	    bsearch(&type->name_off, listing->names->offsets, listing->names->count,
		    sizeof(uint32_t), by_offset))
		listing->found(listing->context, id, type->name_off);
	return false;
}

int btf_each(struct btf_reader *reader, int kind, const struct btf_names *names, btf_found found,
	     void *context, struct error *err)
{
	struct listing listing = { names, found, context, kind };
	struct sieve sieve = { .hit = list, .context = &listing };

	for (size_t i = 0; i < names->count; i++)
		sieve_add(&sieve, names->offsets[i]);
	return names->count ? pass_types(reader, &sieve, err) : 0;
}
