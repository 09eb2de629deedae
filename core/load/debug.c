// SPDX-License-Identifier: MIT
#include "load/debug.h"

#include <ctype.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/bpfcall.h"
#include "load/btf_header.h"

/* The types: int name(void *ctx). */
enum { TYPE_INT = 1, TYPE_POINTER, TYPE_PROTOTYPE, TYPE_FUNCTION };

struct types {
	struct btf_type integer;
	__u32 integer_bits;
	struct btf_type pointer;
	struct btf_type prototype;
	struct btf_param context;
	struct btf_type function;
};

/* Line and column share a word. */
enum { MAX_LINE = (1 << 22) - 1, LINE_SHIFT = 10 };

/* ---- strings ---- */

struct strings {
	FILE *file;
	char *text;
	size_t size;
	const char *last; /* the last line that was added, NULL: none; and where */
	__u32 last_at;
};

static __u32 add_string(struct strings *strings, const char *text)
{
	__u32 at = (__u32)ftell(strings->file);

	fputs(text, strings->file);
	fputc('\0', strings->file);
	return at;
}

/* A name as C has it, which the kernel insists on (btf_name_valid_identifier()). */
static __u32 add_name(struct strings *strings, const char *name)
{
	__u32 at = (__u32)ftell(strings->file);

	if (!isalpha((unsigned char)*name))
		fputc('_', strings->file);
	for (; *name; name++)
		fputc(isalnum((unsigned char)*name) ? *name : '_', strings->file);
	fputc('\0', strings->file);
	return at;
}

/* ---- lines ---- */

/* The second half of a 64-bit constant is no instruction. */
static bool is_at_instruction(const struct program_line *line, const struct bpf_insn *code,
			      size_t n)
{
	return line->at < n && code[line->at].code;
}

/* Instructions of one line mostly follow one another. */
static __u32 add_text(struct strings *strings, const char *text)
{
	if (!text)
		return 0;
	if (!strings->last || strcmp(strings->last, text) != 0)
		strings->last_at = add_string(strings, text);
	strings->last = text;
	return strings->last_at;
}

static void fill_lines(struct program_debug *debug, __u32 file, const struct bpf_insn *code,
		       size_t n, const struct program_line *lines, size_t nr_lines,
		       struct strings *strings)
{
	for (size_t i = 0; i < nr_lines; i++) {
		struct bpf_line_info *last =
			debug->nr_lines ? &debug->lines[debug->nr_lines - 1] : NULL;
		__u32 number = lines[i].line < MAX_LINE ? lines[i].line : MAX_LINE;
		struct bpf_line_info line = {
			.insn_off = last ? lines[i].at : 0,
			.file_name_off = file,
			.line_col = number << LINE_SHIFT,
		};

		if (!is_at_instruction(&lines[i], code, n) ||
		    (last && lines[i].at < last->insn_off))
			continue;
		line.line_off = add_text(strings, lines[i].text);
		if (last && line.insn_off == last->insn_off)
			*last = line;
		else
			debug->lines[debug->nr_lines++] = line;
	}
}

/* ---- types ---- */

static struct types make_types(struct strings *strings, const char *function)
{
	return (struct types){
		.integer = {
			.name_off = add_string(strings, "int"),
			.info = BTF_KIND_INT << 24,
			.size = sizeof(int),
		},
		.integer_bits = BTF_INT_SIGNED << 24 | 8 * sizeof(int),
		.pointer = { .info = BTF_KIND_PTR << 24 },
		.prototype = { .info = BTF_KIND_FUNC_PROTO << 24 | 1, .type = TYPE_INT },
		.context = { .name_off = add_string(strings, "ctx"), .type = TYPE_POINTER },
		.function = {
			.name_off = add_name(strings, function),
			.info = BTF_KIND_FUNC << 24 | BTF_FUNC_STATIC,
			.type = TYPE_PROTOTYPE,
		},
	};
}

static int load(const struct types *types, const struct strings *strings)
{
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = BTF_HEADER,
		.type_len = sizeof(*types),
		.str_off = sizeof(*types),
		.str_len = (__u32)strings->size,
	};
	size_t size = BTF_HEADER + sizeof(*types) + strings->size;
	char *all = malloc(size);
	union bpf_attr attr = { .btf = (uintptr_t)all, .btf_size = (__u32)size };
	int fd;

	if (!all)
		return -ENOMEM;
	memcpy(all, &header, BTF_HEADER);
	memcpy(all + BTF_HEADER, types, sizeof(*types));
	memcpy(all + BTF_HEADER + sizeof(*types), strings->text, strings->size);
	fd = bpfcall(BPF_BTF_LOAD, &attr, sizeof(attr));
	free(all);
	return fd;
}

int program_debug_load(struct program_debug *debug, const char *function, const char *file,
		       const struct bpf_insn *code, size_t n, const struct program_line *lines,
		       size_t nr_lines, __u32 callback, struct error *err)
{
	struct strings strings = { 0 };
	struct types types;
	int result = -ENOMEM;

	*debug = (struct program_debug){
		.fd = -1,
		.functions = { { 0, TYPE_FUNCTION }, { callback, TYPE_FUNCTION } },
		.nr_functions = callback ? 2 : 1,
	};
	debug->lines = calloc(nr_lines ? nr_lines : 1, sizeof(*debug->lines));
	strings.file = debug->lines ? open_memstream(&strings.text, &strings.size) : NULL;
	if (strings.file) {
		fputc('\0', strings.file);
		types = make_types(&strings, function);
		fill_lines(debug, add_string(&strings, file), code, n, lines, nr_lines, &strings);
		if (!fclose(strings.file))
			result = debug->fd = load(&types, &strings);
	}
	free(strings.text);
	return result < 0 ? error_set(err, result, "the program's lines were refused: %s",
				      strerror(-result))
			  : 0;
}

void program_debug_free(struct program_debug *debug)
{
	if (debug->fd >= 0)
		close(debug->fd);
	free(debug->lines);
	*debug = (struct program_debug){ .fd = -1 };
}
