// SPDX-License-Identifier: MIT
#include "kernel/relocate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/btf.h"
#include "kernel/btf_sources.h"
#include "kernel/debuginfo.h"
#include "kernel/functions.h"
#include "kernel/kernel.h"
#include "kernel/symbols.h"
#include "kernel/types.h"

enum {
	MAX_NAMES = 96,
	MAX_SYMBOLS = 16,
	MAX_SEGMENT = 64,
};

/* ---- what an image names, all found in one pass ---- */

enum { NAME_ROOM = 128 };

/* A type that fixups name by `at` in the image's strings, or the target of program `at`. */
struct named {
	__u32 at;
	char name[NAME_ROOM];
};

struct names {
	struct named list[MAX_NAMES];
	struct btf_wanted wanted[MAX_NAMES];
	size_t n, nr_types; /* targets come after types */
};

static const int structs[] = { BTF_KIND_STRUCT, 0 };
static const int unions[] = { BTF_KIND_UNION, 0 };
static const int enums[] = { BTF_KIND_ENUM, BTF_KIND_ENUM64, 0 };
static const int typedefs[] = { BTF_KIND_TYPEDEF, 0 };
static const int functions[] = { BTF_KIND_FUNC, 0 };

static const struct btf_wanted *find_type(const struct names *names, __u32 at)
{
	for (size_t i = 0; i < names->nr_types; i++)
		if (names->list[i].at == at)
			return &names->wanted[i];
	return NULL;
}

static int add_name(struct names *names, __u32 at, const int *kinds, const char *prefix,
		    const char *name, struct error *err)
{
	struct named *named = &names->list[names->n];
	int length;

	if (names->n == MAX_NAMES)
		return error_set(err, -E2BIG, "an image names more than %d types", MAX_NAMES);
	named->at = at;
	length = snprintf(named->name, sizeof(named->name), "%s%s", prefix, name);
	if (length < 0 || (size_t)length >= sizeof(named->name))
		return error_set(err, -ENAMETOOLONG, "the name %s is too long", name);
	names->wanted[names->n++] = (struct btf_wanted){ .name = named->name, .kinds = kinds };
	return 0;
}

/* "struct irq_desc" */
static int add_type(struct names *names, const struct bpf_image *image, __u32 at, struct error *err)
{
	const char *name = image_string(image, at);
	const char *bare = strchr(name, ' ');
	const int *kinds = !bare	  ? typedefs
			   : *name == 's' ? structs
			   : *name == 'u' ? unions
					  : enums;

	return add_name(names, at, kinds, "", bare ? bare + 1 : name, err);
}

/* Tracepoints are typedefs (include/trace/bpf_probe.h). */
static int add_target(struct names *names, const struct bpf_image *image, __u32 i,
		      struct error *err)
{
	const struct image_program *program = &image->programs[i];
	const char *name = image_target(image_string(image, program->section));
	bool is_tracepoint = !strcmp(image_string(image, program->expected), "trace_raw_tp");

	if (strcmp(image_string(image, program->type), "tracing") != 0)
		return 0;
	return add_name(names, i, is_tracepoint ? typedefs : functions,
			is_tracepoint ? FUNCTION_TRACEPOINT : "", name, err);
}

static bool asks_for_type(const struct image_fixup *fixup)
{
	return fixup->kind == FIXUP_OFFSET || fixup->kind == FIXUP_EXISTS ||
	       fixup->kind == FIXUP_SIZE;
}

static int add_types(struct names *names, const struct bpf_image *image, struct error *err)
{
	int code = 0;

	for (size_t i = 0; !code && i < image->nr_fixups; i++) {
		if (asks_for_type(&image->fixups[i]) && !find_type(names, image->fixups[i].of))
			code = add_type(names, image, image->fixups[i].of, err);
		names->nr_types = names->n;
	}
	return code;
}

static int add_targets(struct names *names, const struct bpf_image *image, struct error *err)
{
	int code = 0;

	for (__u32 i = 0; !code && i < image->nr_programs; i++)
		code = add_target(names, image, i, err);
	return code;
}

/*
 * In the kernel, then in modules; or types in the file that was set: programs are attached to
 * the running kernel, wherever its types are from.
 */
