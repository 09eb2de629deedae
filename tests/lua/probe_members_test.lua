-- Members, elements, bitfields and texts of objects: as C lays them out and reads them, by FFI beside the handlers.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local builtins = require "shark.probe.builtins"
local compiled = require "compiled"
local ffi = require "ffi"
local probe = require "shark.probe"
local t = require "t"

local tests = {}

-- luacheck: globals emit comm str ustr

ffi.cdef [[
struct inner { uint16_t small; int16_t low; };
struct outer {
  int32_t n; uint32_t u; int64_t big; uint64_t huge; int8_t tiny; uint8_t byte; bool yes;
  struct inner in[3];
  struct outer *next, *none;
  char name[16];
  int32_t numbers[4];
  struct outer **list;
  const char *text;
  uint32_t flag : 1, three : 3, : 4, wide : 20;
  int32_t negative : 5;
};
]]

local outer_type = ffi.typeof "struct outer"

local function member(name, of)
  return { ffi.offsetof(outer_type, name), of }
end

local function bits(name, of, n)
  local offset, bit = ffi.offsetof(outer_type, name)
  return { bit = offset * 8 + bit, bits = n, type = of }
end

local function array(of, count)
  of = compiled.type(of)
  return { kind = "array", element = of, count = count, size = of.size * count }
end

local known = compiled.types { ["struct outer"] = { size = ffi.sizeof(outer_type) }, ["struct inner"] = { size = 4 } }
local outer, inner = known.by_name["struct outer"], known.by_name["struct inner"]
inner.members = { small = { 0, "u16" }, low = { 2, "i16" } }
outer.members = {
  n = member("n", "i32"), u = member("u", "u32"), big = member("big", "i64"), huge = member("huge", "u64"),
  tiny = member("tiny", "i8"), byte = member("byte", "u8"), yes = member("yes", "bool"),
  ["in"] = member("in", array(inner, 3)), next = member("next", compiled.pointer(outer)),
  none = member("none", compiled.pointer(outer)), name = member("name", array("i8", 16)),
  numbers = member("numbers", array("i32", 4)), list = member("list", compiled.pointer(compiled.pointer(outer))),
  text = member("text", compiled.pointer(compiled.type "i8")),
  flag = bits("flag", "u32", 1), three = bits("three", "u32", 3), wide = bits("wide", "u32", 20),
  negative = bits("negative", "i32", 5),
}

local function address(object)
  return ffi.cast("uint64_t", ffi.cast("uintptr_t", ffi.cast("void *", object)))
end

-- An object with the value of each member different, and one behind it.
local function objects()
  local one, two = outer_type(), outer_type()
  one.n, one.u, one.big, one.huge, one.tiny, one.byte, one.yes = -5, 4294967290, -2LL ^ 40, -3LL, -7, 250, true
  for i = 0, 2 do
    one["in"][i].small, one["in"][i].low = 65535 - i, -1 - i
  end
  one.next, one.name = two, "swapper/0"
  for i = 0, 3 do one.numbers[i] = -100 * i end
  one.flag, one.three, one.wide, one.negative = 1, 5, 0xabcde, -9
  two.n, two.next = 77, one
  local list = ffi.new("struct outer *[2]", { one, two })
  local text = ffi.new("char[32]", "a text of its own")
  one.list, one.text = list, text
  return one, two, list, text
end

-- The same by loads from a typed pointer, and by bpf_probe_read_kernel.
local function both_ways(fn, wanted)
  local one, two, list, text = objects()
  for _, typed in ipairs { true, false } do
    local run = compiled.run(fn, { args = { address(one), 2 }, types = { compiled.pointer(outer), "i64" },
      known = known, typed = typed, objects = { one, two, list, text }, n = 2 })
    t.assertEquals(run.sent[1], wanted, typed and "typed" or "untyped")
  end
end

function tests.test_members_of_all_sizes()
  both_ways(function(x)
    emit { n = x.n, u = x.u, big = x.big, huge = x.huge, tiny = x.tiny, byte = x.byte, yes = x.yes, less = x.n < 0 }
  end, { n = -5LL, u = 4294967290LL, big = -2LL ^ 40, huge = ffi.cast("uint64_t", -3LL), tiny = -7LL, byte = 250LL,
    yes = true, less = true })
end

function tests.test_bitfields()
  both_ways(function(x) emit { flag = x.flag, three = x.three, wide = x.wide, negative = x.negative } end,
    { flag = 1LL, three = 5LL, wide = 0xabcdeLL, negative = -9LL })
end

function tests.test_objects_in_arrays_in_objects()
  both_ways(function(x, i)
    emit { a = x["in"][0].small, b = x["in"][2].low, c = x["in"][i].small, d = x["in"][i - 1].low, e = x.numbers[i],
      f = x.numbers[3] }
  end, { a = 65535LL, b = -3LL, c = 65533LL, d = -2LL, e = -200LL, f = -300LL })
end

function tests.test_chains_and_pointers_to_pointers()
  both_ways(function(x, i)
    emit { there = x.next.n, back = x.next.next.n, first = x.list[0].n, second = x.list[i - 1].n, nothing = x.none.n,
      is_nil = x.none == nil, same = x.next.next == x,
      other = x.next ~= x }
  end, { there = 77LL, back = -5LL, first = -5LL, second = 77LL, nothing = 0LL, is_nil = true, same = true,
    other = true })
