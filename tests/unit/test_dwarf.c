// SPDX-License-Identifier: MIT
/* Types from DWARF: what the compiler that wrote it knows, and what no compiler writes. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>

#include "base/array.h"
#include "base/library.h"
#include "dwarf_sample.h"
#include "kernel/debuginfo.h"
#include "kernel/dwarf.h"
#include "kernel/elfsection.h"
#include "kernel/functions.h"
#include "kernel/kernel.h"
#include "kernel/types.h"

/* ---- objects beside this program ---- */

static void path_of(const char *object, char path[512])
{
	char self[256] = "";

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(path, 512, "%s/dwarf/%s.o", dirname(self), object);
}

static void forget(void)
{
	types_reset(kernel_running());
	debuginfo_reset(kernel_running());
}

static void use(const char *object)
{
	struct error err;
	char path[512];

	path_of(object, path);
	forget();
	if (debuginfo_set(kernel_running(), path, &err))
		fail_msg("%s", err.text);
}

static const char *const objects[] = {
	"dwarf2", "dwarf3", "dwarf4", "dwarf5", "gz", "m32", "m32_dwarf2", "clang", "btf",
};

static void in_each(void (*check)(const char *object))
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		use(objects[i]);
		check(objects[i]);
	}
	forget();
}

/* What the compiler put into a section of the object. */
static void told(const char *object, const char *section, void *into, size_t size)
{
	uint64_t start, length;
	char path[512];
	int fd;

	path_of(object, path);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(elfsection_find(fd, section, &start, &length), 0);
	assert_int_equal(length, size);
	assert_int_equal(pread(fd, into, size, (off_t)start), size);
	close(fd);
}

static struct type find(const char *object, const char *name)
{
	struct type type = { .kind = TYPE_VOID };
	struct error err;

	if (types_find(kernel_running(), name, NULL, &type, &err))
		fail_msg("%s: %s: %s", object, name, err.text);
	return type;
}

static struct type_member member_of(const char *object, const char *type_name, const char *name)
{
	struct type type = find(object, type_name);
	struct type_member member = { .name = NULL };
	struct error err;

	if (types_find_member(&type, name, &member, &err))
		fail_msg("%s: %s", object, err.text);
	return member;
}

static struct type target_of(struct type type)
{
	struct type target = { .kind = TYPE_VOID };

	assert_int_equal(types_target(&type, &target, NULL), 0);
	return target;
}

/* ---- what the compiler knows ---- */

static void check_sizes(const char *object)
{
#define NAME(type) #type,
	static const char *const names[] = { SAMPLE_TYPES(NAME) };
#undef NAME
	unsigned int sizes[ARRAY_SIZE(names)];

	told(object, "sample_sizes", sizes, sizeof(sizes));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (find(object, names[i]).size != sizes[i])
			fail_msg("%s: sizeof(%s) is %u, not %u", object, names[i], sizes[i],
				 (unsigned int)find(object, names[i]).size);
}

static void sizes_are_the_compilers(void **state)
{
	(void)state;
	in_each(check_sizes);
}

static void check_places(const char *object)
{
#define NAME(type, member) { #type, #member },
	static const char *const names[][2] = { SAMPLE_MEMBERS(NAME) };
#undef NAME
	struct sample_place places[ARRAY_SIZE(names)];

	told(object, "sample_places", places, sizeof(places));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct type_member member = member_of(object, names[i][0], names[i][1]);

		if (member.bits || member.bit_offset != 8ULL * places[i].offset ||
		    member.type.size != places[i].size)
			fail_msg("%s: %s.%s at %u with %u", object, names[i][0], names[i][1],
				 (unsigned int)member.bit_offset / 8,
				 (unsigned int)member.type.size);
	}
}

static void members_are_where_the_compiler_puts_them(void **state)
{
	(void)state;
	in_each(check_places);
}

static bool has_bit(const struct type_member *member, uint64_t bit)
{
	return bit >= member->bit_offset && bit < member->bit_offset + member->bits;
}

static void check_bits(const char *object)
{
#define NAME(type, member) { "struct " #type, #member },
	static const char *const names[][2] = { SAMPLE_BITFIELDS(NAME) };
#undef NAME
	uint8_t set[ARRAY_SIZE(names)][SAMPLE_BYTES];

	told(object, "sample_bits", set, sizeof(set));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct type_member member = member_of(object, names[i][0], names[i][1]);

		for (uint64_t bit = 0; bit < SAMPLE_BITS; bit++)
			if (has_bit(&member, bit) != (set[i][bit / 8] >> bit % 8 & 1))
				fail_msg("%s: %s.%s: bit %u", object, names[i][0], names[i][1],
					 (unsigned int)bit);
	}
	assert_true(member_of(object, "struct flags", "difference").type.is_signed);
	assert_false(member_of(object, "struct flags", "vector").type.is_signed);
	assert_int_equal(member_of(object, "struct flags", "yes").type.kind, TYPE_BOOL);
}

