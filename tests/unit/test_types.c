// SPDX-License-Identifier: MIT
/* Types from BTF, good and broken. */
#include "unit.h"

#include <errno.h>
#include <linux/btf.h>

#include "kernel/debuginfo.h"
#include "kernel/enumerators.h"
#include "kernel/functions.h"
#include "kernel/kernel.h"
#include "kernel/types.h"
#include "types_sample.h"

/* ---- BTF from memory ---- */

static char path[32];

static int use_bytes(const void *data, size_t size)
{
	struct error err;

	types_reset(kernel_running());
	write_temporary(path, data, size);
	return debuginfo_set(kernel_running(), path, &err);
}

static void forget(void)
{
	unlink(path);
	types_reset(kernel_running());
	debuginfo_reset(kernel_running());
}

/* Frees the BTF. */
static int use(struct btf *btf)
{
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	int code = use_bytes(data, size);

	btf__free(btf);
	return code;
}

static int set_up(void **state)
{
	(void)state;
	return use(sample_new());
}

static int tear_down(void **state)
{
	(void)state;
	forget();
	return 0;
}

static struct type find(const char *name)
{
	struct type type = { .kind = TYPE_VOID };
	struct error err;

	if (types_find(kernel_running(), name, NULL, &type, &err))
		fail_msg("%s: %s", name, err.text);
	return type;
}

static struct type_member member_of(const char *type_name, const char *member_name)
{
	struct type type = find(type_name);
	struct type_member member = { .name = NULL };
	struct error err;

	if (types_find_member(&type, member_name, &member, &err))
		fail_msg("%s", err.text);
	return member;
}

/* ---- what is there ---- */

static void struct_and_union_of_one_name_are_told_apart(void **state)
{
	struct type one = find("struct irte"), other = find("union irte");

	(void)state;
	assert_int_equal(one.kind, TYPE_STRUCT);
	assert_int_equal(one.size, 16);
	assert_int_equal(other.kind, TYPE_UNION);
	assert_int_equal(other.size, 4);
	assert_int_equal(find("irte").id, one.id);
}

static void typedefs_and_qualifiers_are_skipped(void **state)
{
	(void)state;
	assert_int_equal(find("irte_t").id, find("struct irte").id);
	assert_int_equal(member_of("struct chip", "entry").type.id, find("struct irte").id);
	assert_string_equal(find("atomic_t").name, "atomic_t");
}

static void c_names_of_integers_are_known(void **state)
{
	(void)state;
	assert_int_equal(find("unsigned long").size, 8);
	assert_false(find("unsigned long").is_signed);
	assert_true(find("int").is_signed);
	assert_int_equal(find("bool").kind, TYPE_BOOL);
	assert_int_equal(find("char").kind, TYPE_CHAR);
}

static void members_of_anonymous_structs_are_found(void **state)
{
	struct type_member vector = member_of("struct irte", "vector");

	(void)state;
	assert_int_equal(vector.bit_offset, 64 + 16);
	assert_int_equal(vector.bits, 8);
	assert_int_equal(member_of("struct irte", "high").bit_offset, 64);
	assert_int_equal(member_of("struct irte", "high").bits, 0);
	assert_int_equal(member_of("struct chip", "entry.vector").bit_offset, 64 + 16);
	assert_int_equal(member_of("struct chip", "counter.counter").bit_offset, 320);
}

static void members_that_are_not_there_are_named(void **state)
{
	struct type chip = find("struct chip"), number = find("int");
	struct type_member member;
	struct error err;

	(void)state;
	assert_int_equal(types_find_member(&chip, "nam", &member, &err), -ENOENT);
	assert_string_equal(err.text, "struct chip has no member 'nam'");
	assert_int_equal(types_find_member(&chip, "entry.nothing", &member, &err), -ENOENT);
	assert_int_equal(types_find_member(&chip, "", &member, &err), -ENOENT);
	assert_int_equal(types_find_member(&chip, "name.x", &member, &err), -ENOENT);
	assert_int_equal(types_find_member(&number, "x", &member, &err), -ENOENT);
	assert_int_equal(types_member(&chip, 4, &member, &err), -EINVAL);
}

static void pointers_and_arrays_have_targets(void **state)
{
	struct type_member next = member_of("struct chip", "next");
	struct type_member name = member_of("struct chip", "name");
	struct type target, number = find("int");
	struct error err;

	(void)state;
	assert_int_equal(next.type.kind, TYPE_POINTER);
	assert_int_equal(types_target(&next.type, &target, &err), 0);
	assert_int_equal(target.id, find("struct chip").id);
	assert_int_equal(name.type.kind, TYPE_ARRAY);
	assert_int_equal(name.type.count, 16);
	assert_int_equal(name.type.size, 16);
	assert_int_equal(types_target(&name.type, &target, &err), 0);
	assert_int_equal(target.kind, TYPE_CHAR);
	assert_int_equal(types_target(&number, &target, &err), -EINVAL);
}

