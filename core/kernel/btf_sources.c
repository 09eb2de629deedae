// SPDX-License-Identifier: MIT
#include "kernel/btf_sources.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/debuginfo.h"
#include "kernel/kernel.h"
#include "kernel/refusal.h"

#define BTF_DIR "/sys/kernel/btf"

enum {
	/* A module's name has 56 bytes at most (MODULE_NAME_LEN, include/linux/moduleparam.h). */
	MAX_MODULE = 64,
};

struct source {
	struct btf_place place;
	const struct kernel *kernel;
	char *module, *path;
	int fd; /* of the kernel's object; -1: not asked for */
};

/* By number, from 1 on; NULL: void. */
static struct {
	struct source **sources;
	uint32_t count;
} state;

static void free_source(struct source *source)
{
	btf_close(source->place.reader);
	if (source->fd >= 0)
		close(source->fd);
	free(source->module);
	free(source->path);
	free(source);
}

static struct source *new_source(const struct kernel *kernel, const char *module, const char *path)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->fd = -1;
	source->kernel = kernel;
	source->module = module ? strdup(module) : NULL;
	source->path = path ? strdup(path) : NULL;
	if ((module && !source->module) || (path && !source->path)) {
		free_source(source);
		return NULL;
	}
	source->place.module = source->module;
	source->place.path = source->path;
	return source;
}

static struct source *add_source(const struct kernel *kernel, const char *module, const char *path)
{
	struct source **more =
		reallocarray(state.sources, state.count + 1, sizeof(struct source *));
	struct source *source = more ? new_source(kernel, module, path) : NULL;

	if (more)
		state.sources = more;
	if (source)
		state.sources[state.count++] = source;
	return source;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Number of the source, or 0. */
static uint32_t known(const struct kernel *kernel, const char *module, const char *path)
{
	for (uint32_t i = 0; i < state.count; i++) {
		const struct source *source = state.sources[i];

		if (source && source->kernel == kernel && same(source->module, module) &&
		    same(source->path, path))
			return i + 1;
	}
	return 0;
}

static void open_base(struct btf_place *place, const struct kernel *kernel)
{
	const char *path = place->path ? debuginfo_btf_file(kernel) : BTF_DIR "/vmlinux";

	if (btf_open(path, place->path ? BTF_FILE : BTF_OF_SYSFS, NULL, &place->reader,
		     &place->why))
		error_prefix(&place->why, "the kernel's types");
	if (!place->path && place->why.code == -ENOENT)
		error_suffix(&place->why, "CONFIG_DEBUG_INFO_BTF");
}

static void open_module(struct btf_place *place, struct btf_reader *kernel)
{
	char path[sizeof(BTF_DIR) + MAX_MODULE];

	snprintf(path, sizeof(path), BTF_DIR "/%s", place->module);
	if (btf_open(path, BTF_OF_SYSFS, kernel, &place->reader, &place->why))
		error_prefix(&place->why, "the types of module %s", place->module);
}

static uint32_t number_of(const struct kernel *kernel, const char *module, const char *path,
			  struct btf_reader *base)
{
	uint32_t number = known(kernel, module, path);
	struct source *source;

