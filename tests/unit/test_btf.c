// SPDX-License-Identifier: MIT
/* The reader of BTF: what it finds, in whole and in parts, and that damage has an end. */
#include "unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fnmatch.h>
#include <linux/btf.h>

#include "kernel/btf.h"
#include "kernel/btf_layout.h"
#include "kernel/debuginfo.h"
#include "kernel/functions.h"
#include "kernel/kernel.h"
#include "load/btf_header.h"

static const int structs[] = { BTF_KIND_STRUCT, 0 };
static const int either[] = { BTF_KIND_TYPEDEF, BTF_KIND_STRUCT, 0 };

/* ---- BTF from memory ---- */

static struct btf_reader *open_bytes(const void *data, size_t size, struct btf_reader *base)
{
	struct btf_reader *reader = NULL;
	struct error err;
	char path[32];

	write_temporary(path, data, size);
	if (btf_open(path, BTF_FILE, base, &reader, &err))
		reader = NULL;
	unlink(path);
	return reader;
}

static struct btf_reader *open_btf(const struct btf *btf, struct btf_reader *base)
{
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	struct btf_reader *reader = open_bytes(data, size, base);

	assert_non_null(reader);
	return reader;
}

static uint32_t find(struct btf_reader *reader, const char *name, const int *kinds)
{
	struct btf_wanted wanted = { .name = name, .kinds = kinds };
	struct error err;

	if (btf_find(reader, &wanted, 1, &err))
		fail_msg("%s", err.text);
	return wanted.id;
}

/* So many structs, s0, s1, ..., each with a member of the name of the next. */
static struct btf *many(int n, const char *prefix)
{
	struct btf *btf = btf__new_empty();
	char name[64];

	btf__add_int(btf, "int", 4, 0);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%d", prefix, i);
		btf__add_struct(btf, name, 4);
		snprintf(name, sizeof(name), "%s%d", prefix, i + 1);
		btf__add_field(btf, name, 1, 0, 0);
	}
	return btf;
}

/* ---- what is there ---- */

static void every_type_and_string_is_what_libbpf_says(void **state)
{
	enum { N = 20000 };
	struct btf *btf = many(N, "a_struct_of_a_kernel_");
	struct btf_reader *reader = open_btf(btf, NULL);
	struct error err;

	(void)state;
	assert_int_equal(btf_check(reader, &err), 0);
	/* Strings and types do not fit a window, so names and records lie across their ends. */
	assert_true(reader->types.size > 2 * LAZYFILE_WINDOW);
	assert_true(reader->strings.size > 2 * LAZYFILE_WINDOW);
	for (uint32_t id = 1; id <= N + 1; id++) {
		const struct btf_type *type = btf_type_at(reader, id);
		const struct btf_type *other = btf__type_by_id(btf, id);

		assert_non_null(type);
		assert_memory_equal(type, other, btf_record_size(other));
		assert_string_equal(btf_string_at(reader, type->name_off),
				    btf__name_by_offset(btf, other->name_off));
	}
	assert_null(btf_type_at(reader, N + 2));
	assert_null(btf_type_at(reader, UINT32_MAX));
	btf_close(reader);
	btf__free(btf);
}

static void every_name_is_found_across_the_ends_of_windows(void **state)
{
	enum { N = 9000, STEP = 37 };
	struct btf *btf = many(N, "a_struct_of_a_kernel_");
	struct btf_reader *reader = open_btf(btf, NULL);
	char name[64];

	(void)state;
	for (uint32_t i = 0; i < N; i += STEP) {
		snprintf(name, sizeof(name), "a_struct_of_a_kernel_%u", i);
		assert_int_equal(find(reader, name, structs), i + 2);
	}
	/* Of a member only, of nothing, a part of a name, a name that begins with one. */
	assert_int_equal(find(reader, "a_struct_of_a_kernel_9000", structs), 0);
	assert_int_equal(find(reader, "a_struct_of_a_kernel_9001", structs), 0);
	assert_int_equal(find(reader, "struct_of_a_kernel_5", structs), 0);
	assert_int_equal(find(reader, "a_struct_of_a_kernel_", structs), 0);
	assert_int_equal(find(reader, "", structs), 0);
	assert_int_equal(find(reader, "int", structs), 0);
	btf_close(reader);
	btf__free(btf);
}