static int look_up(struct names *names, struct error *err)
{
	size_t n = debuginfo_btf_path(kernel_running()) ? names->nr_types : names->n;
	int code = btf_sources_find(kernel_running(), NULL, names->wanted, n, err);
	uint32_t kernel;

	if (code || n == names->n)
		return code;
	kernel = btf_source_of_kernel(err);
	return kernel ? btf_source_find(kernel, names->wanted + n, names->n - n, err) : err->code;
}

/* 0, or -ENOENT if this kernel has no such type. */
static int type_named(const struct names *names, __u32 at, struct type *type, struct error *err)
{
	const struct btf_wanted *wanted = find_type(names, at);

	return wanted->source ? types_get(types_id(wanted->source, wanted->id), type, err)
			      : -ENOENT;
}

/* ---- one step along a path: "irq_data", or "3" in an array ---- */

static int to_element(struct type_member *at, const char *index, struct error *err)
{
	unsigned long i = strtoul(index, NULL, 10);
	struct type element;
	int code = at->type.kind == TYPE_ARRAY ? types_target(&at->type, &element, err) : -ENOENT;

	if (code)
		return code;
	/* Of an array at a struct's end there may be more than are declared. */
	if (i && i >= at->type.count && at->type.count)
		return -ENOENT;
	at->bit_offset += i * element.size * 8;
	at->type = element;
	return 0;
}

static int to_member(struct type_member *at, const char *name, struct error *err)
{
	struct type_member member;
	int code = types_find_member(&at->type, name, &member, err);

	if (code)
		return code;
	member.bit_offset += at->bit_offset;
	*at = member;
	return 0;
}

static int walk(struct type_member *at, const char *path, struct error *err)
{
	char segment[MAX_SEGMENT];

	while (*path) {
		size_t length = strcspn(path, ".");
		int code;

		if (length >= sizeof(segment))
			return error_set(err, -ENAMETOOLONG, "'%s' is too long", path);
		memcpy(segment, path, length);
		segment[length] = '\0';
		code = *segment >= '0' && *segment <= '9' ? to_element(at, segment, err)
							  : to_member(at, segment, err);
		if (code)
			return code;
		path += length + (path[length] == '.');
	}
	return 0;
}

/* ---- what a member is read as ---- */

static bool is_number(const struct type *type)
{
	return type->kind == TYPE_INT || type->kind == TYPE_CHAR || type->kind == TYPE_BOOL ||
	       type->kind == TYPE_ENUM;
}

static __u8 size_code(uint64_t size)
{
	return size == 1 ? BPF_B : size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW;
}

static bool is_load(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LDX && BPF_MODE(insn->code) == BPF_MEM;
}

/*
 * A member may be longer or shorter than when the program was compiled: a load of an
 * unsigned number reads as much as there is.
 */
static int fit(const struct image_fixup *fixup, const struct type *type, struct bpf_insn *insn,
	       struct error *err)
{
	bool same_kind = fixup->is_pointer ? type->kind == TYPE_POINTER : is_number(type);

	if (!fixup->size || !is_load(insn) || (same_kind && type->size == fixup->size))
		return 0;
	if (!same_kind || fixup->is_signed || type->is_signed)
		return error_set(err, -EINVAL, "it is of another kind in this kernel");
	insn->code = (__u8)(BPF_LDX | BPF_MEM | size_code(type->size));
	return 0;
}

/* ---- into the instruction ---- */

static void put(struct bpf_insn *insn, uint64_t value)
{
	__u8 class = BPF_CLASS(insn->code);

	if (class == BPF_LDX || class == BPF_ST || class == BPF_STX)
		insn->off = (__s16)value;
	else
		insn->imm = (__s32)value;
	if (image_is_wide(insn))
		insn[1].imm = (__s32)(value >> 32);
}

static void forbid(struct bpf_insn *insn, size_t fixup)
{
	if (image_is_wide(insn))
		insn[1] = (struct bpf_insn){ .code = BPF_JMP | BPF_JA };
	*insn = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = IMAGE_LACKS + (__s32)fixup };
}

static int put_offset(const struct image_fixup *fixup, const struct type_member *at,
		      struct bpf_insn *insn, struct error *err)
{
	int code = at->bits ? error_set(err, -EINVAL, "it is a bitfield in this kernel")
			    : fit(fixup, &at->type, insn, err);

