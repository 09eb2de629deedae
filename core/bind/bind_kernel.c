// SPDX-License-Identifier: MIT
/*
 * "shark.kernel.core": kernel memory, types and addresses, for
 * lua/shark/kernel.lua. Memory is read into the FFI's own; ids of types are
 * numbers to hand back. The module is of the running kernel; core.open() makes the same
 * functions for another one.
 */
#include <errno.h>
#include <lauxlib.h>

#include "base/array.h"
#include "bind/bind.h"
#include "bind/luaint.h"
#include "kernel/btf_sources.h"
#include "kernel/debuginfo.h"
#include "kernel/enumerators.h"
#include "kernel/functions.h"
#include "kernel/image.h"
#include "kernel/kernel.h"
#include "kernel/kmem.h"
#include "kernel/resolve.h"
#include "kernel/tracepoint.h"
#include "kernel/types.h"

enum {
	MAX_ERRNO = 4095, /* include/linux/err.h */
	MAX_REQUESTS = 1 << 20,
	/* Room made beforehand in a table, for no more than a struct of the kernel has. */
	MAX_HINT = 4096,
};

/* ---- which kernel ---- */

/* What the functions of one kernel have as their upvalue. */
struct place {
	struct kernel *kernel; /* NULL: closed */
};

static struct kernel *kernel_of(lua_State *L)
{
	const struct place *place = lua_touserdata(L, lua_upvalueindex(1));

	if (!place->kernel)
		luaL_error(L, "this image is closed");
	return place->kernel;
}

/* For what only a running kernel can tell. */
static int check_running(lua_State *L, struct error *err)
{
	if (kernel_of(L) != kernel_running())
		return error_set(err, -EOPNOTSUPP,
				 "an image cannot tell: that takes a running kernel");
	return 0;
}

/* ---- memory ---- */

/*
 * core.read(requests, n) -> true | nil, message, name
 * requests: a struct shark_kmem_request[], each gets its own result
 */
static int read_(lua_State *L)
{
	size_t n = (size_t)luaint_check_range(L, 2, 0, MAX_REQUESTS);
	struct kmem_request *requests =
		luaint_check_array(L, 1, "struct shark_kmem_request", n * sizeof(*requests));
	struct error err;

	if (kmem_read_batch(kernel_of(L), requests, n, &err))
		return bind_push_error(L, &err);
	lua_pushboolean(L, 1);
	return 1;
}

/* core.read_physical(requests, n) -> as core.read(), of physical addresses; of an image only */
static int read_physical(lua_State *L)
{
	size_t n = (size_t)luaint_check_range(L, 2, 0, MAX_REQUESTS);
	struct kmem_request *requests =
		luaint_check_array(L, 1, "struct shark_kmem_request", n * sizeof(*requests));
	struct error err;

	if (kmem_read_physical(kernel_of(L), requests, n, &err))
		return bind_push_error(L, &err);
	lua_pushboolean(L, 1);
	return 1;
}

/* core.explain(address, size, result) -> nil, message, name: why a request failed */
static int explain(lua_State *L)
{
	struct kmem_request request = {
		.address = luaint_check_u64(L, 1),
		.size = (uint32_t)luaint_check_range(L, 2, 0, UINT32_MAX),
		.result = (int32_t)luaint_check_range(L, 3, -MAX_ERRNO, 0),
	};
	struct error err;

	kmem_explain(kernel_of(L), &request, &err);
	return bind_push_error(L, &err);
}

static void push_refusals(lua_State *L, const struct kmem_how *how)
{
	lua_createtable(L, (int)how->nr_refused, 0);
	for (size_t i = 0; i < how->nr_refused; i++) {
		lua_createtable(L, 0, 3);
		lua_pushstring(L, how->refused[i].way);
		lua_setfield(L, -2, "way");
		lua_pushstring(L, how->refused[i].why.text);
		lua_setfield(L, -2, "reason");
		lua_pushstring(L, error_name(how->refused[i].why.code));
		lua_setfield(L, -2, "error");
		lua_rawseti(L, -2, (int)i + 1);
	}
}

/*
 * core.how() -> {way = nil when there is none, forced, refused = {{way, reason, error}}, image =
 * what kind of file it is, nil for the running kernel}
 */
static int how_(lua_State *L)
{
	struct kernel *kernel = kernel_of(L);
	const struct kmem_how *how = kmem_how(kernel);

	lua_createtable(L, 0, 4);
	lua_pushstring(L, how->way);
	lua_setfield(L, -2, "way");
	lua_pushstring(L, kernel->image ? image_format(kernel->image) : NULL);
	lua_setfield(L, -2, "image");
	lua_pushboolean(L, how->forced);
	lua_setfield(L, -2, "forced");
	push_refusals(L, how);
	lua_setfield(L, -2, "refused");
	return 1;
}

