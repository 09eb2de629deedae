// SPDX-License-Identifier: MIT
/*
 * What the programs do with interrupts that no test can make happen: nested
 * handlers, exits without entry, entries without exit, a full row table. The
 * kernel runs the loaded programs with arguments made up here
 * (BPF_PROG_TEST_RUN of raw tracepoint programs, since 5.10), on one CPU, as
 * IRQs that this machine does not have.
 */
#include "loaded.h"

#include <sched.h>

enum { CPU = 0, FIRST_IRQ = 100000 };

struct trace {
	struct session *session;
	int entry, exit;
};

static int start(void **state)
{
	static struct trace trace;
	struct session_options options = { .way = "raw_tp", .rows = 32 };
	struct error err;

	*state = &trace;
	if (session_create(provider_find("hardirq"), &options, &trace.session, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	trace.entry = program_here("on_entry");
	trace.exit = program_here("on_exit");
	assert_true(trace.entry >= 0 && trace.exit >= 0);
	return 0;
}

static int end(void **state)
{
	struct trace *trace = *state;

	close(trace->entry);
	close(trace->exit);
	session_destroy(trace->session);
	return 0;
}

static void run(int program, __u64 irq, __u64 ret)
{
	/* The action's address is unreadable: the row has an empty name. */
	__u64 arguments[3] = { irq, 0, ret };

	run_loaded(program, CPU, arguments, sizeof(arguments));
}

static void enter(const struct trace *trace, int irq)
{
	run(trace->entry, FIRST_IRQ + (__u64)irq, 0);
}

static void leave(const struct trace *trace, int irq)
{
	run(trace->exit, FIRST_IRQ + (__u64)irq, 1);
}

/* Handlers that returned, of the IRQs made up here. */
static __u64 counted(const struct trace *trace, int irq)
{
	const struct shark_row *row;
	__u64 count = 0;
	uint32_t rows;

	row = session_rows(trace->session, &rows);
	for (uint32_t i = 0; i < rows; i++)
		if (row[i].used && row[i].id == (__u32)(FIRST_IRQ + irq))
			count += row[i].count;
	return count;
}

static struct session_loss losses(const struct trace *trace)
{
	struct session_loss loss;

	session_loss(trace->session, &loss);
	return loss;
}

/*
 * The IRQ whose handler the CPU is in, of those made up here; -1: none. This thread runs
 * there: no real handler does.
 */
static int running(const struct trace *trace)
{
	struct shark_cpu cpu;
	__u32 number = CPU;

	assert_int_equal(bpf_map_lookup_elem(session_cpus_fd(trace->session), &number, &cpu), 0);
	return cpu.running.irq ? (int)(cpu.running.irq - 1 - FIRST_IRQ) : -1;
}

static void what_runs_is_the_innermost(void **state)
{
	struct trace *trace = *state;

	assert_int_equal(running(trace), -1);
	for (int depth = 0; depth < SHARK_MAX_NESTING; depth++) {
		enter(trace, depth);
		assert_int_equal(running(trace), depth);
	}
	for (int depth = SHARK_MAX_NESTING - 1; depth >= 0; depth--) {
		leave(trace, depth);
		assert_int_equal(running(trace), depth - 1);
	}
}

static void what_is_nested_too_deep_runs_unseen(void **state)
{
	struct trace *trace = *state;

	for (int depth = 0; depth < SHARK_MAX_NESTING + 2; depth++)
		enter(trace, depth);
	assert_int_equal(running(trace), SHARK_MAX_NESTING - 1);
	for (int depth = SHARK_MAX_NESTING + 1; depth >= SHARK_MAX_NESTING - 1; depth--)
		leave(trace, depth);
	assert_int_equal(running(trace), SHARK_MAX_NESTING - 2);
}

static void a_lost_exit_ends_with_what_it_is_nested_in(void **state)
{
	struct trace *trace = *state;

	enter(trace, 0);
	enter(trace, 1); /* its exit is lost */
	enter(trace, 2); /* and so is this one's */
	leave(trace, 0);
	assert_int_equal(running(trace), -1);
}

static void a_lost_exit_is_forgotten_where_the_same_begins_again(void **state)
{
	struct trace *trace = *state;

	enter(trace, 0);
	enter(trace, 1); /* its exit is lost */
	enter(trace, 2); /* and so is this one's */
	enter(trace, 1);
	assert_int_equal(running(trace), 1);
	leave(trace, 1);
	assert_int_equal(running(trace), 0);
	leave(trace, 0);
	assert_int_equal(running(trace), -1);
}

static void a_pair_is_one_handler(void **state)
{
	struct trace *trace = *state;

	enter(trace, 0);
	leave(trace, 0);
	assert_int_equal(counted(trace, 0), 1);
	assert_int_equal(losses(trace).unmatched_entries, 0);
	assert_int_equal(losses(trace).unmatched_exits, 0);
}

static void nested_handlers_are_counted_each(void **state)
{
	struct trace *trace = *state;

	for (int depth = 0; depth < SHARK_MAX_NESTING; depth++)
		enter(trace, depth);
	for (int depth = SHARK_MAX_NESTING - 1; depth >= 0; depth--)
		leave(trace, depth);
	for (int depth = 0; depth < SHARK_MAX_NESTING; depth++)
		assert_int_equal(counted(trace, depth), 1);
	assert_int_equal(losses(trace).unmatched_entries, 0);
	assert_int_equal(losses(trace).unmatched_exits, 0);
	assert_int_equal(losses(trace).too_deep, 0);
}

static void handlers_nested_too_deep_are_said_to_be(void **state)
{
	struct trace *trace = *state;

	for (int depth = 0; depth < SHARK_MAX_NESTING + 2; depth++)
		enter(trace, depth);
	for (int depth = SHARK_MAX_NESTING + 1; depth >= 0; depth--)
		leave(trace, depth);
	assert_int_equal(counted(trace, SHARK_MAX_NESTING - 1), 1);
	assert_int_equal(counted(trace, SHARK_MAX_NESTING), 0);
	assert_int_equal(losses(trace).too_deep, 2);
	assert_int_equal(losses(trace).unmatched_exits, 0);
	assert_int_equal(losses(trace).unmatched_entries, 0);
}

static void an_exit_without_entry_is_unmatched(void **state)
{
	struct trace *trace = *state;

	leave(trace, 0);
	assert_int_equal(losses(trace).unmatched_exits, 1);
	enter(trace, 1);
	leave(trace, 1);
	assert_int_equal(counted(trace, 1), 1);
	assert_int_equal(losses(trace).unmatched_exits, 1);
}

static void an_entry_whose_exit_is_missing_is_unmatched(void **state)
{
	struct trace *trace = *state;

	enter(trace, 0); /* its exit is lost */
	enter(trace, 0);
	leave(trace, 0);
	assert_int_equal(counted(trace, 0), 1);
	assert_int_equal(losses(trace).unmatched_entries, 1);
	assert_int_equal(losses(trace).unmatched_exits, 0);
}

static void a_lost_inner_exit_does_not_spoil_the_outer(void **state)
{
	struct trace *trace = *state;

	enter(trace, 0);
	enter(trace, 1); /* its exit is lost */
	leave(trace, 0);
	assert_int_equal(counted(trace, 0), 1);
	assert_int_equal(counted(trace, 1), 0);
	assert_int_equal(losses(trace).unmatched_entries, 1);
}

static void a_full_row_table_counts_what_it_has_no_room_for(void **state)
{
	struct trace *trace = *state;
	__u64 before = losses(trace).map_full;
	__u64 sum = 0;

	for (int irq = 0; irq < 200; irq++) {
		enter(trace, irq);
		leave(trace, irq);
	}
	for (int irq = 0; irq < 200; irq++)
		sum += counted(trace, irq);
	assert_true(sum >= 32 && sum <= 64); /* .rows = 32, at most half full */
	assert_true(losses(trace).map_full - before >= 200 - sum);
	assert_int_equal(losses(trace).full[SHARK_FULL_ROWS], losses(trace).map_full);
	assert_int_equal(losses(trace).unmatched_exits, 0);
}

static void a_stopped_session_can_be_read(void **state)
{
	struct trace *trace = *state;

	enter(trace, 0);
	leave(trace, 0);
	session_stop(trace->session);
	session_stop(trace->session);
	assert_int_equal(counted(trace, 0), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	cpu_set_t cpus = { 0 };
	const struct CMUnitTest tests[] = {
		TEST(a_pair_is_one_handler),
		TEST(nested_handlers_are_counted_each),
		TEST(handlers_nested_too_deep_are_said_to_be),
		TEST(an_exit_without_entry_is_unmatched),
		TEST(an_entry_whose_exit_is_missing_is_unmatched),
		TEST(a_lost_inner_exit_does_not_spoil_the_outer),
		TEST(a_full_row_table_counts_what_it_has_no_room_for),
		TEST(a_stopped_session_can_be_read),
		TEST(what_runs_is_the_innermost),
		TEST(what_is_nested_too_deep_runs_unseen),
		TEST(a_lost_exit_ends_with_what_it_is_nested_in),
		TEST(a_lost_exit_is_forgotten_where_the_same_begins_again),
	};

	if (skip_all_without(provider_find("hardirq")))
		return 0;
	CPU_SET(CPU, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
