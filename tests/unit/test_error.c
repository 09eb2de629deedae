// SPDX-License-Identifier: MIT
/* Failures in words. */
#include "unit.h"

#include <errno.h>

#include "base/error.h"

static void setting_returns_the_code(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, -ENOENT, "no %s", "file"), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "no file");
	assert_int_equal(error_set(NULL, -EPERM, "nobody listens"), -EPERM);
}

static void long_texts_are_cut(void **state)
{
	struct error err;
	char text[2 * sizeof(err.text)];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, -EINVAL, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void explanations_stand_behind(void **state)
{
	struct error err;
	char text[2 * sizeof(err.text)];

	(void)state;
	error_set(&err, -EPERM, "refused");
	assert_int_equal(error_suffix(&err, "for want of %s", "rights"), -EPERM);
	assert_string_equal(err.text, "refused (for want of rights)");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_suffix(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void codes_have_names(void **state)
{
	(void)state;
	assert_string_equal(error_name(-ENOENT), "ENOENT");
	assert_string_equal(error_name(-123456), "EUNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_returns_the_code),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(explanations_stand_behind),
		cmocka_unit_test(codes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