static void several_names_take_one_pass(void **state)
{
	struct btf *btf = many(100, "s");
	struct btf_reader *reader = open_btf(btf, NULL);
	struct btf_wanted wanted[] = {
		{ .name = "s99", .kinds = structs },
		{ .name = "s0", .kinds = structs },
		{ .name = "nothing", .kinds = structs },
		{ .name = "s7", .kinds = structs },
	};
	struct error err;

	(void)state;
	assert_int_equal(btf_find(reader, wanted, 4, &err), 0);
	assert_int_equal(wanted[0].id, 101);
	assert_int_equal(wanted[1].id, 2);
	assert_int_equal(wanted[2].id, 0);
	assert_int_equal(wanted[3].id, 9);
	btf_close(reader);
	btf__free(btf);
}

static void a_search_goes_no_further_than_it_must(void **state)
{
	struct btf *btf = many(1000, "s");
	struct btf_reader *reader = open_btf(btf, NULL);

	(void)state;
	assert_int_equal(find(reader, "s9", structs), 11);
	assert_int_equal(reader->count, 11);
	/* What lies behind is come to when it is asked for. */
	assert_non_null(btf_type_at(reader, 500));
	assert_true(reader->count >= 500 && reader->count < 1000);
	assert_non_null(btf_type_at(reader, 1001));
	assert_null(btf_type_at(reader, 1002));
	btf_close(reader);
	btf__free(btf);
}

static void the_preferred_kind_is_found_though_it_comes_later(void **state)
{
	struct btf *btf = btf__new_empty();
	struct btf_reader *reader;

	(void)state;
	btf__add_struct(btf, "both", 4);
	btf__add_struct(btf, "both", 8);
	btf__add_typedef(btf, "both", 1);
	btf__add_typedef(btf, "both", 2);
	reader = open_btf(btf, NULL);
	assert_int_equal(find(reader, "both", either), 3);
	assert_int_equal(find(reader, "both", structs), 1);
	btf_close(reader);
	btf__free(btf);
}

/* ---- modules ---- */

static void a_module_has_its_own_types_and_the_names_of_both(void **state)
{
	struct btf *kernel = many(50, "s"), *module = btf__new_empty_split(kernel);
	struct btf_reader *base = open_btf(kernel, NULL), *reader;
	struct btf_wanted wanted = { .name = "s50", .kinds = structs };
	struct error err;

	(void)state;
	btf__add_struct(module, "first_name", 8);
	btf__add_field(module, "s7", 3, 0, 0);
	btf__add_struct(module, "s50", 16);
	btf__add_struct(module, "last_name", 24);
	reader = open_btf(module, base);
	assert_int_equal(find(reader, "first_name", structs), 52);
	assert_int_equal(find(reader, "s50", structs), 53);
	assert_int_equal(find(reader, "last_name", structs), 54);
	assert_int_equal(find(reader, "s7", structs), 0);
	assert_int_equal(find(base, "s50", structs), 0);
	/* A wanted may go from one to the next. */
	assert_int_equal(btf_find(base, &wanted, 1, &err), 0);
	assert_int_equal(wanted.id, 0);
	assert_int_equal(btf_find(reader, &wanted, 1, &err), 0);
	assert_int_equal(wanted.id, 53);
	for (uint32_t id = 1; id <= 54; id++) {
		const struct btf_type *other = btf__type_by_id(module, id);

		assert_int_equal(btf_is_of_base(reader, id), id < 52);
		assert_memory_equal(btf_type_at(reader, id), other, btf_record_size(other));
		assert_string_equal(btf_string_at(reader, other->name_off),
				    btf__name_by_offset(module, other->name_off));
	}
	btf_close(reader);
	btf_close(base);
	btf__free(module);
	btf__free(kernel);
}

/* ---- patterns ---- */

static void count_and_check(void *context, uint32_t id, uint32_t name)
{
	int *count = context;

	assert_true(id > 1);
	assert_true(name > 0);
	++*count;
}

static int matching(struct btf_reader *reader, const char *pattern)
{
	struct btf_names names = { .offsets = NULL };
	struct error err;
	int count = 0;

	assert_int_equal(btf_match(reader, pattern, &names, &err), 0);
	assert_int_equal(btf_each(reader, BTF_KIND_STRUCT, &names, count_and_check, &count, &err),
			 0);
	free(names.offsets);
	return count;
}

