// SPDX-License-Identifier: MIT
/* Offsets from the format files of tracefs. */
#include "unit.h"

#include <errno.h>

#include "kernel/tracepoint.h"

/* Of a PREEMPT_RT kernel 5.10, whose common fields are longer. */
static const char format_rt[] =
	"name: irq_handler_entry\n"
	"ID: 131\n"
	"format:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
	"\tfield:unsigned char common_migrate_disable;\toffset:8;\tsize:1;\tsigned:0;\n"
	"\n"
	"\tfield:int irq;\toffset:12;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] name;\toffset:16;\tsize:4;\tsigned:1;\n"
	"\tfield:char comm[16];\toffset:20;\tsize:16;\tsigned:1;\n"
	"\n"
	"print fmt: \"irq=%d name=%s\", REC->irq, __get_str(name)\n";

static void fields_are_found_by_their_whole_name(void **state)
{
	(void)state;
	assert_int_equal(tracepoint_field_in(format_rt, "irq"), 12);
	assert_int_equal(tracepoint_field_in(format_rt, "name"), 16);
	assert_int_equal(tracepoint_field_in(format_rt, "comm"), 20);
	assert_int_equal(tracepoint_field_in(format_rt, "common_type"), 0);
	assert_int_equal(tracepoint_field_in(format_rt, "type"), -ENOENT);
	assert_int_equal(tracepoint_field_in(format_rt, "ret"), -ENOENT);
}

static void broken_formats_have_no_fields(void **state)
{
	static const char *const broken[] = {
		"",
		"field:",
		"field:int irq",
		"field:int irq;",
		"field:int irq;\toffset:x;",
		"field:int irq;\toffset:-4;",
		"field:];\toffset:4;",
		"field:irq",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		assert_int_equal(tracepoint_field_in(broken[i], "irq"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found_by_their_whole_name),
		cmocka_unit_test(broken_formats_have_no_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