static void bitfields_are_where_the_compiler_puts_them(void **state)
{
	(void)state;
	in_each(check_bits);
}

/* ---- kinds of types ---- */

static void check_enumerator(const char *object, const char *name, uint32_t i, uint64_t expected)
{
	struct type type = find(object, name);
	const char *text;
	uint64_t value;
	struct error err;

	assert_int_equal(types_enumerator(&type, i, &text, &value, &err), 0);
	if (value != expected)
		fail_msg("%s: %s is 0x%llx", object, text, (unsigned long long)value);
}

static void check_enums(const char *object)
{
	check_enumerator(object, "enum mode", 0, 0);
	check_enumerator(object, "enum mode", 1, 0x7fffffff);
	check_enumerator(object, "enum mode", 2, (uint64_t)-2);
	check_enumerator(object, "enum tiny", 1, 1);
	if (strcmp(object, "btf") != 0) /* clang 14 has no words for it in BTF */
		check_enumerator(object, "enum wide", 1, 1ULL << 63);
	assert_true(find(object, "enum mode").is_signed);
	if (find(object, "enum wide").is_signed)
		fail_msg("%s: enum wide has a sign", object);
}

static void enumerators_have_their_values(void **state)
{
	(void)state;
	in_each(check_enums);
}

static void check_arrays(const char *object)
{
	struct type pending = member_of(object, "struct pipeline", "pending").type;
	struct type map = member_of(object, "struct pipeline", "map").type;

	assert_int_equal(pending.kind, TYPE_ARRAY);
	assert_int_equal(pending.count, 3);
	assert_int_equal(target_of(pending).count, 2);
	assert_int_equal(target_of(target_of(pending)).count, 4);
	assert_string_equal(target_of(target_of(target_of(pending))).name,
			    find(object, "unsigned long").name);
	assert_int_equal(map.kind, TYPE_ARRAY);
	assert_int_equal(map.count, 0);
	assert_int_equal(member_of(object, "struct pipeline", "name").type.count, 16);
}

static void arrays_have_all_their_dimensions(void **state)
{
	(void)state;
	in_each(check_arrays);
}

static void check_targets(const char *object)
{
	struct type handler = member_of(object, "struct pipeline", "handler").type;
	struct type text = member_of(object, "struct pipeline", "text").type;

	assert_int_equal(handler.kind, TYPE_POINTER);
	assert_int_equal(target_of(handler).kind, TYPE_FUNCTION);
	assert_int_equal(target_of(text).kind, TYPE_CHAR);
	assert_int_equal(target_of(member_of(object, "struct pipeline", "next").type).id,
			 find(object, "struct pipeline").id);
	assert_int_equal(target_of(member_of(object, "struct pipeline", "elsewhere").type).kind,
			 TYPE_DECLARED);
	assert_int_equal(find(object, "double").kind, TYPE_FLOAT);
	assert_string_equal(find(object, "lock_t").name, "lock_t");
}

static void pointers_lead_to_their_types(void **state)
{
	(void)state;
	in_each(check_targets);
}

/* ---- functions and variables ---- */

static void check_function(const char *object)
{
	struct function function = { .nr_arguments = 0 };
	struct function_argument argument;
	struct error err;

	if (!strcmp(object, "btf"))
		return; /* clang tells BPF programs' functions otherwise */
	if (function_find(kernel_running(), "sample_function", NULL, &function, &err))
		fail_msg("%s: %s", object, err.text);
	assert_int_equal(function_argument(&function, 0, &argument, &err), 0);
	assert_string_equal(argument.name, "pipeline");
	assert_string_equal(target_of(argument.type).name, "pipeline");
	assert_int_equal(function_argument(&function, 1, &argument, &err), 0);
	assert_string_equal(argument.name, "irq");
	assert_int_equal(argument.type.size, find(object, "unsigned long").size);
}

static void functions_have_their_arguments(void **state)
{
	(void)state;
	in_each(check_function);
}

static struct type_variable variable_of(const char *object, const char *name)
{
	struct type_variable variable = { .offset = 0 };
	struct error err;

	if (types_variable(kernel_running(), name, &variable, &err))
		fail_msg("%s: %s: %s", object, name, err.text);
	return variable;
}