/* As many of a_0 to a_9999 as fnmatch(3) says. */
static int expected(const char *pattern)
{
	char name[64];
	int count = 0;

	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "a_%d", i);
		count += !fnmatch(pattern, name, 0);
	}
	return count;
}

static void patterns_match_what_fnmatch_matches(void **state)
{
	static const char *const patterns[] = {
		"*",	"a_12", "a_12?",  "*_99*",   "*_99**",	  "*9_*9", "a_*1*1*1",
		"*1?1", "a_*",	"?_?",	  "*_[12]?", "a_1[!0-8]", "",	   "a_1?????",
		"?",	"**",	"a_1\\2", "b*",	     "a_*12*2",
	};
	struct btf *btf = many(10000, "a_");
	struct btf_reader *reader = open_btf(btf, NULL);

	(void)state;
	assert_int_equal(matching(reader, "a_12?"), 10);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		if (matching(reader, patterns[i]) != expected(patterns[i]))
			fail_msg("'%s': %d", patterns[i], matching(reader, patterns[i]));
	btf_close(reader);
	btf__free(btf);
}

/* ---- functions and tracepoints ---- */

static void use(struct btf *btf)
{
	struct error err;
	char path[32];
	__u32 size;
	const void *data = btf__raw_data(btf, &size);

	types_reset(kernel_running());
	write_temporary(path, data, size);
	if (debuginfo_set(kernel_running(), path, &err))
		fail_msg("%s", err.text);
	/* It is opened when it is first asked for. */
	types_find(kernel_running(), "int", NULL, &(struct type){ .kind = TYPE_VOID }, NULL);
	unlink(path);
	btf__free(btf);
}

static void forget(void)
{
	types_reset(kernel_running());
	debuginfo_reset(kernel_running());
}

enum { INT = 1, VOID_POINTER, TAKES };

/* A prototype with a first void *, one int, "..." if variadic; returns int. */
static struct btf *with_prototype(bool variadic)
{
	struct btf *btf = btf__new_empty();

	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	btf__add_ptr(btf, 0);
	btf__add_func_proto(btf, INT);
	btf__add_func_param(btf, "first", VOID_POINTER);
	btf__add_func_param(btf, "second", INT);
	if (variadic)
		btf__add_func_param(btf, "", 0);
	return btf;
}

static void functions_have_arguments_and_results(void **state)
{
	struct btf *btf = with_prototype(true);
	struct function_argument argument;
	struct function function;
	struct type type;
	struct error err;

	(void)state;
	btf__add_func(btf, "printk", BTF_FUNC_GLOBAL, TAKES);
	use(btf);
	assert_int_equal(function_find(kernel_running(), "printk", NULL, &function, &err), 0);
	assert_int_equal(function.nr_arguments, 2);
	assert_true(function.is_variadic);
	assert_null(function.module);
	/* Those of a file mean nothing to the running kernel. */
	assert_int_equal(function.btf_id, 0);
	assert_int_equal(function_argument(&function, 1, &argument, &err), 0);
	assert_string_equal(argument.name, "second");
	assert_int_equal(argument.type.kind, TYPE_INT);
	assert_int_equal(function_argument(&function, 2, &argument, &err), -EINVAL);
	assert_int_equal(function_result(&function, &type, &err), 0);
	assert_int_equal(type.size, 4);
	assert_int_equal(function_find(kernel_running(), "int", NULL, &function, &err), -ENOENT);
	assert_int_equal(
		function_find_tracepoint(kernel_running(), "printk", NULL, &function, &err),
		-ENOENT);
	forget();
}

static void tracepoints_lack_their_first_argument(void **state)
{
	struct btf *btf = with_prototype(false);
	struct function_argument argument;
	struct function function;
	struct error err;
	int pointer = btf__add_ptr(btf, TAKES);

	(void)state;
	btf__add_typedef(btf, "btf_trace_tick", pointer);
	btf__add_func(btf, "__traceiter_tick", BTF_FUNC_GLOBAL, TAKES);
	use(btf);
	assert_int_equal(function_find_tracepoint(kernel_running(), "tick", NULL, &function, &err),
			 0);
	assert_int_equal(function.nr_arguments, 1);
	assert_int_equal(function_argument(&function, 0, &argument, &err), 0);
	assert_int_equal(argument.type.kind, TYPE_INT);
	assert_int_equal(function_argument(&function, 1, &argument, &err), -EINVAL);
	assert_int_equal(function_find_caller(kernel_running(), "tick", NULL, &function, &err), 0);
	assert_int_equal(function_argument(&function, 0, &argument, &err), 0);
	assert_string_equal(argument.name, "second");
	assert_int_equal(function_find_caller(kernel_running(), "tock", NULL, &function, &err),
			 -ENOENT);
	forget();
}

