// SPDX-License-Identifier: MIT
#include "base/foreign.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* ---- UTF-8 ---- */

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* How many bytes a character has that begins with this one; 0: none does. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

/* Not written longer than needed, no half of a surrogate pair, none beyond the last. */
static bool is_proper(uint32_t character, size_t length)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	return character >= least[length] && character <= 0x10ffff &&
	       (character < 0xd800 || character > 0xdfff);
}

/* The character at the text's start, and its length; 0 when that is no UTF-8. */
static size_t decode(const unsigned char *text, size_t size, uint32_t *character)
{
	size_t length = length_of(text[0]);

	if (!length || length > size)
		return 0;
	*character = length == 1 ? text[0] : text[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if (!is_continuation(text[i]))
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	return is_proper(*character, length) ? length : 0;
}

/* ---- which characters are not shown as they are ---- */

static const struct {
	uint32_t first, last;
} unfit[] = {
	{ 0x0, 0x1f },	      /* control characters */
	{ 0x7f, 0x9f },	      /* DEL, and those of 8 bits */
	{ 0xad, 0xad },	      /* soft hyphen */
	{ 0x61c, 0x61c },     /* changes the direction */
	{ 0x180e, 0x180e },   /* without width */
	{ 0x200b, 0x200f },   /* without width, and direction */
	{ 0x2028, 0x202e },   /* ends of lines and paragraphs, direction */
	{ 0x2060, 0x206f },   /* without width, and direction */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xfff0, 0xfffb },   /* annotations */
	{ 0xe0000, 0xe0fff }, /* tags */
};

static bool is_fit(uint32_t character)
{
	if ((character & 0xfffe) == 0xfffe) /* of each plane the last two are no characters */
		return false;
	for (size_t i = 0; i < sizeof(unfit) / sizeof(*unfit); i++)
		if (character >= unfit[i].first && character <= unfit[i].last)
			return false;
	return true;
}

/* ---- what stands for the others ---- */

static size_t copy(char *out, const void *from, size_t size)
{
	memcpy(out, from, size);
	return size;
}

static size_t hex(char *out, uint32_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value >>= 4)
		out[i] = "0123456789abcdef"[value & 15];
	return (size_t)digits;
}

/* backslash: what stands for one, as JSON needs two */
static size_t as_bytes(char *out, const char *backslash, const unsigned char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		used += copy(out + used, backslash, strlen(backslash));
		out[used++] = 'x';
		used += hex(out + used, text[i], 2);
	}
	return used;
}

static size_t as_unit(char *out, uint32_t unit)
{
	return copy(out, "\\u", 2) + hex(out + 2, unit, 4);
}

/* In JSON a character has one or two units of UTF-16. */
static size_t as_units(char *out, uint32_t character)
{
	size_t used;

	if (character < 0x10000)
		return as_unit(out, character);
	character -= 0x10000;
	used = as_unit(out, 0xd800 + (character >> 10));
	return used + as_unit(out + used, 0xdc00 + (character & 0x3ff));
}

/* ---- one character ---- */

/* Returns how many bytes of the text it took. */
static size_t escape_for_people(bool keeps_lines, const unsigned char *text, size_t size, char *out,
				size_t *used)
{
	uint32_t character;
	size_t length = decode(text, size, &character);
	bool fit = length &&
		   (is_fit(character) || (keeps_lines && (character == '\n' || character == '\t')));

	length = length ? length : 1;
	*used += fit ? copy(out, text, length) : as_bytes(out, "\\", text, length);
	return length;
}

static bool is_hex(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* Text that looks like a byte that is no UTF-8. */
static bool looks_escaped(const unsigned char *text, size_t size)
{
	return size >= 4 && text[1] == 'x' && is_hex(text[2]) && is_hex(text[3]);
}

static size_t escape_for_json(const unsigned char *text, size_t size, char *out, size_t *used)
{
	uint32_t character;
	size_t length = decode(text, size, &character);

	if (!length || (character == '\\' && looks_escaped(text, size))) {
		*used += as_bytes(out, "\\\\", text, 1);
		return 1;
	}
	if (character == '"' || character == '\\') {
		*out++ = '\\';
		++*used;
	}
	*used += is_fit(character) ? copy(out, text, length) : as_units(out, character);
	return length;
}

static size_t escape_one(enum foreign_style style, const unsigned char *text, size_t size,
			 char *out, size_t *used)
{
	if (style == FOREIGN_JSON)
		return escape_for_json(text, size, out, used);
	return escape_for_people(style == FOREIGN_LINES, text, size, out, used);
}

size_t foreign_escape(enum foreign_style style, const char *text, size_t size, char *out)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t used = 0;

	for (size_t i = 0; i < size;)
		i += escape_one(style, bytes + i, size - i, out + used, &used);
	return used;
}