/* core.use(way | nil) -> true | nil, message, name */
static int use(lua_State *L)
{
	const char *way = luaL_optstring(L, 1, NULL);
	struct error err;
	int code = kmem_use(kernel_of(L), way, &err);

	if (code == -EINVAL)
		return luaL_argerror(L, 1, err.text);
	if (code)
		return bind_push_error(L, &err);
	lua_pushboolean(L, 1);
	return 1;
}

/* core.current_task() -> address as 16 hexadecimal digits | nil, message, name */
static int current_task(lua_State *L)
{
	char digits[24];
	struct error err;
	uint64_t task;

	if (kmem_current_task(kernel_of(L), &task, &err))
		return bind_push_error(L, &err);
	snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)task);
	lua_pushstring(L, digits);
	return 1;
}

/* ---- types ---- */

static const char *const kind_names[] = {
	[TYPE_VOID] = "void",	    [TYPE_INT] = "int",		  [TYPE_CHAR] = "char",
	[TYPE_BOOL] = "bool",	    [TYPE_FLOAT] = "float",	  [TYPE_ENUM] = "enum",
	[TYPE_POINTER] = "pointer", [TYPE_ARRAY] = "array",	  [TYPE_STRUCT] = "struct",
	[TYPE_UNION] = "union",	    [TYPE_DECLARED] = "declared", [TYPE_FUNCTION] = "function",
};

static void set_number(lua_State *L, const char *name, uint64_t value)
{
	lua_pushnumber(L, (lua_Number)value);
	lua_setfield(L, -2, name);
}

/* {id, kind, name, size, count, signed, union} */
static int push_type(lua_State *L, const struct type *type)
{
	lua_createtable(L, 0, 8);
	set_number(L, "id", type->id);
	set_number(L, "size", type->size);
	set_number(L, "count", type->count);
	lua_pushstring(L, kind_names[type->kind]);
	lua_setfield(L, -2, "kind");
	lua_pushstring(L, type->name);
	lua_setfield(L, -2, "name");
	lua_pushboolean(L, type->is_signed);
	lua_setfield(L, -2, "signed");
	lua_pushboolean(L, type->is_union);
	lua_setfield(L, -2, "union");
	return 1;
}

/* {name, type = id, bit_offset, bits} */
static int push_member(lua_State *L, const struct type_member *member)
{
	lua_createtable(L, 0, 4);
	lua_pushstring(L, member->name);
	lua_setfield(L, -2, "name");
	set_number(L, "type", member->type.id);
	set_number(L, "bit_offset", member->bit_offset);
	set_number(L, "bits", member->bits);
	return 1;
}

static struct type check_type(lua_State *L, int arg)
{
	struct type type;
	struct error err;

	if (types_get(luaint_check_u64(L, arg), &type, &err))
		luaL_argerror(L, arg, err.text);
	return type;
}

/* core.find(name [, module]) -> type | nil, message, name */
static int find(lua_State *L)
{
	struct type type;
	struct error err;

	if (types_find(kernel_of(L), luaL_checkstring(L, 1), luaL_optstring(L, 2, NULL), &type,
		       &err))
		return bind_push_error(L, &err);
	return push_type(L, &type);
}

/*
 * core.variable(name) -> type, is it per-CPU, offset in a CPU's area, BTF's id or nil
 *                      | nil, message, name
 */
static int variable(lua_State *L)
{
	struct type_variable found;
	struct error err;

	if (types_variable(kernel_of(L), luaL_checkstring(L, 1), &found, &err))
		return bind_push_error(L, &err);
	push_type(L, &found.type);
	lua_pushboolean(L, found.is_per_cpu);
	lua_pushinteger(L, found.offset);
	if (!found.btf_id)
		return 3;
	lua_pushinteger(L, found.btf_id);
	return 4;
}

/* core.type(id) -> type */
static int get(lua_State *L)
{
	struct type type = check_type(L, 1);

	return push_type(L, &type);
}

/* core.target(id) -> type of what a pointer points to or an array has | nil, message, name */
static int target(lua_State *L)
{
	struct type type = check_type(L, 1), to;
	struct error err;

	if (types_target(&type, &to, &err))
		return bind_push_error(L, &err);
	return push_type(L, &to);
}

