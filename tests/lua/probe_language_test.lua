-- shark.probe.lower: what handlers do, run by the interpreter of the IR; LuaJIT runs the same functions beside it.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local compiled = require "compiled"
local ffi = require "ffi"
local probe = require "shark.probe"
local t = require "t"

local tests = {}
local i64, u64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"

-- luacheck: globals emit now tid pid cpu uid comm
local result -- what the function under test gave in LuaJIT

-- What a function of two arguments of 64 bits gives in the kernel's stead, and in LuaJIT.
local function both(run, fn, args, types)
  local plain = {}
  for i, value in ipairs(args) do
    plain[i] = types and types[i] == "u64" and ffi.cast(u64, i64(value)) or i64(value)
  end
  result = fn(unpack(plain))
  return run({ args = args }).sent[1].v
end

-- Both give the same for all pairs of edge values.
local EDGES = { 0, 1, -1, 2, 7, -8, 255, 65536, 2 ^ 31, -2 ^ 31, 2 ^ 32 + 5, 0x7fffffffffffffffLL,
  -0x7fffffffffffffffLL }

local function text_of(value)
  return type(value) == "boolean" and tostring(value) or tostring(ffi.cast(u64, value))
end

local function same_for_edges(fn, types)
  local run = compiled.prepare(function(a, b) emit { v = fn(a, b) } end, { types = types, n = 2 })
  for _, a in ipairs(EDGES) do
    for _, b in ipairs(EDGES) do
      local got = both(run, fn, { a, b }, types)
      t.assertEquals(text_of(got), text_of(result), ("of %s and %s"):format(tostring(a), tostring(b)))
    end
  end
end

function tests.test_arithmetic_is_that_of_luajit()
  same_for_edges(function(a, b) return a + b * 3 - 7 end)
  same_for_edges(function(a, b) return -a + 5 * b end)
  same_for_edges(function(a, b) return a + b * 3 - 7 end, { "u64", "u64" })
  same_for_edges(function(a, b) return a * b + 1 end, { "u64", "i64" })
end

function tests.test_division_truncates()
  same_for_edges(function(a, b) return b == 0 and 0LL or a / b end)
  same_for_edges(function(a, b) return b == 0 and 0LL or a % b end)
  same_for_edges(function(a, b) return b == 0 and 0ULL or a / b end, { "u64", "u64" })
  same_for_edges(function(a, b) return b == 0 and 0ULL or a % b end, { "u64", "u64" })
  same_for_edges(function(a) return a / 8 + a % 8 end)
  same_for_edges(function(a) return a / 8 + a % 8 end, { "u64", "u64" })
  same_for_edges(function(a) return a / 10 + a % 10 end)
  same_for_edges(function(a) return a / -7 + a % -7 end)
  same_for_edges(function(a) return a / 1 + a % 1 end)
  same_for_edges(function(a) return a / 1000 + a % 1000 end, { "u64", "u64" })
end

function tests.test_dividing_by_zero_gives_zero_and_the_rest_all()
  local run = compiled.run(function(a, b) emit { q = a / b, r = a % b } end, { args = { -17, 0 } })
  t.assertEquals(run.sent[1].q, 0LL)
  t.assertEquals(run.sent[1].r, -17LL)
end

function tests.test_bits_are_64()
  same_for_edges(function(a, b) return bit.bxor(bit.band(a, b), bit.bor(a, 12)) end)
  same_for_edges(function(a) return bit.bnot(bit.lshift(a, 3)) + bit.rshift(a, 2) end)
  same_for_edges(function(a) return bit.arshift(a, 5) end)
  same_for_edges(function(a) return bit.lshift(a, 64 + 3) end)
  same_for_edges(function(a, b) return bit.lshift(a, bit.band(b, 63)) end)
  local run = compiled.run(function() emit { v = bit.lshift(1, 40) } end, { n = 0 })
  t.assertEquals(run.sent[1].v, 2LL ^ 40)
end

function tests.test_comparisons()
  same_for_edges(function(a, b) return a < b end)
  same_for_edges(function(a, b) return a <= b and a ~= b end)
  same_for_edges(function(a, b) return a > b or a == -8 end)
  same_for_edges(function(a, b) return not (a >= b) end) -- luacheck: ignore
  same_for_edges(function(a, b) return a < b end, { "u64", "u64" })
  same_for_edges(function(a, b) return a <= b end, { "u64", "i64" })
  same_for_edges(function(a) return a > 5 end, { "u64" })
end

function tests.test_ways_through_a_function()
  local function ways(a, b)
    local x
    if a > b then x = a elseif a == b then x = 17LL else x = b - a end
    if x > 100 then return x - 100 end
    local y = a > 3 and b or x
    do
      local x2, y2 = y, x
      y = x2 + y2
    end
    if a == 7 then goto done end
    y = y + 1
    ::done::
    return y
  end
  same_for_edges(ways)
