// SPDX-License-Identifier: MIT
/*
 * This kernel's own types, against libbpf: every record, every string and many names; mapped
 * where the kernel lets map them, and read; and those of its modules.
 */
#include "../unit/unit.h"

#include <bpf/btf.h>
#include <dirent.h>
#include <linux/btf.h>

#include "kernel/btf.h"
#include "kernel/btf_layout.h"

#define BTF_DIR "/sys/kernel/btf/"

enum {
	/* Every so many names is looked for: each is a pass. */
	STEP = 997,
	/* As many modules as there is patience for. */
	MAX_MODULES = 20,
};

static const int structs[] = { BTF_KIND_STRUCT, 0 };
static const int functions[] = { BTF_KIND_FUNC, 0 };

static struct btf_reader *open_path(const char *path, enum btf_source source,
				    struct btf_reader *base)
{
	struct btf_reader *reader = NULL;
	struct error err;

	if (btf_open(path, source, base, &reader, &err))
		fail_msg("%s", err.text);
	return reader;
}

static void compare_type(struct btf_reader *reader, const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf_type_at(reader, id);
	const struct btf_type *other = btf__type_by_id(btf, id);

	if (!type || memcmp(type, other, btf_record_size(other)) != 0) {
		fail_msg("type %u", id);
		return;
	}
	if (strcmp(btf_string_at(reader, type->name_off),
		   btf__name_by_offset(btf, other->name_off)) != 0)
		fail_msg("the name of type %u", id);
}

static uint32_t find(struct btf_reader *reader, const char *name, const int *kinds)
{
	struct btf_wanted wanted = { .name = name, .kinds = kinds };
	struct error err;

	assert_int_equal(btf_find(reader, &wanted, 1, &err), 0);
	return wanted.id;
}

/* libbpf's search begins with the base, which a module's own does not. */
static void compare_name(struct btf_reader *reader, const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *name = btf__name_by_offset(btf, type->name_off);
	int kind = btf_kind(type), expected;

	if (!*name || (kind != BTF_KIND_STRUCT && kind != BTF_KIND_FUNC))
		return;
	expected = btf__find_by_name_kind(btf, name, (__u32)kind);
	if (!btf_is_of_base(reader, (uint32_t)expected))
		assert_int_equal(find(reader, name, kind == BTF_KIND_STRUCT ? structs : functions),
				 expected);
}

static void compare(struct btf_reader *reader, const struct btf *btf, uint32_t step)
{
	struct error err;
	uint32_t count = btf__type_cnt(btf);

	assert_int_equal(btf_check(reader, &err), 0);
	assert_int_equal(reader->first_id + reader->count, count);
	for (uint32_t id = reader->first_id; id < count; id++)
		compare_type(reader, btf, id);
	for (uint32_t id = reader->first_id; id < count; id += step)
		compare_name(reader, btf, id);
	assert_null(btf_type_at(reader, count));
}

static struct btf *kernel;

static int load_kernel(void **state)
{
	(void)state;
	kernel = btf__load_vmlinux_btf();
	return kernel ? 0 : -1;
}

static int free_kernel(void **state)
{
	(void)state;
	btf__free(kernel);
	return 0;
}

static void the_kernel_s_types_as_they_are_best_read(void **state)
{
	struct btf_reader *reader = open_path(BTF_DIR "vmlinux", BTF_OF_SYSFS, NULL);

	(void)state;
	print_message("# %s\n", reader->file.is_mapped ? "mapped" : "read");
	compare(reader, kernel, STEP);
	btf_close(reader);
}

static void the_kernel_s_types_when_they_are_read(void **state)
{
	struct btf_reader *reader = open_path(BTF_DIR "vmlinux", BTF_FILE, NULL);

	(void)state;
	assert_false(reader->file.is_mapped);
	compare(reader, kernel, STEP);
	btf_close(reader);
}

static void compare_module(const char *name, struct btf_reader *base)
{
	struct btf *btf = btf__load_module_btf(name, kernel);
	struct btf_reader *reader;
	char path[300];

	assert_non_null(btf);
	snprintf(path, sizeof(path), BTF_DIR "%s", name);
	reader = open_path(path, BTF_OF_SYSFS, base);
	btf_rest(reader);
	compare(reader, btf, 31);
	btf_close(reader);
	btf__free(btf);
}

static void modules_types_on_the_kernel_s(void **state)
{
	struct btf_reader *base = open_path(BTF_DIR "vmlinux", BTF_OF_SYSFS, NULL);
	DIR *dir = opendir(BTF_DIR);
	struct dirent *entry;
	int seen = 0;

	(void)state;
	while ((entry = readdir(dir)) && seen < MAX_MODULES)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "vmlinux") != 0) {
			compare_module(entry->d_name, base);
			seen++;
		}
	closedir(dir);
	btf_close(base);
	/* None before 5.11, and none where nothing is a module. */
	print_message("# %d modules\n", seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_s_types_as_they_are_best_read),
		cmocka_unit_test(the_kernel_s_types_when_they_are_read),
		cmocka_unit_test(modules_types_on_the_kernel_s),
	};

	return cmocka_run_group_tests(tests, load_kernel, free_kernel);
}