/* core.member(id, path) -> member | nil, message, name */
static int member_(lua_State *L)
{
	struct type type = check_type(L, 1);
	struct type_member member;
	struct error err;

	if (types_find_member(&type, luaL_checkstring(L, 2), &member, &err))
		return bind_push_error(L, &err);
	return push_member(L, &member);
}

static int hint(uint32_t count)
{
	return count < MAX_HINT ? (int)count : MAX_HINT;
}

/* core.members(id) -> {member, ...} as declared | nil, message, name */
static int members(lua_State *L)
{
	struct type type = check_type(L, 1);

	lua_createtable(L, hint(type.count), 0);
	for (uint32_t i = 0; i < type.count; i++) {
		struct type_member member;
		struct error err;

		if (types_member(&type, i, &member, &err))
			return bind_push_error(L, &err);
		push_member(L, &member);
		lua_rawseti(L, -2, (int)i + 1);
	}
	return 1;
}

/* core.enumerators(id) -> {name, digits, name, digits, ...} | nil, message, name */
static int enumerators(lua_State *L)
{
	struct type type = check_type(L, 1);

	lua_createtable(L, 2 * hint(type.count), 0);
	for (uint32_t i = 0; i < type.count; i++) {
		struct error err;
		const char *name;
		char digits[24];
		uint64_t value;

		if (types_enumerator(&type, i, &name, &value, &err))
			return bind_push_error(L, &err);
		snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)value);
		lua_pushstring(L, name);
		lua_rawseti(L, -2, (int)(2 * i + 1));
		lua_pushstring(L, digits);
		lua_rawseti(L, -2, (int)(2 * i + 2));
	}
	return 1;
}

/* core.enumerator(name) -> its value as 16 hexadecimal digits | nil, message, name */
static int enumerator(lua_State *L)
{
	struct error err;
	char digits[24];
	uint64_t value;

	if (enumerator_find(kernel_of(L), luaL_checkstring(L, 1), &value, &err))
		return bind_push_error(L, &err);
	snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)value);
	lua_pushstring(L, digits);
	return 1;
}

/* ---- functions and tracepoints ---- */

/* Sets args = {{name, type}, ...} of the table on the stack's top. */
static int set_arguments(lua_State *L, const struct function *function, struct error *err)
{
	lua_createtable(L, hint(function->nr_arguments), 0);
	for (uint32_t i = 0; i < function->nr_arguments; i++) {
		struct function_argument argument;
		int code = function_argument(function, i, &argument, err);

		if (code)
			return code;
		lua_createtable(L, 0, 2);
		lua_pushstring(L, argument.name);
		lua_setfield(L, -2, "name");
		push_type(L, &argument.type);
		lua_setfield(L, -2, "type");
		lua_rawseti(L, -2, (int)i + 1);
	}
	lua_setfield(L, -2, "args");
	return 0;
}

/* {btf_id, module, variadic, args, ret}; without btf_id where the types are of a file */
static int push_function(lua_State *L, const struct function *function)
{
	struct type result;
	struct error err;
	int code;

	lua_createtable(L, 0, 5);
	code = set_arguments(L, function, &err);
	if (!code)
		code = function_result(function, &result, &err);
	if (code)
		return bind_push_error(L, &err);
	push_type(L, &result);
	lua_setfield(L, -2, "ret");
	lua_pushboolean(L, function->is_variadic);
	lua_setfield(L, -2, "variadic");
	lua_pushstring(L, function->module);
	lua_setfield(L, -2, "module");
	if (function->btf_id)
		set_number(L, "btf_id", function->btf_id);
	return 1;
}

/* core.func(name [, module]) -> function | nil, message, name */
static int func(lua_State *L)
{
	struct function function;
	struct error err;

	if (function_find(kernel_of(L), luaL_checkstring(L, 1), luaL_optstring(L, 2, NULL),
			  &function, &err))
		return bind_push_error(L, &err);
	return push_function(L, &function);
}

/* core.tracepoint(name [, module]) -> function | nil, message, name */
static int tracepoint(lua_State *L)
{
	struct function function;
	struct error err;

	if (function_find_tracepoint(kernel_of(L), luaL_checkstring(L, 1),
				     luaL_optstring(L, 2, NULL), &function, &err))
		return bind_push_error(L, &err);
	return push_function(L, &function);
}

