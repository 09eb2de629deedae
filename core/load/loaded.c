// SPDX-License-Identifier: MIT
#include "load/loaded.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/bpfcall.h"
#include "load/mapping.h"
#include "load/program.h"

static const char license[] = "Dual MIT/GPL";

/* ---- maps ---- */

static int make_map(const struct image *image, const struct image_map *map, __u32 entries)
{
	union bpf_attr attr = {
		.map_type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = entries ? entries : map->entries,
		.map_flags = map->flags,
	};

	bpfcall_name(attr.map_name, image_string(image, map->name));
	return bpfcall(BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int make_maps(struct loaded *loaded, const struct load_options *options, struct error *err)
{
	const struct image *image = loaded->image;

	for (size_t i = 0; i < image->nr_maps; i++) {
		const struct image_map *map = &image->maps[i];
		int fd = make_map(image, map, options->entries ? options->entries[i] : 0);

		if (fd < 0)
			return error_set(err, fd, "the kernel refused the map %s: %s",
					 image_string(image, map->name), strerror(-fd));
		loaded->maps[i] = fd;
	}
	return 0;
}

/* From then on the verifier counts on them: what they rule out is not even looked at. */
static int set_constants(const struct loaded *loaded, const struct load_options *options,
			 struct error *err)
{
	int at = loaded->image->constants, code;
	const void *value = options->constants ? options->constants : loaded->image->initial;
	__u32 key = 0;

	if (at < 0)
		return 0;
	if (options->constants && loaded->image->maps[at].value_size != options->constants_size)
		return error_set(err, -EINVAL, "%s has other constants than these %zu bytes",
				 loaded->image->name, options->constants_size);
	code = bpf_map_update_elem(loaded->maps[at], &key, value, BPF_ANY);
	if (!code)
		code = bpf_map_freeze(loaded->maps[at]);
	return code ? error_set(err, code, "the constants of %s were refused: %s",
				loaded->image->name, strerror(-code))
		    : 0;
}

static size_t variables_bytes(const struct image *image)
{
	return image->maps[image->variables].value_size;
}

static int map_variables(struct loaded *loaded, struct error *err)
{
	const struct image *image = loaded->image;

	if (image->variables < 0)
		return 0;
	loaded->variables =
		mapping_map(loaded->maps[image->variables], variables_bytes(image), err);
	return loaded->variables ? 0 : error_prefix(err, "the variables of %s", image->name);
}

/* ---- programs ---- */

static void put_maps(const struct loaded *loaded, struct bpf_insn *code)
{
	for (size_t i = 0; i < loaded->image->nr_fixups; i++) {
		const struct image_fixup *fixup = &loaded->image->fixups[i];
		struct bpf_insn *insn = &code[fixup->insn];

		if (fixup->kind != FIXUP_MAP && fixup->kind != FIXUP_VALUE)
			continue;
		insn->src_reg = fixup->kind == FIXUP_MAP ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
		insn->imm = loaded->maps[fixup->of];
	}
}

static int load_program(const struct image *image, const struct image_program *program,
			const struct bpf_insn *code, const struct load_target *target,
			struct error *err)
{
	const char *expected = image_string(image, program->expected);
	const struct program_spec spec = {
		.type = image_string(image, program->type),
		.expected = *expected ? expected : NULL,
		.name = image_string(image, program->name),
		.code = code + program->code,
		.n = program->nr_code,
		.btf_id = target->btf_id,
		.btf_fd = target->btf_fd,
		.file = image->name,
		.flags = program->flags,
		.callback = program->callback,
		.license = license,
	};
	char *log;
	int fd = program_load(&spec, &log, err);

	free(log);
	return fd;
}

static int load_programs(struct loaded *loaded, const struct load_options *options,
			 struct bpf_insn *code, struct error *err)
{
	const struct image *image = loaded->image;
	struct load_target targets[LOADED_PROGRAMS] = { 0 };
	int failed = options->kernel ? options->kernel->answer(image, code, targets, err) : 0;

	if (failed)
		return failed;
	put_maps(loaded, code);
	for (size_t i = 0; i < image->nr_programs; i++) {
		int fd = load_program(image, &image->programs[i], code, &targets[i], err);

		if (fd < 0)
			return fd;
		loaded->programs[i] = fd;
	}
	return 0;
}

/* On a copy of the code, which the fixups change. */
static int load_copied_programs(struct loaded *loaded, const struct load_options *options,
				struct error *err)
{
	size_t size = loaded->image->nr_code * sizeof(struct bpf_insn);
	struct bpf_insn *code = malloc(size);
	int failed;

	if (!code)
		return error_set(err, -ENOMEM, "out of memory for programs");
	memcpy(code, loaded->image->code, size);
	failed = load_programs(loaded, options, code, err);
	free(code);
	return failed;
}

/* ---- all of it ---- */

static int load(struct loaded *loaded, const struct load_options *options, struct error *err)
{
	int failed = make_maps(loaded, options, err);

	if (!failed)
		failed = set_constants(loaded, options, err);
	if (!failed)
		failed = map_variables(loaded, err);
	if (!failed)
		failed = load_copied_programs(loaded, options, err);
	return failed;
}

int loaded_load(struct loaded *loaded, const struct image *image,
		const struct load_options *options, struct error *err)
{
	int code;

	*loaded = (struct loaded){ .image = image };
	memset(loaded->maps, -1, sizeof(loaded->maps));
	memset(loaded->programs, -1, sizeof(loaded->programs));
	code = load(loaded, options, err);
	if (code)
		loaded_unload(loaded);
	return code;
}

int image_map_index(const struct image *image, const char *name)
{
	for (size_t i = 0; i < image->nr_maps; i++)
		if (!strcmp(image_string(image, image->maps[i].name), name))
			return (int)i;
	return -ENOENT;
}

int loaded_program(const struct loaded *loaded, const char *name)
{
	const struct image *image = loaded->image;

	for (size_t i = 0; image && i < image->nr_programs; i++)
		if (!strcmp(image_string(image, image->programs[i].name), name))
			return loaded->programs[i];
	return -ENOENT;
}

static void close_all(const int fds[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void loaded_unload(struct loaded *loaded)
{
	if (!loaded->image)
		return;
	if (loaded->variables)
		mapping_unmap(loaded->variables, variables_bytes(loaded->image));
	close_all(loaded->programs, LOADED_PROGRAMS);
	close_all(loaded->maps, LOADED_MAPS);
	*loaded = (struct loaded){ .image = NULL };
}