/* Prototypes that are none, have no first argument, or lead to themselves. */
static void what_is_no_function_is_refused(void **state)
{
	struct btf *btf = with_prototype(false);
	struct function function;
	struct error err;
	int none = btf__add_func_proto(btf, 0);

	(void)state;
	btf__add_typedef(btf, "btf_trace_number", INT);
	btf__add_typedef(btf, "btf_trace_empty", none);
	btf__add_typedef(btf, "btf_trace_loop", (int)btf__type_cnt(btf));
	btf__add_typedef(btf, "btf_trace_nowhere", 4000);
	use(btf);
	assert_int_equal(
		function_find_tracepoint(kernel_running(), "number", NULL, &function, &err),
		-EINVAL);
	assert_int_equal(function_find_tracepoint(kernel_running(), "empty", NULL, &function, &err),
			 -EINVAL);
	assert_int_equal(function_find_tracepoint(kernel_running(), "loop", NULL, &function, &err),
			 -EINVAL);
	assert_int_equal(
		function_find_tracepoint(kernel_running(), "nowhere", NULL, &function, &err),
		-EINVAL);
	forget();
}

/* ---- damage ---- */

/* Bytes of the records that many() makes, and where in one its kind is. */
static const size_t INT_SIZE = sizeof(struct btf_type) + sizeof(uint32_t);
static const size_t STRUCT_SIZE = sizeof(struct btf_type) + sizeof(struct btf_member);
static const size_t INFO = offsetof(struct btf_type, info);

static void put(unsigned char *data, size_t offset, uint32_t value)
{
	memcpy(data + offset, &value, sizeof(value));
}

static bool opens(const unsigned char *data, size_t size)
{
	struct btf_reader *reader = open_bytes(data, size, NULL);
	bool is_open = reader;

	btf_close(reader);
	return is_open;
}

static size_t header_of(const void *data)
{
	return ((const struct btf_header *)data)->hdr_len;
}

/* As one made with other headers than ours has: what is behind the header is elsewhere. */
static void a_longer_header_than_is_known_is_read(void **state)
{
	enum { FURTHER = 16 };
	struct btf *btf = many(10, "s");
	__u32 size;
	const unsigned char *data = btf__raw_data(btf, &size);
	size_t header = header_of(data);
	unsigned char *copy = calloc(1, size + FURTHER);
	struct btf_reader *reader;

	(void)state;
	memcpy(copy, data, header);
	memcpy(copy + header + FURTHER, data + header, size - header);
	put(copy, offsetof(struct btf_header, hdr_len), (uint32_t)header + FURTHER);
	reader = open_bytes(copy, size + FURTHER, NULL);
	assert_int_equal(find(reader, "s1", structs), 3);
	btf_close(reader);
	free(copy);
	btf__free(btf);
}

static void headers_that_lie_are_refused(void **state)
{
	struct btf *btf = many(10, "s");
	static const uint32_t lies[] = { 1, 2, 3, 1u << 20, UINT32_MAX - 3, UINT32_MAX };
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	unsigned char *copy = malloc(size);

	(void)state;
	assert_true(opens(data, size));
	for (size_t field = offsetof(struct btf_header, hdr_len); field < BTF_HEADER;
	     field += sizeof(uint32_t))
		for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
			bool is_told = field == offsetof(struct btf_header, hdr_len) ||
				       field == offsetof(struct btf_header, type_off);

			memcpy(copy, data, size);
			put(copy, field, lies[i]);
			/* Types or strings that are too few, or elsewhere, are read as they are. */
			if (is_told || lies[i] > size)
				assert_false(opens(copy, size));
		}
	assert_false(opens(data, 10));
	assert_false(opens((const unsigned char *)"\x9f\xeb", 2));
	free(copy);
	btf__free(btf);
}

