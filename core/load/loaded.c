// SPDX-License-Identifier: MIT
#include "load/loaded.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parallel.h"
#include "load/bpfcall.h"
#include "load/mapping.h"
#include "load/program.h"

static const char license[] = "Dual MIT/GPL";

/* ---- maps ---- */

static int make_map(const struct bpf_image *image, const struct image_map *map, __u32 entries)
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
	const struct bpf_image *image = loaded->image;

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

static size_t variables_bytes(const struct bpf_image *image)
{
	return image->maps[image->variables].value_size;
}

static int map_variables(struct loaded *loaded, struct error *err)
{
	const struct bpf_image *image = loaded->image;

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

/* Where the verifier met what the kernel lacks, that is the reason. */
static int name_what_lacks(const struct bpf_image *image, struct error *err)
{
	const char *at = strstr(err->text, "unknown#");
	unsigned long fixup = at ? strtoul(at + strlen("unknown#"), NULL, 10) - IMAGE_LACKS : ~0UL;
	const char *path;

	if (fixup >= image->nr_fixups)
		return err->code;
	path = image_string(image, image->fixups[fixup].path);
	return error_set(err, -ENOENT, "the kernel's types have no %s%s%s",
			 image_string(image, image->fixups[fixup].of), *path ? "." : "", path);
}

/* What the programs of an image are made of, and where they go. */
struct batch {
	const struct bpf_image *image;
	const struct bpf_insn *code;
	struct load_target targets[LOADED_PROGRAMS];
	int *programs; /* descriptors, or negative */
};

static struct program_spec spec_of(const struct batch *batch, size_t i)
{
	const struct bpf_image *image = batch->image;
	const struct image_program *program = &image->programs[i];
	const char *expected = image_string(image, program->expected);

	return (struct program_spec){
		.type = image_string(image, program->type),
		.expected = *expected ? expected : NULL,
		.name = image_string(image, program->name),
		.code = batch->code + program->code,
		.n = program->nr_code,
		.btf_id = batch->targets[i].btf_id,
		.btf_fd = batch->targets[i].btf_fd,
		.file = image->name,
		.flags = program->flags,
		.callback = program->callback,
		.license = license,
	};
}

static void try_program(size_t i, void *data)
{
	struct batch *batch = data;
	const struct program_spec spec = spec_of(batch, i);

	batch->programs[i] = program_try(&spec);
}

static int load_program(const struct batch *batch, size_t i, struct error *err)
{
	const struct program_spec spec = spec_of(batch, i);
	char *log;
	int fd = program_load(&spec, &log, err);

	free(log);
	return fd < 0 ? name_what_lacks(batch->image, err) : fd;
}

/*
 * Verifying is most of what it takes to start, and the kernel verifies several programs at
 * once. What is refused there is loaded again, one after the other, to hear the reason.
 */
static int load_programs(struct batch *batch, struct error *err)
{
	parallel_for(batch->image->nr_programs, try_program, batch);
	for (size_t i = 0; i < batch->image->nr_programs; i++) {
		if (batch->programs[i] < 0)
			batch->programs[i] = load_program(batch, i, err);
		if (batch->programs[i] < 0)
			return batch->programs[i];
	}
	return 0;
}

/* ---- all of it ---- */

/* What programs need before they are loaded: maps, and what the kernel's types say. */
struct preparation {
	struct loaded *loaded;
	const struct load_options *options;
	struct batch *batch;
	struct bpf_insn *code;
	int codes[2];
	struct error errs[2];
};

static int prepare_maps(struct loaded *loaded, const struct load_options *options,
			struct error *err)
{
	int failed = make_maps(loaded, options, err);

	if (!failed)
		failed = set_constants(loaded, options, err);
	if (!failed)
		failed = map_variables(loaded, err);
	return failed;
}

static int ask_kernel(const struct preparation *p, struct error *err)
{
	const struct load_kernel *kernel = p->options->kernel;

	return kernel ? kernel->answer(p->loaded->image, p->code, p->batch->targets, err) : 0;
}

static void prepare_one(size_t i, void *data)
{
	struct preparation *p = data;

	p->codes[i] =
		i ? prepare_maps(p->loaded, p->options, &p->errs[i]) : ask_kernel(p, &p->errs[i]);
}

/* Neither needs the other: the kernel makes the maps while its types are read. */
static int prepare(struct preparation *p, struct error *err)
{
	parallel_for(2, prepare_one, p);
	for (int i = 1; i >= 0; i--)
		if (p->codes[i]) {
			*err = p->errs[i];
			return p->codes[i];
		}
	return 0;
}

/* On a copy of the code, which the fixups change. */
static int load(struct loaded *loaded, const struct load_options *options, struct bpf_insn *code,
		struct error *err)
{
	const struct bpf_image *image = loaded->image;
	struct batch batch = { .image = image, .code = code, .programs = loaded->programs };
	struct preparation p = {
		.loaded = loaded, .options = options, .batch = &batch, .code = code
	};
	int failed;

	memcpy(code, image->code, image->nr_code * sizeof(*code));
	failed = prepare(&p, err);
	if (failed)
		return failed;
	put_maps(loaded, code);
	return load_programs(&batch, err);
}

int loaded_load(struct loaded *loaded, const struct bpf_image *image,
		const struct load_options *options, struct error *err)
{
	struct bpf_insn *copy = malloc(image->nr_code * sizeof(*copy));
	int code;

	*loaded = (struct loaded){ .image = NULL };
	if (!copy)
		return error_set(err, -ENOMEM, "out of memory for programs");
	loaded->image = image;
	memset(loaded->maps, -1, sizeof(loaded->maps));
	memset(loaded->programs, -1, sizeof(loaded->programs));
	code = load(loaded, options, copy, err);
	if (code)
		loaded_unload(loaded);
	free(copy);
	return code;
}

int image_map_index(const struct bpf_image *image, const char *name)
{
	for (size_t i = 0; i < image->nr_maps; i++)
		if (!strcmp(image_string(image, image->maps[i].name), name))
			return (int)i;
	return -ENOENT;
}

int loaded_program(const struct loaded *loaded, const char *name)
{
	const struct bpf_image *image = loaded->image;

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
