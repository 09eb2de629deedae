// SPDX-License-Identifier: MIT
/*
 * Maps, programs and sessions made at run time, from C: instructions written by hand, on a function
 * and a marker of this test itself, so that every count is known.
 */
#include "../unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <unistd.h>

#include "../unit/marked.h"
#include "base/array.h"
#include "kernel/kfeat.h"
#include "load/debug.h"
#include "load/program.h"
#include "probe/binary.h"
#include "probe/map.h"
#include "probe/session.h"

static const char self[] = "/proc/self/exe";

__attribute__((noinline, used)) static int marked(int argument)
{
	MARK("passed", "-4@%1", "r"(argument));
	return argument + 1;
}

/* The word of the control map that the programs count in. */
enum { COUNT = 500 };

#define MOV(to, value)                                                                             \
	{                                                                                          \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value)               \
	}
#define COPY(to, from)                                                                             \
	{                                                                                          \
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from)            \
	}
#define LOAD(to, from, at)                                                                         \
	{                                                                                          \
		.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = (to), .src_reg = (from),            \
		.off = (at)                                                                        \
	}
#define ADD_TO(to, from)                                                                           \
	{                                                                                          \
		.code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = (to), .src_reg = (from),         \
		.imm = BPF_ADD                                                                     \
	}
#define ADDRESS(to, fd, at)                                                                        \
	{ .code = BPF_LD | BPF_DW | BPF_IMM,                                                       \
	  .dst_reg = (to),                                                                         \
	  .src_reg = BPF_PSEUDO_MAP_VALUE,                                                         \
	  .imm = (fd) },                                                                           \
	{                                                                                          \
		.imm = (at)                                                                        \
	}
#define SKIP_IF_0(reg, n)                                                                          \
	{                                                                                          \
		.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = (reg), .off = (n)                    \
	}
#define EXIT                                                                                       \
	{                                                                                          \
		.code = BPF_JMP | BPF_EXIT                                                         \
	}

struct fixture {
	struct probe_map control;
	int program;
	uint64_t function; /* offset of marked() in this file */
};

static volatile uint64_t *words(const struct fixture *fixture)
{
	return fixture->control.memory;
}

/* Counts while the gate is open. */
static int load_counting(const char *type, const struct probe_map *control, struct error *err)
{
	const struct bpf_insn code[] = {
		ADDRESS(1, control->fd, 8 * PROBE_GATE),
		LOAD(2, 1, 0),
		SKIP_IF_0(2, 4),
		ADDRESS(1, control->fd, 8 * COUNT),
		MOV(2, 1),
		ADD_TO(1, 2),
		MOV(0, 0),
		EXIT,
	};
	const struct program_spec spec = {
		.type = type, .name = "count", .code = code, .n = ARRAY_SIZE(code)
	};
	char *log;
	int fd = program_load(&spec, &log, err);

	free(log);
	return fd;
}

