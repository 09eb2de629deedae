// SPDX-License-Identifier: MIT
/*
 * The programs for Dovetail's tracepoints, on kernels that do not have them: attached where
 * the arguments begin alike (irq_handler_entry and irq_handler_exit: an IRQ, too), and run with
 * arguments made up here, as IRQs that this machine does not have. And what is said where the
 * tracepoints are not.
 */
#include "loaded.h"

#include <errno.h>

#include "base/array.h"
#include "trace/provider.h"

enum { CPU = 0, FIRST_IRQ = 100000 };

static const struct point points[] = {
	{ .program = "on_exit", .event = "irq_handler_exit" },
	{ .program = "on_entry", .event = "irq_handler_entry" },
};

static struct provider elsewhere;

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
	if (session_create(&elsewhere, &options, &trace.session, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	trace.entry = program_here("on_entry");
	trace.exit = program_here("on_exit");
	return trace.entry >= 0 && trace.exit >= 0 ? 0 : -1;
}

static int end(void **state)
{
	struct trace *trace = *state;

	close(trace->entry);
	close(trace->exit);
	session_destroy(trace->session);
	return 0;
}

static void run(int program, int irq)
{
	__u64 arguments[1] = { FIRST_IRQ + (__u64)irq };

	run_loaded(program, CPU, arguments, sizeof(arguments));
}

static __u64 counted(const struct trace *trace, int irq)
{
	const struct shark_row *row;
	__u64 count = 0;
	uint32_t rows;

	row = session_rows(trace->session, &rows);
	for (uint32_t i = 0; i < rows; i++)
		if (row[i].used && row[i].id == (__u32)(FIRST_IRQ + irq)) {
			assert_true(row[i].count && row[i].total_ns >= row[i].max_ns &&
				    row[i].max_ns);
			count += row[i].count;
		}
	return count;
}

static void each_way_through_the_pipeline_is_counted(void **state)
{
	struct trace *trace = *state;
	struct session_loss loss;

	for (int i = 0; i < 10; i++) {
		run(trace->entry, 1);
		run(trace->entry, 2); /* a cascade: one within the other */
		run(trace->exit, 2);
		run(trace->exit, 1);
	}
	run(trace->exit, 3);
	assert_int_equal(counted(trace, 1), 10);
	assert_int_equal(counted(trace, 2), 10);
	assert_int_equal(counted(trace, 3), 0);
	session_loss(trace->session, &loss);
	assert_int_equal(loss.unmatched_exits, 1);
	assert_int_equal(loss.unmatched_entries, 0);
}

/* Only Dovetail has the tracepoints. */
static void a_kernel_without_the_tracepoints_says_so(void **state)
{
	struct session_options options = { 0 };
	struct session *session;
	struct error err;
	int code = session_create(provider_find("pipeline"), &options, &session, &err);

	(void)state;
	if (!code) {
		session_destroy(session);
		return;
	}
	assert_int_equal(code, -ENOENT);
	assert_non_null(strstr(err.text, "irq_pipeline_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_way_through_the_pipeline_is_counted, start,
						end),
		cmocka_unit_test(a_kernel_without_the_tracepoints_says_so),
	};

	elsewhere = *provider_find("pipeline");
	elsewhere.points = points;
	elsewhere.nr_points = ARRAY_SIZE(points);
	if (skip_all_without(&elsewhere))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