/* core.tracepoint_names(name [, module]) -> {name, ...} of its arguments | nil, message, name */
static int tracepoint_names(lua_State *L)
{
	struct function caller;
	struct error err;

	if (function_find_caller(kernel_of(L), luaL_checkstring(L, 1), luaL_optstring(L, 2, NULL),
				 &caller, &err))
		return bind_push_error(L, &err);
	lua_createtable(L, hint(caller.nr_arguments), 0);
	for (uint32_t i = 0; i < caller.nr_arguments; i++) {
		struct function_argument argument;

		if (function_argument(&caller, i, &argument, &err))
			return bind_push_error(L, &err);
		lua_pushstring(L, argument.name);
		lua_rawseti(L, -2, (int)i + 1);
	}
	return 1;
}

static void add_name(void *context, const char *name, const char *module)
{
	lua_State *L = context;

	lua_pushstring(L, name);
	lua_rawseti(L, -3, (int)lua_objlen(L, -3) + 1);
	if (!module)
		return;
	lua_pushstring(L, module);
	lua_setfield(L, -2, name);
}

static int push_names(lua_State *L, bool tracepoints)
{
	struct error err;

	lua_settop(L, 1);
	lua_newtable(L);
	lua_newtable(L);
	if (function_each(kernel_of(L), luaL_checkstring(L, 1), tracepoints, add_name, L, &err))
		return bind_push_error(L, &err);
	return 2;
}

/* core.funcs(pattern) -> {name, ...}, {[name] = module} | nil, message, name */
static int funcs(lua_State *L)
{
	return push_names(L, false);
}

/* core.tracepoints(pattern) -> {name, ...}, {[name] = module} | nil, message, name */
static int tracepoints_(lua_State *L)
{
	return push_names(L, true);
}

/* core.btf_fd(module) -> descriptor of its BTF, which is not the caller's to close | nil, message,
 * name */
static int btf_fd(lua_State *L)
{
	const char *module = luaL_checkstring(L, 1);
	struct error err;
	int fd = check_running(L, &err) ? err.code : btf_source_fd(module, &err);

	if (fd < 0)
		return bind_push_error(L, &err);
	lua_pushinteger(L, fd);
	return 1;
}

/* core.format(group, event) -> text of its format file in tracefs | nil, message, name */
static int format(lua_State *L)
{
	const char *group = luaL_checkstring(L, 1), *event = luaL_checkstring(L, 2);
	char text[TRACEPOINT_FORMAT];
	struct error err;

	if (check_running(L, &err) || tracepoint_format(group, event, text, &err))
		return bind_push_error(L, &err);
	lua_pushstring(L, text);
	return 1;
}

/* ---- addresses ---- */

/*
 * core.addresses({name, ...}) -> {[name] = {address as digits, matches}} without
 * the names that are not there | nil, message, name
 */
static int addresses(lua_State *L)
{
	struct symbol_address *wanted;
	struct error err;
	size_t n;

	luaL_checktype(L, 1, LUA_TTABLE);
	n = lua_objlen(L, 1);
	wanted = lua_newuserdata(L, (n + 1) * sizeof(*wanted));
	for (size_t i = 0; i < n; i++) {
		lua_rawgeti(L, 1, (int)i + 1);
		/* The table keeps a string; not what a number would be turned into. */
		luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, "table of names expected");
		wanted[i].name = lua_tostring(L, -1);
		lua_pop(L, 1);
	}
	if (debuginfo_addresses(kernel_of(L), wanted, n, &err))
		return bind_push_error(L, &err);
	lua_createtable(L, 0, (int)n);
	for (size_t i = 0; i < n; i++) {
		char digits[24];

		if (!wanted[i].matches)
			continue;
		snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)wanted[i].address);
		lua_createtable(L, 0, 2);
		lua_pushstring(L, digits);
		lua_setfield(L, -2, "address");
		set_number(L, "matches", wanted[i].matches);
		lua_setfield(L, -2, wanted[i].name);
	}
	return 1;
}

/* core.lists(name) -> is there a symbol of this name? nil where only a pass over all can tell */
static int lists(lua_State *L)
{
	struct kernel *kernel = kernel_of(L);
	const char *name = luaL_checkstring(L, 1);
	int found = debuginfo_has_symbols(kernel) ? -EOPNOTSUPP : kmem_lists(kernel, name);

	if (found < 0)
		lua_pushnil(L);
	else
		lua_pushboolean(L, found);
	return 1;
}

/* core.work() -> {calls, reads, bytes, names, passes}: what looking has cost so far */
static int work(lua_State *L)
{
	const struct kernel *kernel = kernel_of(L);
	const struct kmem_work *cost = kmem_work(kernel);

	lua_createtable(L, 0, 5);
	set_number(L, "calls", cost->calls);
	set_number(L, "reads", cost->reads);
	set_number(L, "bytes", cost->bytes);
	set_number(L, "names", cost->names);
	set_number(L, "passes", debuginfo_passes(kernel));
	return 1;
}

