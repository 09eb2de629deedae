// SPDX-License-Identifier: MIT
/* The command line. */
#include "unit.h"

#include <errno.h>

#include "base/array.h"
#include "host/options.h"

static int parse(struct options *options, struct error *err, int argc, const char *const *words)
{
	static char *argv[16];

	for (int i = 0; i < argc; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	argv[argc] = NULL;
	return options_parse(options, argc, argv, err);
}

#define PARSE(options, err, ...)                                                                   \
	parse(options, err, ARRAY_SIZE(((const char *[]){ "shark", __VA_ARGS__ })),                \
	      (const char *[]){ "shark", __VA_ARGS__ })

static void assert_refused(const char *text, int argc, const char *const *words)
{
	struct options options;
	struct error err;

	assert_int_equal(parse(&options, &err, argc, words), -EINVAL);
	assert_string_equal(err.text, text);
	options_free(&options);
}

#define ASSERT_REFUSED(text, ...)                                                                  \
	assert_refused(text, ARRAY_SIZE(((const char *[]){ "shark", __VA_ARGS__ })),               \
		       (const char *[]){ "shark", __VA_ARGS__ })

static void options_end_at_the_script(void **state)
{
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(PARSE(&options, &err, "-V", "script.lua", "-v", "--list"), 0);
	assert_int_equal(options.script, 2);
	assert_true(options.verbose);
	assert_false(options.version || options.list);
	options_free(&options);
}

static void two_dashes_end_the_options(void **state)
{
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(PARSE(&options, &err, "--", "-odd-name.lua"), 0);
	assert_int_equal(options.script, 2);
	options_free(&options);
}

static void one_dash_is_a_script(void **state)
{
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(PARSE(&options, &err, "-i", "-", "x"), 0);
	assert_int_equal(options.script, 2);
	assert_true(options.interactive);
	options_free(&options);
}

static void actions_keep_their_order(void **state)
{
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(PARSE(&options, &err, "-e", "x=1", "-luv", "-e", "y=2"), 0);
	assert_int_equal(options.script, 0);
	assert_int_equal(options.nr_actions, 3);
	assert_int_equal(options.actions[0].option, 'e');
	assert_string_equal(options.actions[0].text, "x=1");
	assert_int_equal(options.actions[1].option, 'l');
	assert_string_equal(options.actions[1].text, "uv");
	assert_string_equal(options.actions[2].text, "y=2");
	options_free(&options);
}

static void wrong_options_are_named(void **state)
{
	(void)state;
	ASSERT_REFUSED("option '-x' is not known", "-x");
	ASSERT_REFUSED("option '-x' is not known", "-ix");
	ASSERT_REFUSED("option '--nope' is not known", "--nope");
	ASSERT_REFUSED("option '-e' needs an argument", "-V", "-e");
	ASSERT_REFUSED("option '--root' needs an argument", "--root");
	ASSERT_REFUSED("option '--core' needs an argument", "--core");
	ASSERT_REFUSED("option '--btf' needs --core: it is of an image", "--btf", "file");
	ASSERT_REFUSED("option '--symbols' needs --core: it is of an image", "--symbols=file");
	ASSERT_REFUSED("option '--list=all' takes no argument", "--list=all");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_end_at_the_script),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(one_dash_is_a_script),
		cmocka_unit_test(actions_keep_their_order),
		cmocka_unit_test(wrong_options_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
