// SPDX-License-Identifier: MIT
/*
 * The symbols that a kernel keeps of itself (scripts/kallsyms.c, kernel/kallsyms.c), whose tables
 * VMCOREINFO names since Linux 6.0 (5fd8fea935a1). A name is bytes that each stand for a token.
 * Symbols of modules are elsewhere.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel/image_parts.h"
#include "kernel/symbols.h"

enum {
	PAGE = 4096,
	TOKENS = 256,
	MAX_TEXT = 1 << 16, /* of all tokens: their index has 16 bits */
	MAX_NAME = 1024,    /* KSYM_NAME_LEN is 512 */
	MAX_SYMBOLS = 1 << 22,
	LONG_NAME = 0x80, /* the length goes on in the next byte, since 6.1 (73bbb94466fd) */
};

/* What an address is told by: a number that is added to */
enum kinds {
	ABSOLUTE_OR_BASE, /* nothing, or what is below 0 taken from the base: until 6.14 */
	BASE,		  /* the base */
	PLACE,		  /* the address of the number itself, where there is no base any more */
	NR_KINDS,
};

struct tables {
	struct image *image;
	uint64_t names, start; /* start: _stext as VMCOREINFO has it */
	uint64_t base, place;  /* place: of the first offset */
	uint32_t n;
	int32_t *offsets; /* n, of the addresses */
	enum kinds kind;
	size_t text_size;
	uint16_t index[TOKENS];
	char text[MAX_TEXT + 1];
};

/* ---- the tables ---- */

static int find(const struct image *image, const char *key, uint64_t *address, struct error *err)
{
	if (image_info_number(image, key, 16, address))
		return 0;
	return error_set(err, -ENODATA, "VMCOREINFO has no %s, as kernels before 6.0 have none",
			 key);
}

/* Reads what lies at the address that VMCOREINFO has. */
static int read_at(struct image *image, const char *key, void *into, size_t size, struct error *err)
{
	uint64_t address;
	int code = find(image, key, &address, err);

	if (!code && image_read_virtual(image, address, into, size))
		code = error_set(err, -ENODATA, "the image does not hold %s", key);
	return code;
}

/* The index of the tokens follows their text. */
static int read_tokens(struct tables *tables, struct error *err)
{
	uint64_t text = 0, index = 0;
	int code = find(tables->image, "SYMBOL(kallsyms_token_table)", &text, err);

	if (!code)
		code = find(tables->image, "SYMBOL(kallsyms_token_index)", &index, err);
	if (code)
		return code;
	if (index <= text || index - text > MAX_TEXT)
		return error_set(err, -EINVAL, "its tokens are damaged");
	tables->text_size = index - text;
	code = read_at(tables->image, "SYMBOL(kallsyms_token_table)", tables->text,
		       tables->text_size, err);
	return code ? code
		    : read_at(tables->image, "SYMBOL(kallsyms_token_index)", tables->index,
			      sizeof(tables->index), err);
}

static int read_offsets(struct tables *tables, struct error *err)
{
	int code = read_at(tables->image, "SYMBOL(kallsyms_num_syms)", &tables->n,
			   sizeof(tables->n), err);

	if (code)
		return code;
	if (!tables->n || tables->n > MAX_SYMBOLS)
		return error_set(err, -EINVAL, "there cannot be %u of them", tables->n);
	tables->offsets = malloc(tables->n * sizeof(*tables->offsets));
	if (!tables->offsets)
		return error_set(err, -ENOMEM, "out of memory");
	return read_at(tables->image, "SYMBOL(kallsyms_offsets)", tables->offsets,
		       tables->n * sizeof(*tables->offsets), err);
}

static int read_tables(struct tables *tables, struct error *err)
{
	int code = find(tables->image, "SYMBOL(kallsyms_names)", &tables->names, err);

	if (!code)
		code = find(tables->image, "SYMBOL(_stext)", &tables->start, err);
	if (!code)
		code = find(tables->image, "SYMBOL(kallsyms_offsets)", &tables->place, err);
	if (!code)
		code = read_tokens(tables, err);
	/* Not in all: a kind that needs it will not fit without. */
	read_at(tables->image, "SYMBOL(kallsyms_relative_base)", &tables->base,
		sizeof(tables->base), NULL);
	return code ? code : read_offsets(tables, err);
}

/* ---- names ---- */

/* Bytes one after the other. */
struct stream {
	struct image *image;
	uint64_t address; /* of the next page's first */
	size_t at, size;
	unsigned char bytes[PAGE];
};

static int next_byte(struct stream *stream)
{
	if (stream->at == stream->size) {
		stream->size = PAGE - (stream->address & (PAGE - 1));
		stream->at = 0;
		if (image_read_virtual(stream->image, stream->address, stream->bytes, stream->size))
			return -ENODATA;
		stream->address += stream->size;
	}
	return stream->bytes[stream->at++];
}