end

function tests.test_swaps_and_several_at_once()
  same_for_edges(function(a, b)
    local x, y = a, b
    for _ = 1, 3 do
      x, y = y, x + 1
    end
    return x * 3 + y
  end)
end

function tests.test_loops_with_constant_bounds()
  same_for_edges(function(a, b)
    local sum = a
    for i = 1, 8 do
      if i > b then break end
      sum = sum + i * 2
    end
    for i = 10, 1, -3 do
      sum = sum - i
    end
    for _ = 5, 4 do
      sum = sum + 1000
    end
    return sum
  end)
end

function tests.test_plain_constants_take_the_kind_of_what_they_meet()
  same_for_edges(function(a, b)
    local sum, last = 0, 0
    for i = 1, 4 do
      sum = sum + a * i
      if sum > b then last = sum end
    end
    return sum - last
  end, { "u64", "u64" })
  local function clamp(x, least, most)
    if x < least then return least elseif x > most then return most end
    return x
  end
  same_for_edges(function(a) return clamp(a, 10, 100) + 0ULL end, { "u64", "u64" })
end

function tests.test_nested_loops()
  same_for_edges(function(a)
    local sum, last = a, a
    for i = 1, 4 do
      for _ = 2, 4 do sum = sum + 1 end
      for j = 1, 3 do
        if j == 2 then last = sum end
        sum = sum + i * j
      end
    end
    return sum - last
  end)
end

function tests.test_loops_with_an_end_known_at_run_time()
  for _, n in ipairs { 0, 1, 5, 100, -3 } do
    local run = compiled.run(function(k)
      local sum = 0
      for i = 2, k, 2 do sum = sum + i end
      local turns = 0
      while sum > 0 do
        sum = sum / 2
        turns = turns + 1
      end
      repeat turns = turns + 100 until turns > k
      emit { turns = turns }
    end, { args = { n }, loops = "may_goto" })
    local sum, turns = 0, 0
    for i = 2, n, 2 do sum = sum + i end
    while sum > 0 do sum, turns = math.floor(sum / 2), turns + 1 end
    repeat turns = turns + 100 until turns > n
    t.assertEquals(tonumber(run.sent[1].turns), turns)
  end
end

function tests.test_inlined_functions()
  local function larger(a, b)
    if a > b then return a end
    return b
  end
  local helpers = { twice = function(a) return larger(a, a) * 2 end }
  same_for_edges(function(a, b)
    local x = larger(helpers.twice(a), b)
    return larger(x, larger(a, b))
  end)
  same_for_edges(function(a, b) return larger(a, b) end)
end

function tests.test_a_function_that_may_give_nothing()
  local function even(a)
    if a % 2 == 0 then return a end
  end
  same_for_edges(function(a, b)
    local x, y = even(a), even(b)
    if x and y then return x + y end
    return x or y or -99LL
  end)
end

function tests.test_min_max_abs()
  local run = compiled.run(function(a, b)
    emit { least = math.min(a, b, 3), most = math.max(a, b), size = math.abs(a), k = math.max(3, 4) }
  end, { args = { -5, 9 } })
  t.assertEquals(run.sent[1], { least = -5LL, most = 9LL, size = 5LL, k = 4LL })
  run = compiled.run(function(a, b) emit { least = math.min(a, b), size = math.abs(a) } end,
    { args = { -5, 9 }, types = { "u64", "u64" } })
  t.assertEquals(run.sent[1], { least = 9ULL, size = ffi.cast(u64, -5LL) })
end

function tests.test_what_is_known_of_the_task()
  local run = compiled.run(function()
    emit {
      tid = tid(), pid = pid(), uid = uid(), cpu = cpu(), comm = comm(), later = now() - now() < 0, sh = comm() == "sh",
    }
  end, { n = 0, cpu = 3, comm = "bash", pid_tgid = 0x0000000500000006ULL, uid_gid = 0x0000000100000003ULL })
  t.assertEquals(run.sent[1],
    { tid = 6LL, pid = 5LL, uid = 3LL, cpu = 3LL, comm = "bash", later = true, sh = false })
end

function tests.test_a_global_of_the_script_goes_before_a_builtin()
  local handler = setfenv(function() emit { tid = tid() } end, { tid = function() return 77 end })
  t.assertEquals(compiled.run(handler, { n = 0 }).sent[1].tid, 77LL)
end