static void a_record_that_is_none_ends_the_types_before_it(void **state)
{
	struct btf *btf = many(10, "s");
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	unsigned char *copy = malloc(size);
	struct btf_wanted late = { .name = "s9", .kinds = structs };
	struct btf_reader *reader;
	struct error err;

	(void)state;
	memcpy(copy, data, size);
	/* The third struct becomes of kind 31. */
	put(copy, header_of(data) + INT_SIZE + 2 * STRUCT_SIZE + INFO, 31u << 24);
	reader = open_bytes(copy, size, NULL);
	assert_int_equal(find(reader, "s1", structs), 3);
	assert_int_equal(btf_find(reader, &late, 1, &err), -EINVAL);
	assert_string_equal(err.text, "the BTF is damaged: type 4");
	assert_int_equal(btf_check(reader, &err), -EINVAL);
	assert_non_null(btf_type_at(reader, 3));
	assert_null(btf_type_at(reader, 4));
	assert_null(btf_type_at(reader, 5));
	btf_close(reader);
	free(copy);
	btf__free(btf);
}

static void more_elements_than_there_is_room_are_no_type(void **state)
{
	struct btf *btf = many(10, "s");
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	unsigned char *copy = malloc(size);
	struct btf_reader *reader;
	struct error err;

	(void)state;
	memcpy(copy, data, size);
	put(copy, header_of(data) + INT_SIZE + 9 * STRUCT_SIZE + INFO,
	    (unsigned)BTF_KIND_STRUCT << 24 | 2);
	reader = open_bytes(copy, size, NULL);
	assert_null(btf_type_at(reader, 11));
	assert_int_equal(btf_check(reader, &err), -EINVAL);
	btf_close(reader);
	free(copy);
	btf__free(btf);
}

static void strings_without_an_end_are_none(void **state)
{
	struct btf *btf = many(10, "s");
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	unsigned char *copy = malloc(size);
	struct btf_reader *reader;

	(void)state;
	memcpy(copy, data, size);
	copy[size - 1] = 'x';
	reader = open_bytes(copy, size, NULL);
	assert_string_equal(btf_string_at(reader, reader->strings.size - 1), "");
	assert_string_equal(btf_string_at(reader, reader->strings.size), "");
	assert_string_equal(btf_string_at(reader, UINT32_MAX), "");
	assert_string_equal(btf_string_at(reader, 1), "int");
	assert_int_equal(matching(reader, "*"), 10);
	btf_close(reader);
	free(copy);
	btf__free(btf);
}

/* A file that becomes shorter while it is read: an error, not a signal. */
static void a_file_that_shrinks_is_an_error(void **state)
{
	struct btf *btf = many(20000, "a_struct_of_a_kernel_");
	struct btf_wanted wanted = { .name = "a_struct_of_a_kernel_19999", .kinds = structs };
	struct btf_reader *reader = NULL;
	struct error err;
	char path[32];
	__u32 size;
	const void *data = btf__raw_data(btf, &size);

	(void)state;
	write_temporary(path, data, size);
	assert_int_equal(btf_open(path, BTF_FILE, NULL, &reader, &err), 0);
	assert_int_equal(truncate(path, 4096), 0);
	assert_true(btf_find(reader, &wanted, 1, &err) < 0);
	assert_null(btf_type_at(reader, 19999));
	assert_string_equal(btf_string_at(reader, reader->strings.size - 10), "");
	btf_close(reader);
	unlink(path);
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_and_string_is_what_libbpf_says),
		cmocka_unit_test(every_name_is_found_across_the_ends_of_windows),
		cmocka_unit_test(several_names_take_one_pass),
		cmocka_unit_test(a_search_goes_no_further_than_it_must),
		cmocka_unit_test(the_preferred_kind_is_found_though_it_comes_later),
		cmocka_unit_test(a_module_has_its_own_types_and_the_names_of_both),
		cmocka_unit_test(patterns_match_what_fnmatch_matches),
		cmocka_unit_test(functions_have_arguments_and_results),
		cmocka_unit_test(tracepoints_lack_their_first_argument),
		cmocka_unit_test(what_is_no_function_is_refused),
		cmocka_unit_test(a_longer_header_than_is_known_is_read),
		cmocka_unit_test(headers_that_lie_are_refused),
		cmocka_unit_test(a_record_that_is_none_ends_the_types_before_it),
		cmocka_unit_test(more_elements_than_there_is_room_are_no_type),
		cmocka_unit_test(strings_without_an_end_are_none),
		cmocka_unit_test(a_file_that_shrinks_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