static void check_variables(const char *object)
{
	unsigned long word = find(object, "unsigned long").size;
	struct type_variable first = variable_of(object, "first_of_cpu");
	struct type_variable second = variable_of(object, "second_of_cpu");

	assert_true(first.is_per_cpu && second.is_per_cpu);
	/* Compilers choose which comes first; in BTF whoever loads it sets the offsets. */
	if (strcmp(object, "btf") != 0) {
		assert_int_equal(first.offset && second.offset, 0);
		assert_true(first.offset ? first.offset >= second.type.size
					 : second.offset >= first.type.size);
	}
	assert_int_equal(second.type.size, 2 * word);
	assert_false(variable_of(object, "pipelines").is_per_cpu);
	assert_int_equal(variable_of(object, "pipelines").type.count, 3);
}

static void variables_have_their_types(void **state)
{
	(void)state;
	in_each(check_variables);
}

/* gcc describes them, clang does not. */
static void variables_of_elsewhere_have_types_too(void **state)
{
	struct type type;

	(void)state;
	use("dwarf5");
	type = variable_of("dwarf5", "domain_elsewhere").type;
	assert_int_equal(type.kind, TYPE_ARRAY);
	assert_int_equal(target_of(type).id, find("dwarf5", "struct domain").id);
	forget();
}

static void variables_of_functions_have_no_name(void **state)
{
	struct type_variable variable;
	struct error err;

	(void)state;
	use("dwarf5");
	assert_int_equal(types_variable(kernel_running(), "hidden", &variable, &err), 0);
	assert_int_equal(types_variable(kernel_running(), "counted", &variable, &err), -ENOENT);
	forget();
}

/* ---- units ---- */

static void declarations_are_what_another_unit_completes(void **state)
{
	const char *in = "units";
	struct type elsewhere;

	(void)state;
	use(in);
	elsewhere = target_of(member_of(in, "struct pipeline", "elsewhere").type);
	assert_int_equal(elsewhere.kind, TYPE_STRUCT);
	assert_int_equal(elsewhere.id, find(in, "struct elsewhere").id);
	assert_int_equal(target_of(variable_of(in, "nowhere").type).kind, TYPE_DECLARED);
	forget();
}

static void equal_types_of_units_are_one(void **state)
{
	const char *in = "units";

	(void)state;
	use(in);
	assert_int_equal(member_of(in, "struct other", "word").type.id, find(in, "union word").id);
	assert_int_equal(member_of(in, "struct sample_of_all", "word").type.id,
			 find(in, "union word").id);
	forget();
}

static void types_that_differ_are_not_mixed(void **state)
{
	const char *in = "units";
	struct type own, other;
	struct type_member member;

	(void)state;
	use(in);
	own = target_of(member_of(in, "struct pipeline", "own").type);
	other = target_of(member_of(in, "struct other", "own").type);
	assert_int_equal(own.id, find(in, "struct own").id);
	assert_int_not_equal(other.id, own.id);
	assert_int_equal(types_find_member(&own, "here", &member, NULL), 0);
	assert_int_equal(types_find_member(&other, "there", &member, NULL), 0);
	assert_string_equal(other.name, "own");
	forget();
}

static void btf_comes_before_dwarf(void **state)
{
	(void)state;
	use("btf");
	assert_string_equal(debuginfo_btf_file(kernel_running()),
			    debuginfo_btf_path(kernel_running()));
	use("dwarf5");
	assert_string_not_equal(debuginfo_btf_file(kernel_running()),
				debuginfo_btf_path(kernel_running()));
	forget();
}

/* ---- what no compiler writes ---- */

static void oddities_are_errors_or_nothing(void **state)
{
	const char *in = "hostile";
	struct type type;
	struct type_member member;
	struct type_variable variable;
	struct error err;

	(void)state;
	use(in);
	assert_int_equal(find(in, "int").size, 4);
	assert_int_equal(types_find(kernel_running(), "circle", NULL, &type, &err), -EINVAL);
	type = find(in, "struct outside");
	assert_int_equal(types_find_member(&type, "member", &member, &err), -EINVAL);
	type = find(in, "struct nested");
	assert_int_equal(types_find_member(&type, "member", &member, &err), -EINVAL);
	assert_int_equal(find(in, "oddity").size, 3);
	assert_int_equal(types_variable(kernel_running(), "nobody", &variable, &err), 0);
	assert_int_equal(variable.type.kind, TYPE_VOID);
	find(in, "struct before");
	forget();
}

