// SPDX-License-Identifier: MIT
#include "trace/object.h"

#include <errno.h>

#include "kernel/refusal.h"
#include "kernel/relocate.h"

static const char *const map_names[NR_OBJECT_MAPS] = {
	[MAP_ROWS] = "rows",	   [MAP_CPUS] = "cpus",
	[MAP_PARTS] = "parts",	   [MAP_FREE_PARTS] = "free_parts",
	[MAP_EVENTS] = "events",   [MAP_STACKS] = "stacks",
	[MAP_EXTRA] = "extra",	   [MAP_QUEUES] = "queues",
	[MAP_ENDINGS] = "endings",
};

static void size_maps(const struct bpf_image *image, const __u32 by_slot[NR_OBJECT_MAPS],
		      __u32 by_map[LOADED_MAPS])
{
	for (int i = 0; i < NR_OBJECT_MAPS; i++) {
		int at = image_map_index(image, map_names[i]);

		if (at >= 0)
			by_map[at] = by_slot[i];
	}
}

static void take_maps(struct object *object)
{
	for (int i = 0; i < NR_OBJECT_MAPS; i++) {
		int at = image_map_index(object->loaded.image, map_names[i]);

		object->map_fds[i] = at < 0 ? -1 : object->loaded.maps[at];
	}
}

int object_load(struct object *object, const struct bpf_image *image,
		const __u32 entries[NR_OBJECT_MAPS], const struct shark_config *config,
		struct error *err)
{
	__u32 by_map[LOADED_MAPS] = { 0 };
	const struct load_options options = {
		.kernel = &relocate_kernel,
		.entries = by_map,
		.constants = config,
		.constants_size = sizeof(*config),
	};
	int code;

	*object = (struct object){ .control = NULL };
	size_maps(image, entries, by_map);
	code = loaded_load(&object->loaded, image, &options, err);
	if (code)
		return code == -EPERM ? refusal_explain(err) : code;
	object->control = object->loaded.variables;
	take_maps(object);
	return 0;
}

int object_program(const struct object *object, const char *name)
{
	return loaded_program(&object->loaded, name);
}

void object_unload(struct object *object)
{
	loaded_unload(&object->loaded);
	*object = (struct object){ .control = NULL };
}
