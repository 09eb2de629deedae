// SPDX-License-Identifier: MIT
/*
 * The row table with keys that no test can make the kernel have: many callbacks
 * from one place. The kernel runs the loaded program with arguments made up here.
 */
#include "loaded.h"

enum { CPU = 0, CALLBACKS = 100, CALL_FUNCTION_SINGLE = 0xfb };

#define CALLSITE 0x5a5a5a5a00000000ULL

static struct session *open_session(void)
{
	struct session_options options = { .way = "raw_tp" };
	struct session *session = NULL;
	struct error err;

	assert_int_equal(session_create(provider_find("ipi"), &options, &session, &err), 0);
	return session;
}

static __u64 counted(const struct session *session)
{
	const struct shark_row *row;
	__u64 count = 0;
	uint32_t rows;

	row = session_rows(session, &rows);
	for (uint32_t i = 0; i < rows; i++)
		if (row[i].used && row[i].key[0] == CALLSITE)
			count += row[i].count;
	return count;
}

static void many_callbacks_of_one_callsite_have_a_row_each(void **state)
{
	struct session *session = open_session();
	int program = program_here("on_send_cpu");
	struct session_loss loss;

	(void)state;
	for (__u64 i = 0; i < CALLBACKS; i++) {
		__u64 arguments[] = { CPU, CALLSITE, 0x5a5a5a5b00000000ULL + 16 * i };

		run_loaded(program, CPU, arguments, sizeof(arguments));
	}
	close(program);
	session_loss(session, &loss);
	assert_int_equal(counted(session), CALLBACKS);
	assert_int_equal(loss.full[SHARK_FULL_ROWS], 0);
	session_destroy(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_callbacks_of_one_callsite_have_a_row_each),
	};

	/* Without atomic exchange (before 5.12) sends are not seen. */
	if (skip_all_without(provider_find("ipi")))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