function tests.test_nothing_runs_before_the_gate_is_open()
  local n = probe.count()
  local handler = function() n:add() end
  t.assertEquals(compiled.run(handler, { n = 0 }):word(n), 1LL)
  t.assertEquals(compiled.run(handler, { n = 0, shut = true }):word(n), 0LL)
end

function tests.test_upvalues_and_constant_tables()
  local limit, config = 40, { bias = 2, names = { "a", "b" }, big = 0xffffffffffffffffULL }
  local run = compiled.run(function(a)
    local list = config.names
    emit { v = a + limit * config.bias, name = list[2], big = config.big, none = config.nothing == nil }
  end, { args = { 1 } })
  t.assertEquals(run.sent[1], { v = 81LL, name = "b", big = 0xffffffffffffffffULL, none = true })
end

function tests.test_ipairs_over_a_constant_table_is_unrolled()
  local list = { 3, 5, 7, 9 }
  local run = compiled.run(function(a)
    local sum, first = 0, nil
    for i, v in ipairs(list) do
      if v == a then goto continue end
      if i == 4 then break end
      sum = sum + v * i
      first = first or v
      ::continue::
    end
    emit { sum = sum, first = first or 0 }
  end, { args = { 5 } })
  t.assertEquals(run.sent[1], { sum = 3 + 21LL, first = 3LL })
end

-- ---- where a handler comes from ----

local function sum_of_loop(a)
  local sum = 0LL
  for i = 1, 8 do
    if i > a then break end
    sum = sum + i
  end
  return sum
end

function tests.test_a_handler_that_the_jit_has_compiled()
  jit.on(sum_of_loop)
  for _ = 1, 500 do sum_of_loop(5) end
  t.assertNotNil(require("jit.util").traceinfo(1), "the JIT has compiled nothing")
  local run = compiled.run(function(a) emit { v = sum_of_loop(a) } end, { args = { 5 } })
  t.assertEquals(run.sent[1].v, 15LL)
end

function tests.test_a_handler_without_lines()
  local stripped = loadstring(string.dump(function(a)
    local double = a * 2
    if double > 3 then emit { v = double } end
  end, true))
  t.assertEquals(compiled.run(setfenv(stripped, {}), { args = { 5 } }).sent[1].v, 10LL)
  local wrong = loadstring(string.dump(function(a) emit { v = a .. "x" } end, true))
  t.assertStrContains(compiled.refusal(setfenv(wrong, {}), { n = 1 }), ": strings cannot be joined in the kernel")
end

function tests.test_a_handler_from_the_prompt()
  local handler = loadstring("return function(a)\n  emit { v = a + 0.5 }\nend", "=stdin")()
  t.assertEquals(compiled.refusal(handler, { n = 1 }), "stdin:2: 0.5 is not a whole number")
  handler = loadstring "return function(a)\n  emit { v = a + 0.5 }\nend"()
  t.assertStrMatches(compiled.refusal(handler, { n = 1 }), "%[string .*%]:2: 0%.5 is not a whole number")
end

function tests.test_more_than_255_constants()
  local lines = { "return function(a) local sum = 0LL" }
  for i = 1, 300 do
    lines[#lines + 1] = ("if a == %d then sum = sum + config.k%d end"):format(i + 1000000, i)
  end
  lines[#lines + 1] = "return sum + config.last end"
  local config = { last = 5 }
  for i = 1, 300 do config["k" .. i] = i end
  local fn = setfenv(loadstring(table.concat(lines, "\n"))(), { config = config })
  local run = compiled.run(function(a) emit { v = fn(a) } end, { args = { 1000299 } })
  t.assertEquals(run.sent[1].v, 304LL)
end

-- What other releases of LuaJIT have: since March 2025 a template marks fields that are set later by itself, since
-- July 2026 there are instructions for bits.
function tests.test_what_newer_bytecode_has()
  local tables, arith = require "shark.probe.lower_tables", require "shark.probe.lower_arith"
  local template = { kind = 3 }
  template.later = template
  local c = { slots = {}, line = 1 }
  tables.ops.TDUP(c, 1, { a = { 0 }, d = { 0 }, constant = function() return template end })
  t.assertEquals(c.slots[0].fields.kind.v, 3)
  t.assertNil(c.slots[0].fields.later)
  local p = { a = { 2 }, b = { 0 }, c = { 1 }, d = { 0 } }
  for name, wanted in pairs { BAND = 8, BOR = 14, BXOR = 6, BSHL = 48, BSHR = 3, BSAR = 3, BNOT = -13 } do
    c = { slots = { [0] = { k = "const", v = 12 }, { k = "const", v = name:find "^BS" and 2 or 10 } }, line = 1 }
    arith.ops[name](c, 1, p)
    t.assertEquals(c.slots[2].v, wanted, name)
  end
end

t.run(tests)