	if (code)
		return code;
	if (at->bit_offset / 8 > INT16_MAX)
		return error_set(err, -ERANGE, "it is too far from the beginning");
	put(insn, at->bit_offset / 8);
	return 0;
}

static int put_type(const struct bpf_image *image, const struct names *names,
		    const struct image_fixup *fixup, struct bpf_insn *insn, struct error *err)
{
	struct type_member at = { .bits = 0 };
	int code = type_named(names, fixup->of, &at.type, err);

	if (!code)
		code = walk(&at, image_string(image, fixup->path), err);
	if (code && code != -ENOENT)
		return code;
	if (fixup->kind == FIXUP_EXISTS)
		put(insn, !code);
	else if (code)
		forbid(insn, (size_t)(fixup - image->fixups));
	else if (fixup->kind == FIXUP_SIZE)
		put(insn, at.type.size);
	else
		return put_offset(fixup, &at, insn, err);
	return 0;
}

static int put_types(const struct bpf_image *image, const struct names *names,
		     struct bpf_insn *code, struct error *err)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < image->nr_fixups; i++) {
		const struct image_fixup *fixup = &image->fixups[i];

		if (asks_for_type(fixup))
			failed = put_type(image, names, fixup, &code[fixup->insn], err);
		if (failed)
			error_prefix(err, "%s.%s", image_string(image, fixup->of),
				     image_string(image, fixup->path));
	}
	return failed;
}

/* ---- symbols ---- */

static int put_symbols(const struct bpf_image *image, struct bpf_insn *code, struct error *err)
{
	struct symbol_address wanted[MAX_SYMBOLS];
	struct bpf_insn *into[MAX_SYMBOLS];
	size_t n = 0;
	int failed;

	for (size_t i = 0; i < image->nr_fixups; i++) {
		const struct image_fixup *fixup = &image->fixups[i];

		if (fixup->kind != FIXUP_SYMBOL)
			continue;
		if (n == MAX_SYMBOLS)
			return error_set(err, -E2BIG, "%s names too many symbols", image->name);
		wanted[n] = (struct symbol_address){ .name = image_string(image, fixup->of) };
		into[n++] = &code[fixup->insn];
	}
	failed = n ? debuginfo_addresses(kernel_running(), wanted, n, err) : 0;
	for (size_t i = 0; !failed && i < n; i++)
		put(into[i], wanted[i].matches ? wanted[i].address : 0);
	return failed;
}

/* ---- what programs are attached to ---- */

static int put_target(const struct btf_wanted *wanted, struct load_target *target,
		      struct error *err)
{
	const struct btf_place *place = btf_source_at(wanted->source);

	if (!place)
		return error_set(err, -ENOENT, "the kernel's types have no %s", wanted->name);
	target->btf_id = wanted->id;
	target->btf_fd = place->module ? btf_source_fd(place->module, err) : 0;
	return target->btf_fd < 0 ? target->btf_fd : 0;
}

static int put_targets(const struct names *names, struct load_target *targets, struct error *err)
{
	int code = 0;

	for (size_t i = names->nr_types; !code && i < names->n; i++)
		code = put_target(&names->wanted[i], &targets[names->list[i].at], err);
	return code;
}

/* ---- all of it ---- */

static int answer_with(struct names *names, const struct bpf_image *image, struct bpf_insn *code,
		       struct load_target *targets, struct error *err)
{
	int failed = add_types(names, image, err);

	if (!failed)
		failed = add_targets(names, image, err);
	if (!failed)
		failed = look_up(names, err);
	if (!failed)
		failed = put_types(image, names, code, err);
	if (!failed)
		failed = put_symbols(image, code, err);
	if (!failed)
		failed = put_targets(names, targets, err);
	return failed;
}

static int answer(const struct bpf_image *image, struct bpf_insn *code, struct load_target *targets,
		  struct error *err)
{
	struct names *names = calloc(1, sizeof(*names));
	int failed = names ? answer_with(names, image, code, targets, err)
			   : error_set(err, -ENOMEM, "out of memory for the kernel's types");

	free(names);
	return failed;
}

const struct load_kernel relocate_kernel = { .answer = answer };