static void types_without_end_are_an_error(void **state)
{
	struct error err;
	char path[512];

	(void)state;
	path_of("endless", path);
	assert_int_equal(debuginfo_set(kernel_running(), path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "endless.o: the DWARF is damaged"));
}

static void files_without_types_say_so(void **state)
{
	struct error err;
	char path[512];
	int fd;

	(void)state;
	path_of("nothing", path);
	assert_int_equal(dwarf_to_btf(path, &fd, &err), -ENOENT);
	assert_int_equal(dwarf_to_btf("/bin/true", &fd, &err), -ENOENT);
	assert_string_equal(err.text, "/bin/true: no DWARF: No DWARF information found");
}

static uint8_t *read_object(const char *object, size_t *size)
{
	uint8_t *bytes = malloc(1 << 20);
	char path[512];
	FILE *file;

	path_of(object, path);
	file = fopen(path, "rb");
	assert_non_null(bytes);
	assert_non_null(file);
	*size = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

static void try_bytes(const uint8_t *bytes, size_t size)
{
	char path[32];
	struct error err;
	int fd;

	write_temporary(path, bytes, size);
	if (!dwarf_to_btf(path, &fd, &err))
		close(fd);
	if (!debuginfo_set(kernel_running(), path, &err))
		forget();
	unlink(path);
}

/* Each section in turn, a byte here and there: an answer or an error, and an end. */
static void damage_is_survived(void **state)
{
	static const char *const sections[] = { ".debug_info", ".debug_abbrev", ".debug_str" };
	size_t size;
	uint8_t *bytes = read_object("dwarf4", &size);
	char path[512];
	int fd;

	(void)state;
	path_of("dwarf4", path);
	fd = open(path, O_RDONLY);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		uint64_t start, length;

		assert_int_equal(elfsection_find(fd, sections[i], &start, &length), 0);
		for (uint64_t at = 0; at < length; at += 1 + length / 150) {
			uint8_t was = bytes[start + at];

			bytes[start + at] ^= (uint8_t)(1U << at % 8);
			try_bytes(bytes, size);
			bytes[start + at] = was;
		}
	}
	for (size_t cut = 1; cut < size; cut += size / 50)
		try_bytes(bytes, cut);
	close(fd);
	free(bytes);
}

/* ---- the library ---- */

static void libraries_that_are_missing_are_named(void **state)
{
	struct library library = {
		.file = "libnothing.so.9",
		.package = "libnothing9",
		.purpose = "types of nothing",
	};
	struct error err;

	(void)state;
	assert_int_equal(library_load(&library, NULL, 0, &err), -ELIBACC);
	assert_non_null(strstr(err.text, "types of nothing need the library libnothing.so.9 "
					 "(package libnothing9): libnothing.so.9: cannot open"));
}

static void libraries_that_are_too_old_are_refused(void **state)
{
	struct library library = { .file = "libdw.so.1", .package = "libdw1", .purpose = "types" };
	void *function = NULL, *begin = NULL;
	struct library_function functions[] = {
		{ "dwarf_begin", &begin },
		{ "dwarf_of_tomorrow", &function },
	};
	struct error err;

	(void)state;
	assert_int_equal(library_load(&library, functions, 2, &err), -ELIBACC);
	assert_non_null(strstr(err.text, "dwarf_of_tomorrow"));
	assert_null(library.handle);
	assert_int_equal(library_load(&library, functions, 1, &err), 0);
	assert_non_null(begin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_the_compilers),
		cmocka_unit_test(members_are_where_the_compiler_puts_them),
		cmocka_unit_test(bitfields_are_where_the_compiler_puts_them),
		cmocka_unit_test(enumerators_have_their_values),
		cmocka_unit_test(arrays_have_all_their_dimensions),
		cmocka_unit_test(pointers_lead_to_their_types),
		cmocka_unit_test(functions_have_their_arguments),
		cmocka_unit_test(variables_have_their_types),
		cmocka_unit_test(variables_of_elsewhere_have_types_too),
		cmocka_unit_test(variables_of_functions_have_no_name),
		cmocka_unit_test(declarations_are_what_another_unit_completes),
		cmocka_unit_test(equal_types_of_units_are_one),
		cmocka_unit_test(types_that_differ_are_not_mixed),
		cmocka_unit_test(btf_comes_before_dwarf),
		cmocka_unit_test(oddities_are_errors_or_nothing),
		cmocka_unit_test(types_without_end_are_an_error),
		cmocka_unit_test(files_without_types_say_so),
		cmocka_unit_test(damage_is_survived),
		cmocka_unit_test(libraries_that_are_missing_are_named),
		cmocka_unit_test(libraries_that_are_too_old_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