	if (number)
		return number;
	source = add_source(kernel, module, path);
	if (source && module)
		open_module(&source->place, base);
	else if (source)
		open_base(&source->place, kernel);
	return source ? state.count : 0;
}

/* The number, if its BTF could be read. */
static uint32_t check(uint32_t number, struct error *err)
{
	const struct btf_place *place = btf_source_at(number);

	if (place && place->reader)
		return number;
	if (place)
		error_set(err, place->why.code, "%s", place->why.text);
	else
		error_set(err, -ENOMEM, "out of memory for types");
	return 0;
}

static bool is_module_name(const char *name)
{
	return *name && *name != '.' && strlen(name) < MAX_MODULE && !strchr(name, '/') &&
	       strcmp(name, "vmlinux") != 0;
}

/* A file has no modules; those of the running kernel belong to other types. */
static bool has_modules(const struct kernel *kernel)
{
	return !kernel->image && !debuginfo_btf_path(kernel);
}

static uint32_t source_of_image(const struct kernel *kernel, struct error *err)
{
	const char *path = debuginfo_btf_path(kernel);

	if (path)
		return check(number_of(kernel, NULL, path, NULL), err);
	error_set(err, -ENODATA,
		  "the image's types are not known: name a file that has its kernel's BTF (--btf)");
	return 0;
}

static uint32_t source_of_module(const char *module, struct error *err)
{
	uint32_t base;

	if (!is_module_name(module)) {
		error_set(err, -EINVAL, "'%.64s' is no module's name", module);
		return 0;
	}
	base = btf_source_of_kernel(err);
	return base ? check(number_of(kernel_running(), module, NULL, btf_source_at(base)->reader),
			    err)
		    : 0;
}

uint32_t btf_source(const struct kernel *kernel, const char *module, struct error *err)
{
	if (kernel->image)
		return source_of_image(kernel, err);
	if (module)
		return source_of_module(module, err);
	return check(number_of(kernel, NULL, debuginfo_btf_path(kernel), NULL), err);
}

const struct btf_place *btf_source_at(uint32_t number)
{
	return number && number <= state.count && state.sources[number - 1]
		       ? &state.sources[number - 1]->place
		       : NULL;
}

uint32_t btf_source_of_kernel(struct error *err)
{
	return check(number_of(kernel_running(), NULL, NULL, NULL), err);
}

static int look_into(const char *module, btf_visit visit, void *context)
{
	uint32_t number = source_of_module(module, NULL);
	int result = number ? visit(context, number) : 0;

	if (number)
		btf_rest(btf_source_at(number)->reader);
	return result;
}

int btf_sources_of_modules(const struct kernel *kernel, btf_visit visit, void *context)
{
	autoclosedir DIR *dir = has_modules(kernel) ? opendir(BTF_DIR) : NULL;
	struct dirent *entry;
	int result = 0;

	while (!result && dir && (entry = readdir(dir)))
		if (is_module_name(entry->d_name))
			result = look_into(entry->d_name, visit, context);
	return result;
}

/* ---- names ---- */

int btf_source_find(uint32_t number, struct btf_wanted *wanted, size_t n, struct error *err)
{
	struct btf_wanted *left = calloc(n, sizeof(*left));
	size_t nr_left = 0;
	int code;

	if (!left)
		return error_set(err, -ENOMEM, "out of memory for names of types");
	for (size_t i = 0; i < n; i++)
		if (!wanted[i].source)
			left[nr_left++] = wanted[i];
	code = btf_find(btf_source_at(number)->reader, left, nr_left, err);
	for (size_t i = n; !code && i--;)
		if (!wanted[i].source) {
			wanted[i] = left[--nr_left];
			wanted[i].source = wanted[i].id ? number : 0;
		}
	free(left);
	return code;
}

struct search {
	struct btf_wanted *wanted;
	size_t n;
};

static bool is_over(const struct search *search)
{
	for (size_t i = 0; i < search->n; i++)
		if (!search->wanted[i].source)
			return false;
	return true;
}

static int look(void *context, uint32_t number)
{
	const struct search *search = context;

	btf_source_find(number, search->wanted, search->n, NULL);
	return is_over(search);
}

int btf_sources_find(const struct kernel *kernel, const char *module, struct btf_wanted *wanted,
		     size_t n, struct error *err)
{
	const char *only = has_modules(kernel) ? module : NULL;
	struct search search = { .wanted = wanted, .n = n };
	uint32_t number = n ? btf_source(kernel, only, err) : 0;
	int code;

	if (!number)
		return !n ? 0 : err ? err->code : -ENOENT;
	code = btf_source_find(number, wanted, n, err);
	if (!code && !only && !is_over(&search))
		btf_sources_of_modules(kernel, look, &search);
	return code;
}

static int is_there(void *context, uint32_t source)
{
	(void)context;
	return source != 0;
}

const char *btf_sources_searched(const struct kernel *kernel, const char *module)
{
	if (debuginfo_btf_path(kernel))
		return debuginfo_btf_path(kernel);
	if (module)
		return module;
	/* Before 5.11, or where no module is loaded. */
	return btf_sources_of_modules(kernel, is_there, NULL)
		       ? "the kernel and its modules"
		       : "the kernel; types of modules there are none";
}

/* ---- objects in the kernel ---- */

static bool is_of_module(int fd, const char *module)
{
	char name[MAX_MODULE] = "";
	struct bpf_btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &size) && info.kernel_btf &&
	       !strcmp(name, module);
}

static int find_object(const char *module, struct error *err)
{
	__u32 id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		int fd = bpf_btf_get_fd_by_id(id);

		/* One that has gone away meanwhile is not the one. */
		if (fd < 0 && errno != ENOENT)
			return error_set(err, -errno, "cannot open the types of module %s: %s",
					 module, strerror(errno));
		if (fd >= 0 && is_of_module(fd, module))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	if (errno != ENOENT)
		return error_set(err, -errno, "cannot list the types of modules: %s",
				 strerror(errno));
	return error_set(err, -ENOENT, "the kernel has no types of module %s", module);
}

int btf_source_fd(const char *module, struct error *err)
{
	uint32_t number = source_of_module(module, err);
	struct source *source = number ? state.sources[number - 1] : NULL;

	if (!source)
		return err ? err->code : -ENOENT;
	if (source->fd < 0) {
		int fd = find_object(module, err);

		if (fd < 0)
			return err ? refusal_explain_ids(err) : fd;
		source->fd = fd;
	}
	return source->fd;
}

static void forget(struct source **source)
{
	free_source(*source);
	*source = NULL;
}

void btf_sources_reset(const struct kernel *kernel)
{
	/* Modules come after the kernel they are based on. */
	for (uint32_t i = state.count; i--;)
		if (state.sources[i] && state.sources[i]->kernel == kernel)
			forget(&state.sources[i]);
	while (state.count && !state.sources[state.count - 1])
		state.count--;
	if (!state.count) {
		free(state.sources);
		state.sources = NULL;
	}
}