static void check_enumerator(const char *type_name, uint32_t i, const char *name, uint64_t value)
{
	struct type type = find(type_name);
	struct error err;
	const char *found;
	uint64_t number;

	assert_int_equal(types_enumerator(&type, i, &found, &number, &err), 0);
	assert_string_equal(found, name);
	assert_true(number == value);
	assert_int_equal(types_enumerator(&type, type.count, &found, &number, &err), -EINVAL);
}

static void enumerators_have_names_and_values(void **state)
{
	(void)state;
	check_enumerator("enum mode", 0, "MODE_NONE", 0);
	check_enumerator("enum mode", 1, "MODE_LAST", (uint64_t)-1);
	check_enumerator("enum wide", 0, "WIDE_TOP", 1ULL << 63);
}

static void check_named_enumerator(const char *name, int code, uint64_t value)
{
	uint64_t number = 0;
	struct error err;

	assert_int_equal(enumerator_find(kernel_running(), name, &number, &err), code);
	if (!code)
		assert_true(number == value);
}

/* Flags of the kernel are in enums without a name. */
static void enumerators_are_found_by_their_name_alone(void **state)
{
	(void)state;
	check_named_enumerator("MODE_LAST", 0, (uint64_t)-1);
	check_named_enumerator("WIDE_TOP", 0, 1ULL << 63);
	check_named_enumerator("mode", -ENOENT, 0);
	check_named_enumerator("", -ENOENT, 0);
	check_named_enumerator("MODE", -ENOENT, 0);
}

static void per_cpu_variables_have_types(void **state)
{
	struct type_variable variable;
	struct error err;

	(void)state;
	assert_int_equal(types_variable(kernel_running(), "vector_irq", &variable, &err), 0);
	assert_int_equal(variable.type.kind, TYPE_POINTER);
	assert_true(variable.is_per_cpu);
	assert_int_equal(variable.btf_id, 0); /* a file's ids are not the kernel's */
	assert_int_equal(types_variable(kernel_running(), "nothing", &variable, &err), -ENOENT);
}

static void what_is_not_there_is_said(void **state)
{
	char long_name[1000];
	struct type type;
	struct error err;

	(void)state;
	assert_int_equal(types_find(kernel_running(), "struct nothing", NULL, &type, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "struct nothing"));
	assert_non_null(strstr(err.text, path));
	assert_int_equal(types_find(kernel_running(), "struct atomic_t", NULL, &type, &err),
			 -ENOENT);
	assert_int_equal(types_find(kernel_running(), "", NULL, &type, &err), -ENOENT);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(types_find(kernel_running(), long_name, NULL, &type, &err), -EINVAL);
	assert_int_equal(types_get(0, &type, &err), -EINVAL);
	assert_int_equal(types_get(99ULL << 32 | 1, &type, &err), -EINVAL);
	assert_int_equal(types_get(1ULL << 32 | 9999, &type, &err), -EINVAL);
}

static void another_file_has_other_types(void **state)
{
	uint64_t before = find("struct chip").id;
	struct btf *btf = btf__new_empty();
	const void *data;
	struct type type;
	struct error err;
	char old[32];
	__u32 size;

	(void)state;
	memcpy(old, path, sizeof(old));
	btf__add_int(btf, "only", 8, 0);
	data = btf__raw_data(btf, &size);
	write_temporary(path, data, size);
	assert_int_equal(debuginfo_set(kernel_running(), path, &err), 0);
	assert_int_equal(find("only").size, 8);
	assert_int_equal(types_find(kernel_running(), "struct chip", NULL, &type, &err), -ENOENT);
	/* What was found before stays good. */
	assert_int_equal(types_get(before, &type, &err), 0);
	assert_string_equal(type.name, "chip");
	btf__free(btf);
	unlink(old);
}

/* ---- damage ---- */

static void ask_functions(void)
{
	struct function_argument argument;
	struct function function;
	struct error err;
	struct type type;

	if (function_find_tracepoint(kernel_running(), "tick", NULL, &function, &err) &&
	    function_find_caller(kernel_running(), "tick", NULL, &function, &err))
		return;
	function_result(&function, &type, &err);
	for (uint32_t i = 0; i < function.nr_arguments; i++)
		function_argument(&function, i, &argument, &err);
}