/* core.symbol(address) -> name, offset, size, module | nil, message, name */
static int symbol(lua_State *L)
{
	uint64_t address = luaint_check_u64(L, 1);
	struct symbol found;
	struct error err;

	if (resolve(kernel_of(L), address, &found, &err))
		return bind_push_error(L, &err);
	lua_pushstring(L, found.name);
	lua_pushnumber(L, (lua_Number)found.offset);
	lua_pushnumber(L, (lua_Number)found.size);
	lua_pushstring(L, found.module);
	return 4;
}

/* core.debuginfo_set(path | nil) -> true | nil, message, name */
static int debuginfo_set_(lua_State *L)
{
	const char *path = luaL_optstring(L, 1, NULL);
	struct error err;

	if (kernel_use_file(kernel_of(L), path, &err))
		return bind_push_error(L, &err);
	lua_pushboolean(L, 1);
	return 1;
}

/* core.generation() -> a number that changes with core.debuginfo_set() */
static int generation(lua_State *L)
{
	lua_pushnumber(L, (lua_Number)debuginfo_generation(kernel_of(L)));
	return 1;
}

/* core.pointer_size() -> bytes of a pointer in this kernel */
static int pointer_size(lua_State *L)
{
	lua_pushnumber(L, types_pointer_size(kernel_of(L)));
	return 1;
}

/* ---- other kernels ---- */

static int open_(lua_State *L);

/* core.close(): gives an image back; its other functions raise from then on. */
static int close_(lua_State *L)
{
	struct place *place = lua_touserdata(L, lua_upvalueindex(1));
	struct kernel *kernel = place->kernel;

	luaL_argcheck(L, kernel != kernel_running(), 1, "the running kernel is not closed");
	place->kernel = NULL;
	if (kernel)
		kernel_close(kernel);
	return 0;
}

static int collect(lua_State *L)
{
	struct place *place = lua_touserdata(L, 1);

	if (place->kernel && place->kernel != kernel_running())
		kernel_close(place->kernel);
	place->kernel = NULL;
	return 0;
}

static const luaL_Reg functions[] = {
	{ "open", open_ },
	{ "close", close_ },
	{ "symbol", symbol },
	{ "debuginfo_set", debuginfo_set_ },
	{ "read", read_ },
	{ "read_physical", read_physical },
	{ "explain", explain },
	{ "how", how_ },
	{ "use", use },
	{ "work", work },
	{ "current_task", current_task },
	{ "find", find },
	{ "variable", variable },
	{ "type", get },
	{ "target", target },
	{ "member", member_ },
	{ "members", members },
	{ "enumerators", enumerators },
	{ "enumerator", enumerator },
	{ "func", func },
	{ "funcs", funcs },
	{ "tracepoint", tracepoint },
	{ "tracepoints", tracepoints_ },
	{ "tracepoint_names", tracepoint_names },
	{ "btf_fd", btf_fd },
	{ "format", format },
	{ "addresses", addresses },
	{ "lists", lists },
	{ "generation", generation },
	{ "pointer_size", pointer_size },
	{ NULL, NULL },
};

/* Pushes a place for a kernel, which is closed when Lua has no use for it any more. */
static struct place *push_place(lua_State *L, struct kernel *kernel)
{
	struct place *place = lua_newuserdata(L, sizeof(*place));

	place->kernel = kernel;
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, collect);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	return place;
}

/* Of the place on the stack's top, a table with its kernel's functions. */
static int push_functions(lua_State *L)
{
	lua_createtable(L, 0, ARRAY_SIZE(functions));
	for (const luaL_Reg *function = functions; function->name; function++) {
		lua_pushvalue(L, -2);
		lua_pushcclosure(L, function->func, 1);
		lua_setfield(L, -2, function->name);
	}
	return 1;
}

/* core.open(core, btf | nil, symbols | nil) -> the same functions, of an image | nil, message, name
 */
static int open_(lua_State *L)
{
	const struct kernel_files files = {
		.core = luaL_checkstring(L, 1),
		.btf = luaL_optstring(L, 2, NULL),
		.symbols = luaL_optstring(L, 3, NULL),
	};
	struct place *place = push_place(L, NULL);
	struct error err;

	if (kernel_open(&files, &place->kernel, &err))
		return bind_push_error(L, &err);
	return push_functions(L);
}

int bind_open_kernel(lua_State *L)
{
	luaint_open_arrays(L);
	push_place(L, kernel_running());
	return push_functions(L);
}