end

function tests.test_texts_of_arrays_and_pointers()
  both_ways(function(x)
    emit { name = x.name, cut = str(x.name, 8), text = str(x.text), long = str(x.text, 64), own = ustr(x.text, 24),
      is = x.name == "swapper/0", isnt = str(x.name, 8) == "swapper/0", third = x.name[2] }
  end, { name = "swapper/0", cut = "swapper", text = "a text of its o", long = "a text of its own",
    own = "a text of its own", is = true, isnt = false, third = 97LL })
end

function tests.test_addresses_in_programs_are_read_as_theirs()
  local _, _, _, text = objects()
  local asked = {}
  local function reader(number)
    return function(_, to) asked[#asked + 1] = number; ffi.copy(ffi.cast("char *", to), "text", 5); return 5 end
  end
  local helpers = { [114] = reader "user", [115] = reader "kernel" }
  local function handler(at) emit { a = str(at), b = ustr(at) } end
  for _, user in ipairs { true, false } do
    compiled.run(handler, { args = { address(text) }, types = { "u64" }, user = user, helpers = helpers })
  end
  t.assertEquals(asked, { "user", "user", "kernel", "user" })
end

function tests.test_texts_that_meet_and_last()
  both_ways(function(x, i)
    local first, second = str(x.name), str(x.text, 32)
    local which = i > 1 and first or second
    local named = i > 5 and "some" or "a longer one"
    local last = first
    for k = 1, 3 do
      local now = str(x.list[0].name, 8)
      if k == 2 then last = now end
    end
    emit { first = first, second = second, which = which, named = named, last = last }
  end, { first = "swapper/0", second = "a text of its own", which = "swapper/0", named = "a longer one",
    last = "swapper" })
end

function tests.test_a_pointer_that_meets_nil_is_read_all_the_same()
  both_ways(function(x, i)
    local p = i > 1 and x.next or nil
    local q = i > 5 and x.next or nil
    emit { p = p and p.n or -1, q = q and q.n or -1, none = q == nil }
  end, { p = 77LL, q = -1LL, none = true })
end

function tests.test_walking_a_list()
  both_ways(function(x)
    local at, sum = x, 0
    for _ = 1, 5 do
      sum = sum + at.n
      at = at.next
    end
    emit { sum = sum }
  end, { sum = -5 * 3 + 77 * 2LL })
end

function tests.test_pointers_as_keys_and_values()
  local seen, n = probe.map("at:ptr", "u64"), probe.count("ptr")
  both_ways(function(x)
    seen[x] = x.next
    n[x.next]:add()
    local there = seen[x]
    emit { same = there and builtins.cast(there, "struct outer").n or 0, mid = x["in"][1] ~= nil }
  end, { same = 77LL, mid = true })
end

function tests.test_has_and_cast()
  both_ways(function(x)
    local huge = builtins.has(x, "gone") and x.gone or x.huge
    emit { huge = huge, small = builtins.cast(x["in"], "struct inner").small,
      n = builtins.cast(x.next, "struct outer *").n }
  end, { huge = ffi.cast("uint64_t", -3LL), small = 65535LL, n = 77LL })
end

function tests.test_a_record_of_a_classic_tracepoint()
  local fields = {
    { name = "dev", offset = 8, size = 4, signed = false, ctype = "dev_t" },
    { name = "change", offset = 12, size = 2, signed = true, ctype = "short" },
    { name = "comm", offset = 16, size = 8, is_array = true, ctype = "char[8]" },
    { name = "ids", offset = 24, size = 8, is_array = true, ctype = "u32[2]" },
    { name = "file", offset = 32, size = 4, is_data_loc = true, ctype = "__data_loc char[]" },
    { name = "total", offset = 40, size = 8, signed = false, ctype = "u64" },
  }
  local bytes = ffi.new "uint8_t[96]"
  ffi.cast("uint32_t *", bytes + 8)[0], ffi.cast("int16_t *", bytes + 12)[0] = 0xfffffff0, -3
  ffi.copy(bytes + 16, "bash")
  ffi.cast("uint32_t *", bytes + 24)[1], ffi.cast("uint32_t *", bytes + 32)[0] = 9, bit.bor(bit.lshift(6, 16), 56)
  ffi.cast("uint64_t *", bytes + 40)[0] = -1LL
  ffi.copy(bytes + 56, "/etc/")
  local words, list = ffi.cast("uint64_t *", bytes), {}
  for i = 0, 11 do list[i + 1] = words[i] end
  local run = compiled.run(function(e)
    emit { dev = e.dev, change = e.change, comm = e.comm, second = e.ids[1], file = str(e.file), total = e.total,
      is = e.comm == "bash", path = e.file == "/etc/", has = builtins.has(e, "dev") and not builtins.has(e, "x") }
  end, { record = fields, args = list, n = 1 })
  t.assertEquals(run.sent[1], { dev = 0xfffffff0LL, change = -3LL, comm = "bash", second = 9LL, file = "/etc/",
    total = 0xffffffffffffffffULL, is = true, path = true, has = true })
end

t.run(tests)