/* Asks everything there is to ask; no answer matters, only that there is one. */
static void ask_everything(void)
{
	struct type type, target;
	struct type_member member;
	struct error err;
	const char *name;
	uint64_t value;
	struct type_variable variable;

	types_find(kernel_running(), "struct chip", NULL, &type, &err);
	types_variable(kernel_running(), "vector_irq", &variable, &err);
	for (uint64_t id = 1; id <= SAMPLE_FUNC + 1; id++) {
		if (types_get(1ULL << 32 | id, &type, &err))
			continue;
		types_target(&type, &target, &err);
		types_find_member(&type, "entry.vector", &member, &err);
		types_find_member(&type, "not there", &member, &err);
		for (uint32_t i = 0; i < type.count && i < 100; i++) {
			types_member(&type, i, &member, &err);
			types_enumerator(&type, i, &name, &value, &err);
		}
	}
	ask_functions();
}

static void truncated_types_are_refused_or_read(void **state)
{
	struct btf *btf = sample_new();
	__u32 size;
	const char *data = btf__raw_data(btf, &size);

	(void)state;
	for (__u32 cut = 0; cut < size; cut++) {
		if (!use_bytes(data, cut))
			ask_everything();
		forget();
	}
	btf__free(btf);
}

static void damaged_types_are_refused_or_read(void **state)
{
	struct btf *btf = sample_new();
	__u32 size;
	const unsigned char *data = btf__raw_data(btf, &size);
	unsigned char *copy = malloc(size);

	(void)state;
	for (__u32 i = 0; i < size; i++) {
		memcpy(copy, data, size);
		copy[i] ^= 0xff >> (i % 7);
		if (!use_bytes(copy, size))
			ask_everything();
		forget();
	}
	free(copy);
	btf__free(btf);
}

static void types_that_lead_to_themselves_have_an_end(void **state)
{
	struct btf *btf = btf__new_empty();
	struct type_member member;
	struct type type;
	struct error err;

	(void)state;
	btf__add_typedef(btf, "loop", 1);
	btf__add_array(btf, 2, 2, 2);
	btf__add_struct(btf, "nest", 8);
	for (int i = 0; i < 1000; i++)
		btf__add_field(btf, "", 3, 0, 0);
	btf__add_int(btf, "int", 4, 0);
	btf__add_array(btf, 4, 4, 0xffffffff);
	btf__add_array(btf, 4, 5, 0xffffffff);
	btf__add_array(btf, 4, 6, 0xffffffff);
	assert_int_equal(use(btf), 0);
	assert_int_equal(types_find(kernel_running(), "loop", NULL, &type, &err), -EINVAL);
	assert_non_null(strstr(err.text, "damaged"));
	assert_int_equal(types_get(1ULL << 32 | 2, &type, &err), -EINVAL);
	assert_int_equal(types_get(1ULL << 32 | 7, &type, &err), -EINVAL);
	type = find("struct nest");
	assert_int_equal(types_find_member(&type, "x", &member, &err), -EINVAL);
	forget();
}

static void members_outside_their_struct_are_refused(void **state)
{
	struct btf *btf = btf__new_empty();
	struct type_member member;
	struct type type;
	struct error err;

	(void)state;
	btf__add_int(btf, "int", 4, 0);
	btf__add_struct(btf, "short", 6);
	btf__add_field(btf, "inside", 1, 16, 0);
	btf__add_field(btf, "outside", 1, 24, 0);
	btf__add_field(btf, "unaligned", 1, 4, 0);
	btf__add_field(btf, "bits", 1, 40, 12);
	assert_int_equal(use(btf), 0);
	type = find("struct short");
	assert_int_equal(types_member(&type, 0, &member, &err), 0);
	for (uint32_t i = 1; i < 4; i++)
		assert_int_equal(types_member(&type, i, &member, &err), -EINVAL);
	forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(struct_and_union_of_one_name_are_told_apart, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(typedefs_and_qualifiers_are_skipped, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(c_names_of_integers_are_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(members_of_anonymous_structs_are_found, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(members_that_are_not_there_are_named, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(pointers_and_arrays_have_targets, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(enumerators_are_found_by_their_name_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(enumerators_have_names_and_values, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(per_cpu_variables_have_types, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_file_has_other_types, set_up, tear_down),
		cmocka_unit_test(truncated_types_are_refused_or_read),
		cmocka_unit_test(damaged_types_are_refused_or_read),
		cmocka_unit_test(types_that_lead_to_themselves_have_an_end),
		cmocka_unit_test(members_outside_their_struct_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
