// SPDX-License-Identifier: MIT
/* Text of others, made fit for where it is shown. */
#include "unit.h"

#include "base/foreign.h"

/* U+202E, U+2066: they make the rest of a line look like something else. */
static const char right_to_left[] = { '\xe2', '\x80', '\xae', '\0' };
static const char isolated[] = { '\xe2', '\x81', '\xa6', '\0' };

static const char *escape(enum foreign_style style, const char *text, size_t size)
{
	static char out[1024];

	assert_true(size * FOREIGN_GROWTH < sizeof(out));
	out[foreign_escape(style, text, size, out)] = '\0';
	return out;
}

static const char *line(const char *text)
{
	return escape(FOREIGN_LINE, text, strlen(text));
}

static const char *json(const char *text)
{
	return escape(FOREIGN_JSON, text, strlen(text));
}

static void text_in_any_language_stays(void **state)
{
	static const char *const texts[] = { "",
					     "virtio0-req.0",
					     "~ \\n",
					     "gr\xc3\xbc\xc3\x9f",
					     "\xe6\x97\xa5\xe6\x9c\xac",
					     "\xf0\x9f\xa6\x88" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_string_equal(line(texts[i]), texts[i]);
}

static void control_characters_are_seen(void **state)
{
	(void)state;
	assert_string_equal(line("a\33]0;pwn\7b"), "a\\x1b]0;pwn\\x07b");
	assert_string_equal(line("\t\n\r\x7f"), "\\x09\\x0a\\x0d\\x7f");
	assert_string_equal(line("\xc2\x9b"
				 "2J"),
			    "\\xc2\\x9b2J");
	assert_string_equal(escape(FOREIGN_LINE, "a\0b", 3), "a\\x00b");
	assert_string_equal(escape(FOREIGN_LINES, "a\n\tb\33", 5), "a\n\tb\\x1b");
}

static void what_turns_or_hides_text_is_seen(void **state)
{
	(void)state;
	assert_string_equal(line(right_to_left), "\\xe2\\x80\\xae");
	assert_string_equal(line(isolated), "\\xe2\\x81\\xa6");
	assert_string_equal(line("\xe2\x80\x8b"), "\\xe2\\x80\\x8b");
	assert_string_equal(line("\xef\xbb\xbf"), "\\xef\\xbb\\xbf");
	assert_string_equal(line("\xf3\xa0\x80\xa1"), "\\xf3\\xa0\\x80\\xa1");
}

/* Bytes that no character has, too long, surrogates, beyond the last, cut off. */
static void what_is_no_utf8_is_seen(void **state)
{
	(void)state;
	assert_string_equal(line("\x9b"), "\\x9b");
	assert_string_equal(line("\xff\xfe"), "\\xff\\xfe");
	assert_string_equal(line("\xc0\x80"), "\\xc0\\x80");
	assert_string_equal(line("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
	assert_string_equal(line("\xed\xa0\x80"), "\\xed\\xa0\\x80");
	assert_string_equal(line("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
	assert_string_equal(line("\xe2\x82"), "\\xe2\\x82");
	assert_string_equal(line("\xe2("), "\\xe2(");
}

static void escaping_twice_changes_nothing(void **state)
{
	char once[64];

	(void)state;
	snprintf(once, sizeof(once), "%s", line("\33\\x1b\xff"));
	assert_string_equal(once, "\\x1b\\x1b\\xff");
	assert_string_equal(line(once), once);
}

static void json_keeps_characters(void **state)
{
	(void)state;
	assert_string_equal(json("gr\xc3\xbc\xc3\x9f \"a\\b\""),
			    "gr\xc3\xbc\xc3\x9f \\\"a\\\\b\\\"");
	assert_string_equal(json("\33\n\x7f"), "\\u001b\\u000a\\u007f");
	assert_string_equal(json("\xc2\x9b"), "\\u009b");
	assert_string_equal(json(right_to_left), "\\u202e");
	assert_string_equal(json("\xf3\xa0\x80\xa1"), "\\udb40\\udc21");
}

/* No two texts look the same. */
static void json_tells_bytes_from_text(void **state)
{
	(void)state;
	assert_string_equal(json("\xff"), "\\\\xff");
	assert_string_equal(json("\\xff"), "\\\\x5cxff");
	assert_string_equal(json("\\xfg"), "\\\\xfg");
	assert_string_equal(json("\\\xff"), "\\\\\\\\xff");
}

/* Every byte and pair of bytes, before and after what is cut off. */
static void nothing_else_comes_out(void **state)
{
	char text[4] = "\xe2..";

	(void)state;
	for (int pair = 0; pair < 0x10000; pair++) {
		const char *shown;

		text[1] = (char)(pair >> 8);
		text[2] = (char)pair;
		shown = escape(FOREIGN_LINE, text, 3);
		for (const char *at = shown; *at; at++)
			assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_in_any_language_stays),
		cmocka_unit_test(control_characters_are_seen),
		cmocka_unit_test(what_turns_or_hides_text_is_seen),
		cmocka_unit_test(what_is_no_utf8_is_seen),
		cmocka_unit_test(escaping_twice_changes_nothing),
		cmocka_unit_test(json_keeps_characters),
		cmocka_unit_test(json_tells_bytes_from_text),
		cmocka_unit_test(nothing_else_comes_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