static int start(void **state)
{
	const struct probe_map_spec spec = { .type = "array",
					     .name = "control",
					     .key_size = 4,
					     .value_size = PROBE_CONTROL_BYTES,
					     .entries = 1,
					     .mapped = true };
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct error err;

	*state = fixture;
	if (probe_map_create(&spec, &fixture->control, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	fixture->program = load_counting("kprobe", &fixture->control, &err);
	if (fixture->program < 0 || binary_function(self, "marked", &fixture->function, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->program);
	probe_map_free(&fixture->control);
	probe_map_free(&fixture->control);
	free(fixture);
	return 0;
}

static size_t open_files(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* ---- maps ---- */

static struct probe_map make_map(const char *type, uint32_t entries)
{
	const struct probe_map_spec spec = {
		.type = type, .name = "a-map!", .key_size = 4, .value_size = 8, .entries = entries
	};
	struct probe_map map;
	struct error err;

	assert_int_equal(probe_map_create(&spec, &map, &err), 0);
	return map;
}

static void values_of_each_cpu_are_one_value(void **state)
{
	struct probe_map map = make_map("percpu_hash", 16);
	uint32_t key = 7;
	uint64_t *values = calloc((size_t)map.cpus, sizeof(*values));
	struct error err;

	(void)state;
	assert_int_equal(map.lookup_size, sizeof(*values) * (size_t)map.cpus);
	values[map.cpus - 1] = 42;
	assert_int_equal(probe_map_set(&map, &key, values, &err), 0);
	values[map.cpus - 1] = 0;
	assert_int_equal(probe_map_get(&map, &key, values, &err), 0);
	assert_int_equal(values[map.cpus - 1], 42);
	assert_int_equal(probe_map_delete(&map, &key, &err), 0);
	assert_int_equal(probe_map_get(&map, &key, values, &err), -ENOENT);
	free(values);
	probe_map_free(&map);
}

/* In a hash, by batches; in a stack map, whose type has none in any kernel, one by one. */
static void all_are_read_by_batches(void **state)
{
	struct probe_map map = make_map("hash", 5000);
	struct probe_entries entries;
	uint64_t sum = 0;
	struct error err;

	(void)state;
	for (uint64_t i = 1; i <= map.entries; i++)
		assert_int_equal(probe_map_set(&map, &i, &i, &err), 0);
	assert_int_equal(probe_map_all(&map, &entries, &err), 0);
	assert_int_equal(entries.n, map.entries);
	for (size_t i = 0; i < entries.n; i++) {
		uint64_t value;

		memcpy(&value, entries.values + 8 * i, sizeof(value));
		assert_memory_equal(entries.keys + 4 * i, &value, 4);
		sum += value;
	}
	assert_int_equal(sum, 5000 * 5001 / 2);
	probe_entries_free(&entries);
	probe_entries_free(&entries);
	probe_map_free(&map);
}

static void all_are_read_without_batches(void **state)
{
	struct probe_map map = make_map("stack_trace", 600);
	struct probe_entries entries;
	struct error err;

	(void)state;
	assert_int_equal(probe_map_all(&map, &entries, &err), 0);
	assert_int_equal(entries.n, 0);
	probe_entries_free(&entries);
	probe_map_free(&map);
}

static void what_no_map_has_is_refused(void **state)
{
	struct probe_map_spec spec = {
		.type = "hash", .name = "none", .key_size = 4, .value_size = 8
	};
	struct probe_map map;
	struct error err;
	size_t before = open_files();

	(void)state;
	assert_int_equal(probe_map_create(&spec, &map, &err), -EINVAL);
	assert_int_equal(map.fd, -1);
	probe_map_free(&map);
	spec.type = "lru_hash";
	assert_int_equal(probe_map_create(&spec, &map, &err), -EINVAL);
	assert_string_equal(err.text, "no type of maps is called lru_hash");
	/* Pages of hashes cannot be mapped. */
	spec = (struct probe_map_spec){ "hash", "none", 4, 8, 16, true };
	assert_int_equal(probe_map_create(&spec, &map, &err), -EINVAL);
	assert_int_equal(open_files(), before);
}

/* ---- programs ---- */

static const struct bpf_insn unset[] = { MOV(1, 0), COPY(0, 3), EXIT };

static void a_refusal_has_the_log_with_its_line(void **state)
{
	const struct program_line lines[] = { { 0, 1, "first" },
					      { 1, 2, "the wrong one" },
					      { 2, 3, NULL } };
	const struct program_spec spec = {
		.type = "raw_tp",
		.name = "unset",
		.code = unset,
		.n = ARRAY_SIZE(unset),
		.file = "x.lua",
		.lines = lines,
		.nr_lines = ARRAY_SIZE(lines),
	};
	size_t before = open_files();
	struct error err;
	char *log;

	(void)state;
	assert_int_equal(program_load(&spec, &log, &err), -EACCES);
	assert_string_equal(err.text,
			    "the kernel refused the program unset: Permission denied: R3 !read_ok");
	assert_non_null(strstr(log, "; the wrong one"));
	free(log);
	assert_int_equal(open_files(), before);
}

/* Each half of a constant of 64 bits would have one, and there would be none at the start. */
static void lines_are_put_right(void **state)
{
	const struct bpf_insn code[] = { MOV(0, 0), ADDRESS(1, 0, 0), MOV(2, 0), EXIT };
	const struct program_line lines[] = {
		{ 1, 10, "a" }, { 1, 11, "b" },	     { 2, 12, "half" },	  { 0, 13, "back" },
		{ 3, 14, "b" }, { 4, 1 << 30, "c" }, { 5, 16, "behind" },
	};
	struct program_debug debug;
	struct error err;

	(void)state;
	assert_int_equal(program_debug_load(&debug, "1-x", "f", code, ARRAY_SIZE(code), lines,
					    ARRAY_SIZE(lines), 0, &err),
			 0);
	assert_true(debug.fd >= 0);
	assert_int_equal(debug.nr_lines, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(debug.lines[i].insn_off, ((const uint32_t[]){ 0, 1, 3, 4 })[i]);
	assert_int_equal(debug.lines[1].line_col >> 10, 11);
	assert_int_equal(debug.lines[3].line_col >> 10, (1 << 22) - 1);
	program_debug_free(&debug);
	program_debug_free(&debug);
}

static void a_program_runs_and_tells_of_itself(void **state)
{
	const struct bpf_insn code[] = { LOAD(0, 1, 8), EXIT };
	const struct program_spec spec = {
		.type = "raw_tp", .name = "second", .code = code, .n = 2
	};
	const uint64_t args[] = { 1, 4711 };
	struct program_info info;
	struct error err;
	uint32_t result;
	char *log;
	int fd = program_load(&spec, &log, &err);

	(void)state;
	assert_true(fd >= 0);
	assert_null(log);
	assert_int_equal(program_run(fd, args, 2, &result, &err), 0);
	assert_int_equal(result, 4711);
	assert_int_equal(program_run(fd, args, 1, &result, &err), -EINVAL);
	assert_int_equal(program_info(fd, &info, &err), 0);
	assert_int_equal(info.xlated, sizeof(code));
	assert_true(info.verified == 2 || info.verified == PROGRAM_UNKNOWN);
	assert_true(info.misses == 0 || info.misses == PROGRAM_UNKNOWN);
	close(fd);
}

/* ---- sessions ---- */

static struct probe_point on_function(const struct fixture *fixture, const char *attach)
{
	return (struct probe_point){
		.program = fixture->program,
		.attach = attach,
		.where = { .event = "marked", .binary = self, .offset = fixture->function },
	};
}

static struct probe_session *attach(const struct fixture *fixture, const struct probe_point *points,
				    size_t n)
{
	const struct probe_session_spec spec = { .control = &fixture->control,
						 .points = points,
						 .nr_points = n };
	struct probe_session *session;
	size_t refused;
	struct error err;

	if (!probe_session_create(&spec, &session, &refused, &err))
		return session;
	fail_msg("%s", err.text);
	return NULL;
}

static uint64_t count_of(const struct fixture *fixture, int calls)
{
	uint64_t before = words(fixture)[COUNT];

	for (int i = 0; i < calls; i++)
		assert_int_equal(marked(i), i + 1);
	return words(fixture)[COUNT] - before;
}

static void functions_of_programs_are_counted(void **state)
{
	const struct fixture *fixture = *state;
	const struct probe_point points[] = { on_function(fixture, "uprobe"),
					      on_function(fixture, "uretprobe") };

	for (size_t i = 1; i <= 2; i++) {
		struct probe_session *session = attach(fixture, points, i);

		assert_int_equal(count_of(fixture, 100), 100 * i);
		probe_session_stop(session);
		assert_int_equal(count_of(fixture, 100), 0);
		probe_session_destroy(session);
	}
}

/* The program looks at its semaphore before it comes to the marker: it must be up just so long. */
static void a_marker_knows_who_listens(void **state)
{
	struct fixture *fixture = *state;
	struct probe_point point = on_function(fixture, "usdt");
	struct binary_markers markers;
	struct probe_session *session;
	struct error err;

	assert_int_equal(binary_markers(self, &markers, &err), 0);
	for (size_t i = 0; i < markers.n; i++)
		if (!strcmp(markers.list[i].name, "passed")) {
			point.where.offset = markers.list[i].offset;
			point.where.semaphore = markers.list[i].semaphore;
		}
	binary_markers_free(&markers);
	assert_int_equal(marked_semaphore, 0);
	session = attach(fixture, &point, 1);
	assert_int_equal(marked_semaphore, 1);
	assert_int_equal(count_of(fixture, 10), 10);
	probe_session_close(session);
	assert_int_equal(marked_semaphore, 0);
	probe_session_destroy(session);
}

static void all_or_none(void **state)
{
	const struct fixture *fixture = *state;
	struct probe_point points[] = { on_function(fixture, "uprobe"),
					on_function(fixture, "uretprobe") };
	const struct probe_session_spec spec = { .control = &fixture->control,
						 .points = points,
						 .nr_points = 2 };
	struct probe_session *session;
	size_t before = open_files(), refused;
	struct error err;

	points[1].where.binary = "/no/such/file";
	assert_int_equal(probe_session_create(&spec, &session, &refused, &err), -ENOENT);
	assert_int_equal(refused, 2);
	assert_string_equal(err.text, "the kernel refused a uprobe on /no/such/file:marked: "
				      "No such file or directory");
	assert_null(session);
	assert_int_equal(open_files(), before);
	assert_int_equal(words(fixture)[PROBE_GATE], 0);
	words(fixture)[PROBE_GATE] = 1;
	assert_int_equal(count_of(fixture, 10), 0);
	words(fixture)[PROBE_GATE] = 0;
}

static void closing_closes_all(void **state)
{
	const struct fixture *fixture = *state;
	const struct probe_point points[] = { on_function(fixture, "uprobe"),
					      on_function(fixture, "uretprobe") };
	size_t before = open_files();

	for (int i = 0; i < 10; i++) {
		struct probe_session *session = attach(fixture, points, 2);

		probe_session_close(session);
		probe_session_close(session);
		assert_true(probe_session_is_closed(session));
		assert_int_equal(open_files(), before);
		probe_session_destroy(session);
	}
	probe_session_destroy(NULL);
	assert_int_equal(open_files(), before);
}

/* What was lost cannot be told everywhere; it is never told as 0 there, and the same when it is
 * over. */
static void misses_are_told_or_not(void **state)
{
	const struct fixture *fixture = *state;
	struct probe_point point = on_function(fixture, "uprobe");
	struct probe_session *session = attach(fixture, &point, 1);
	uint64_t missed, then;
	struct error err;
	int code = probe_session_missed(session, &missed, &err);

	assert_true(code ? code == -EOPNOTSUPP : missed == 0);
	probe_session_stop(session);
	assert_int_equal(probe_session_missed(session, &then, &err), code);
	probe_session_destroy(session);
}

static void what_a_point_lacks_is_named(void **state)
{
	const struct {
		struct probe_point point;
		const char *lacks;
	} cases[] = {
		{ { .attach = "tp_btf" }, NULL },
		{ { .attach = "raw_tp" }, "event" },
		{ { .attach = "tp", .where = { .event = "e" } }, "group" },
		{ { .attach = "uprobe" }, "binary" },
		{ { .attach = "usdt", .where = { .binary = "b" } }, "offset" },
		{ { .attach = "kprobe_multi" }, "names" },
		{ { .attach = "profile" }, "hz" },
		{ { .attach = "interval" }, "ns" },
		{ { .attach = "interval", .where = { .ns = 1 } }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *lacks = probe_point_lacks(&cases[i].point);

		assert_true(lacks && cases[i].lacks ? !strcmp(lacks, cases[i].lacks)
						    : lacks == cases[i].lacks);
	}
	assert_false(probe_attach_is_known("nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_each_cpu_are_one_value),
		cmocka_unit_test(all_are_read_by_batches),
		cmocka_unit_test(all_are_read_without_batches),
		cmocka_unit_test(what_no_map_has_is_refused),
		cmocka_unit_test(a_refusal_has_the_log_with_its_line),
		cmocka_unit_test(lines_are_put_right),
		cmocka_unit_test(a_program_runs_and_tells_of_itself),
		cmocka_unit_test(functions_of_programs_are_counted),
		cmocka_unit_test(a_marker_knows_who_listens),
		cmocka_unit_test(all_or_none),
		cmocka_unit_test(closing_closes_all),
		cmocka_unit_test(misses_are_told_or_not),
		cmocka_unit_test(what_a_point_lacks_is_named),
	};
	struct error why;

	if (kfeat_may_trace(&why)) {
		printf("1..0 # SKIP needs root: %s\n", why.text);
		return 0;
	}
	return cmocka_run_group_tests(tests, start, end);
}
