// SPDX-License-Identifier: MIT
#include "trace/object.h"

#include <errno.h>

/* skel_internal.h needs errno.h before it. */
#include <bpf/libbpf.h>
#include <bpf/skel_internal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/libbpf_error.h"
#include "base/log.h"
#include "kernel/debuginfo.h"

/* Maps are mapped by pages. */
enum { CONTROL_BYTES = 4096 };

static const char *const map_names[NR_OBJECT_MAPS] = {
	[MAP_ROWS] = "rows",	   [MAP_CPUS] = "cpus",
	[MAP_PARTS] = "parts",	   [MAP_FREE_PARTS] = "free_parts",
	[MAP_EVENTS] = "events",   [MAP_STACKS] = "stacks",
	[MAP_EXTRA] = "extra",	   [MAP_QUEUES] = "queues",
	[MAP_ENDINGS] = "endings",
};

/* ---- light skeleton ---- */

static void *at(struct bpf_loader_ctx *skeleton, size_t offset)
{
	return (char *)skeleton + offset;
}

static void take_light(struct object *object)
{
	const struct image *image = object->image;
	struct bpf_loader_ctx *skeleton = object->skeleton;
	struct bpf_prog_desc *programs = at(skeleton, image->programs_at);

	for (int i = 0; i < NR_OBJECT_MAPS; i++) {
		struct bpf_map_desc *map = at(skeleton, image->maps_at[i]);

		object->map_fds[i] = image->maps_at[i] ? map->map_fd : -1;
	}
	for (size_t i = 0; i < image->nr_programs; i++)
		object->program_fds[i] = programs[i].prog_fd;
	object->control = *(struct shark_control **)at(skeleton, image->control_at);
	object->loader = "light";
}

static int load_light(struct object *object, const __u32 entries[NR_OBJECT_MAPS],
		      const struct shark_config *config)
{
	const struct image *image = object->image;
	struct bpf_loader_ctx *skeleton = image->open();
	int code;

	if (!skeleton)
		return -ENOMEM;
	for (int i = 0; i < NR_OBJECT_MAPS; i++) {
		struct bpf_map_desc *map = at(skeleton, image->maps_at[i]);

		if (image->maps_at[i])
			map->max_entries = entries[i];
	}
	memcpy(*(void **)at(skeleton, image->config_at), config, sizeof(*config));
	code = image->load(skeleton);
	if (code) {
		image->close(skeleton);
		return code;
	}
	object->skeleton = skeleton;
	take_light(object);
	return 0;
}

/* ---- libbpf ---- */

static struct bpf_map *find_section_map(struct bpf_object *libbpf, const char *section)
{
	return bpf_object__find_map_by_name(libbpf, section);
}

static int prepare_libbpf(struct object *object, const __u32 entries[NR_OBJECT_MAPS],
			  const struct shark_config *config)
{
	struct bpf_map *rodata = find_section_map(object->libbpf, ".rodata");

	for (int i = 0; i < NR_OBJECT_MAPS; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object->libbpf, map_names[i]);
		int code = map ? bpf_map__set_max_entries(map, entries[i]) : 0;

		if (code)
			return code;
	}
	if (!rodata)
		return -ENOENT;
	return bpf_map__set_initial_value(rodata, config, sizeof(*config));
}

/*
 * The control word lives in .bss. Only a skeleton of libbpf's own maps that into
 * the process; here it is done by hand.
 */
static int map_control(struct object *object)
{
	struct bpf_map *bss = find_section_map(object->libbpf, ".bss");
	void *memory;

	if (!bss)
		return -ENOENT;
	memory = mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss), 0);
	if (memory == MAP_FAILED)
		return -errno;
	object->control = memory;
	return 0;
}

static int take_libbpf(struct object *object)
{
	const struct image *image = object->image;

	for (int i = 0; i < NR_OBJECT_MAPS; i++)
		object->map_fds[i] = bpf_object__find_map_fd_by_name(object->libbpf, map_names[i]);
	for (size_t i = 0; i < image->nr_programs; i++)
		object->program_fds[i] = bpf_program__fd(
			bpf_object__find_program_by_name(object->libbpf, image->programs[i]));
	object->loader = "libbpf";
	return map_control(object);
}

static int load_libbpf(struct object *object, const __u32 entries[NR_OBJECT_MAPS],
		       const struct shark_config *config, struct error *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = object->image->name,
		    .btf_custom_path = debuginfo_btf_path());
	size_t size;
	const void *elf = object->image->elf(&size);
	int code;

	libbpf_error_watch();
	object->libbpf = bpf_object__open_mem(elf, size, &opts);
	code = object->libbpf ? prepare_libbpf(object, entries, config) : -errno;
	if (!code)
		code = bpf_object__load(object->libbpf);
	if (!code)
		code = take_libbpf(object);
	if (!code)
		return 0;
	object_unload(object);
	return libbpf_error_set(err, code, "the program was not loaded");
}

/* ---- both ---- */

int object_load(struct object *object, const struct image *image,
		const __u32 entries[NR_OBJECT_MAPS], const struct shark_config *config,
		struct error *err)
{
	int code;

	*object = (struct object){ .image = image };
	if (!debuginfo_btf_path()) {
		code = load_light(object, entries, config);
		if (!code)
			return 0;
		log_debug("%s: not loaded inside the kernel (%s), trying libbpf", image->name,
			  strerror(-code));
	}
	return load_libbpf(object, entries, config, err);
}

int object_program(const struct object *object, const char *name)
{
	for (size_t i = 0; i < object->image->nr_programs; i++)
		if (!strcmp(object->image->programs[i], name))
			return object->program_fds[i];
	return -ENOENT;
}

void object_unload(struct object *object)
{
	if (object->skeleton)
		object->image->close(object->skeleton);
	if (object->libbpf && object->control)
		munmap((void *)(uintptr_t)object->control, CONTROL_BYTES);
	bpf_object__close(object->libbpf);
	*object = (struct object){ 0 };
}
