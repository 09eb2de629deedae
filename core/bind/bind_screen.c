// SPDX-License-Identifier: MIT
/* "shark.text.screen": how wide a terminal is, and how wide text is on it. */
#include <lauxlib.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "bind/bind.h"

/* columns(fd) -> integer, or nil if it is no terminal, or one that does not say */
static int columns(lua_State *L)
{
	struct winsize size = { 0 };

	if (ioctl(luaL_checkint(L, 1), TIOCGWINSZ, &size) || !size.ws_col)
		return 0;
	lua_pushinteger(L, size.ws_col);
	return 1;
}

/* Of the character at the front of the text, with its bytes; what is none counts as a column. */
static int width_of(const char *text, size_t size, size_t *bytes)
{
	mbstate_t state = { 0 };
	wchar_t c;
	int width;

	*bytes = mbrtowc(&c, text, size, &state);
	if (!*bytes || *bytes > size) {
		*bytes = 1;
		return 1;
	}
	width = wcwidth(c);
	return width < 0 ? 1 : width;
}

/* The bytes of the text that fit in so many columns; *most is how many they take. */
static size_t fitting(const char *text, size_t size, int *most)
{
	size_t at = 0, bytes;
	int taken = 0;

	while (at < size) {
		int width = width_of(text + at, size - at, &bytes);

		if (width > *most - taken)
			break;
		taken += width;
		at += bytes;
	}
	*most = taken;
	return at;
}

/* The C library knows the widths of characters in a locale of UTF-8 only; the process has none. */
static locale_t utf8(void)
{
	static locale_t locale;

	if (!locale)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return locale;
}

/* fit(text, most) -> how many of its bytes fit in so many columns, and how many columns these take
 */
static int fit(lua_State *L)
{
	size_t size;
	const char *text = luaL_checklstring(L, 1, &size);
	int most = luaL_checkint(L, 2);
	locale_t before = utf8() ? uselocale(utf8()) : (locale_t)0;

	lua_pushinteger(L, (lua_Integer)fitting(text, size, &most));
	lua_pushinteger(L, most);
	if (before)
		uselocale(before);
	return 2;
}

static const luaL_Reg functions[] = {
	{ "columns", columns },
	{ "fit", fit },
	{ NULL, NULL },
};

int bind_open_screen(lua_State *L)
{
	lua_newtable(L);
	luaL_register(L, NULL, functions);
	return 1;
}