static int read_length(struct stream *stream)
{
	int length = next_byte(stream), high;

	if (length < LONG_NAME)
		return length;
	high = next_byte(stream);
	return high < 0 ? high : (length & ~LONG_NAME) | high << 7;
}

/* Appends the token to what name has so far. Returns the new length or a negative errno. */
static int add_token(const struct tables *tables, int token, char *name, int length)
{
	const char *text = &tables->text[tables->index[token]];
	size_t size = tables->index[token] < tables->text_size ? strlen(text) : MAX_NAME;

	if (length + size >= MAX_NAME)
		return -EINVAL;
	memcpy(name + length, text, size + 1);
	return length + (int)size;
}

/* The type of the symbol and its name: "Tschedule". */
static int read_name(const struct tables *tables, struct stream *stream, char *name)
{
	int left = read_length(stream), length = 0;

	for (; left > 0 && length >= 0; left--) {
		int token = next_byte(stream);

		length = token < 0 ? token : add_token(tables, token, name, length);
	}
	if (left < 0 || length < 0)
		return left < 0 ? left : length;
	return length < 2 ? -EINVAL : 0;
}

typedef bool visit_fn(struct tables *tables, uint32_t i, const char *name, void *context);

/* Until visit returns false. */
static int each_name(struct tables *tables, visit_fn *visit, void *context, struct error *err)
{
	struct stream stream = { .image = tables->image, .address = tables->names };

	for (uint32_t i = 0; i < tables->n; i++) {
		char name[MAX_NAME];
		int code = read_name(tables, &stream, name);

		if (code)
			return error_set(err, code, "name %u of %u is damaged or not there", i,
					 tables->n);
		if (!visit(tables, i, name, context))
			break;
	}
	return 0;
}

/* ---- addresses ---- */

/* kallsyms_sym_address() */
static uint64_t address_of(const struct tables *tables, uint32_t i)
{
	int32_t offset = tables->offsets[i];

	switch (tables->kind) {
	case PLACE:
		return tables->place + i * sizeof(offset) + (uint64_t)(int64_t)offset;
	case BASE:
		return tables->base + (uint32_t)offset;
	default:
		return offset >= 0 ? (uint64_t)offset
				   : tables->base - 1 - (uint64_t)(int64_t)offset;
	}
}

static bool is_start(struct tables *tables, uint32_t i, const char *name, void *context)
{
	if (strcmp(name + 1, "_stext") != 0)
		return true;
	for (tables->kind = 0; tables->kind < NR_KINDS; tables->kind++)
		if (address_of(tables, i) == tables->start) {
			*(bool *)context = true;
			break;
		}
	return false;
}

/* By _stext, whose address is known. */
static int find_kind_of_offsets(struct tables *tables, struct error *err)
{
	bool known = false;
	int code = each_name(tables, is_start, &known, err);

	if (!code && !known)
		code = error_set(err, -EINVAL, "its addresses are of a kind that is not known");
	return code;
}

/* ---- as text ---- */

static bool write_line(struct tables *tables, uint32_t i, const char *name, void *context)
{
	return fprintf(context, "%016" PRIx64 " %c %s\n", address_of(tables, i), *name, name + 1) >
	       0;
}

static int read_text(struct tables *tables, int fd, struct symbols **out, struct error *err)
{
	char path[sizeof("/proc/self/fd/") + 11];
	autofclose FILE *file = fdopen(fd, "w");
	int code;

	if (!file) {
		close(fd);
		return error_set(err, -ENOMEM, "out of memory");
	}
	code = each_name(tables, write_line, file, err);
	if (!code && fflush(file))
		code = error_set(err, -errno, "%s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return code ? code : symbols_read_kallsyms(path, out, err);
}

static int decode(struct tables *tables, struct symbols **out, struct error *err)
{
	int code = read_tables(tables, err), fd;

	if (!code)
		code = find_kind_of_offsets(tables, err);
	if (code)
		return code;
	fd = memfd_create("symbols", MFD_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno, "%s", strerror(errno));
	return read_text(tables, fd, out, err);
}

/* A QEMU dump has VMCOREINFO in the kernel's memory only. */
static int find_info(struct image *image, struct error *err)
{
	int code = image->vmcoreinfo ? 0 : image_locate(image, NULL, 0, err);

	if (!code && (!image->vmcoreinfo || image->machine != EM_X86_64))
		code = error_set(err, -ENODATA, "there is no VMCOREINFO of a 64-bit kernel");
	return code;
}

int image_symbols(struct image *image, struct symbols **out, struct error *err)
{
	struct tables *tables;
	int code = find_info(image, err);

	if (code)
		return code;
	tables = calloc(1, sizeof(*tables));
	if (!tables)
		return error_set(err, -ENOMEM, "out of memory");
	tables->image = image;
	code = decode(tables, out, err);
	free(tables->offsets);
	free(tables);
	return code;
}
