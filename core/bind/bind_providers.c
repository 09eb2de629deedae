// SPDX-License-Identifier: MIT
/* What can be traced, and how: the tables of the providers, for Lua. */
#include <lauxlib.h>

#include "bind/bind.h"
#include "trace/provider.h"
#include "trace/session.h"

static void set_string(lua_State *L, const char *field, const char *value)
{
	lua_pushstring(L, value);
	lua_setfield(L, -2, field);
}

static void push_ways(lua_State *L, const struct provider *provider)
{
	lua_createtable(L, (int)provider->nr_ways, 0);
	for (size_t i = 0; i < provider->nr_ways; i++) {
		lua_pushstring(L, provider->ways[i].name);
		lua_rawseti(L, -2, (int)i + 1);
	}
}

static void push_filters(lua_State *L, const struct provider *provider)
{
	lua_createtable(L, SHARK_FILTERS, 0);
	for (size_t slot = 0, n = 0; slot < SHARK_FILTERS; slot++) {
		const struct filter *filter = provider_filter_at(provider, slot);

		if (!filter)
			continue;
		lua_createtable(L, 0, 2);
		set_string(L, "name", filter->name);
		set_string(L, "text", filter->text);
		lua_rawseti(L, -2, (int)++n);
	}
}

static void push_features(lua_State *L, const struct provider *provider)
{
	lua_createtable(L, SHARK_FEATURES, 0);
	for (size_t slot = 0, n = 0; slot < SHARK_FEATURES; slot++) {
		const struct feature *feature = provider_feature_at(provider, slot);

		if (!feature)
			continue;
		lua_createtable(L, 0, 3);
		set_string(L, "name", feature->name);
		set_string(L, "text", feature->text);
		lua_pushboolean(L, feature->by_default);
		lua_setfield(L, -2, "by_default");
		lua_rawseti(L, -2, (int)++n);
	}
}

/* Sizes that may be chosen. */
static void push_sizes(lua_State *L, const struct provider *provider)
{
	struct session_size size;

	lua_newtable(L);
	for (size_t i = 0; session_size(provider, i, &size); i++) {
		lua_createtable(L, 0, 3);
		set_string(L, "name", size.name);
		set_string(L, "text", size.text);
		lua_pushinteger(L, (lua_Integer)size.usual);
		lua_setfield(L, -2, "usual");
		lua_rawseti(L, -2, (int)i + 1);
	}
}

void bind_push_losses(lua_State *L, const struct provider *provider)
{
	lua_newtable(L);
	for (size_t i = 0, n = 0, at; i < LOSS_END; i++) {
		const struct loss *loss = loss_at(provider, i, &at);

		if (!loss)
			continue;
		lua_createtable(L, 0, 5);
		set_string(L, "field", loss->field);
		set_string(L, "one", loss->one);
		set_string(L, "several", loss->several);
		set_string(L, "advice", loss->advice);
		lua_pushboolean(L, loss_is_own(at));
		lua_setfield(L, -2, "is_own");
		lua_rawseti(L, -2, (int)++n);
	}
}

/* What a way attaches: {program, point} of each, in the order of attaching. */
static void push_points(lua_State *L, const struct provider *provider, const struct way *way)
{
	size_t nr_points;
	const struct point *points = provider_points(provider, way, &nr_points);

	lua_createtable(L, (int)nr_points, 0);
	for (size_t i = 0; i < nr_points; i++) {
		lua_createtable(L, 0, 2);
		set_string(L, "program", points[i].program);
		lua_pushfstring(L, "%s%s%s", points[i].group ? points[i].group : "",
				points[i].group ? ":" : "", points[i].event);
		lua_setfield(L, -2, "point");
		lua_rawseti(L, -2, (int)i + 1);
	}
}

static void push_points_by_way(lua_State *L, const struct provider *provider)
{
	lua_createtable(L, 0, (int)provider->nr_ways);
	for (size_t i = 0; i < provider->nr_ways; i++) {
		push_points(L, provider, &provider->ways[i]);
		lua_setfield(L, -2, provider->ways[i].name);
	}
}

/* ---- what the module has ---- */

/* names(): of all, in no particular order. */
static int names(lua_State *L)
{
	lua_createtable(L, (int)provider_count(), 0);
	for (size_t i = 0, n = 0; i < provider_count(); i++) {
		if (provider_at(i)->is_inner)
			continue;
		lua_pushstring(L, provider_at(i)->name);
		lua_rawseti(L, -2, (int)++n);
	}
	return 1;
}

/* One of those that names() has, or NULL. */
static const struct provider *find_named(const char *name)
{
	const struct provider *provider = provider_find(name);

	return provider && !provider->is_inner ? provider : NULL;
}

/* ways(name): their names, best first; nil if nothing is called so. */
static int ways(lua_State *L)
{
	const struct provider *provider =
		lua_type(L, 1) == LUA_TSTRING ? find_named(lua_tostring(L, 1)) : NULL;

	if (provider)
		push_ways(L, provider);
	else
		lua_pushnil(L);
	return 1;
}

/*
 * describe(name): {name, ways = {name, ...}, filters = {{name, text}, ...}, features =
 * {{name, text, by_default}, ...}, sizes = {{name, text, usual}, ...}, losses = as
 * session:losses(), points = {WAY = {{program, point}, ...}}}.
 */
static int describe(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const struct provider *provider = find_named(name);

	if (!provider)
		return luaL_error(L, "no tracer '%s'", name);
	lua_createtable(L, 0, 7);
	set_string(L, "name", provider->name);
	push_ways(L, provider);
	lua_setfield(L, -2, "ways");
	push_filters(L, provider);
	lua_setfield(L, -2, "filters");
	push_features(L, provider);
	lua_setfield(L, -2, "features");
	push_sizes(L, provider);
	lua_setfield(L, -2, "sizes");
	bind_push_losses(L, provider);
	lua_setfield(L, -2, "losses");
	push_points_by_way(L, provider);
	lua_setfield(L, -2, "points");
	return 1;
}

int bind_open_providers(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "names", names },
		{ "ways", ways },
		{ "describe", describe },
		{ NULL, NULL },
	};

	lua_newtable(L);
	luaL_register(L, NULL, functions);
	return 1;
}
