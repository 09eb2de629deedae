-- What handlers may not do: the exact text, with its line, that says what to write instead.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local builtins = require "shark.probe.builtins"
local compiled = require "compiled"
local probe = require "shark.probe"
local t = require "t"

local tests = {}

-- luacheck: globals emit now tid comm str fooo unset stack
-- luacheck: ignore 211 212 213 231 311 542 113

local FILE = debug.getinfo(1, "S").source:sub(2)

-- The handler is refused with the text, for the line that is `down` below its own first one.
local function refused(down, text, fn, of)
  local line = debug.getinfo(fn, "S").linedefined + down
  t.assertEquals(compiled.refusal(fn, of or { n = 2 }), ("%s:%d: %s"):format(FILE, line, text))
end

-- ---- what a handler is given ----

local known = compiled.types {
  ["struct task"] = { size = 64, members = {} },
}
local task = known.by_name["struct task"]
task.members = {
  pid = { 0, "i32" }, weight = { 8, "u64" }, parent = { 16, compiled.pointer(task) },
  comm = { 24, { kind = "array", element = { kind = "char", size = 1, signed = true }, count = 16, size = 16 } },
  rate = { 40, { kind = "float", name = "double", size = 8 } },
  list = { 48, compiled.pointer(compiled.pointer(task)) },
}
local TASK = { types = { compiled.pointer(task), "i64" }, known = known }
local NUMBERS = { types = { "i64", "u64" } }

function tests.test_arguments()
  refused(0, "the handler takes 3 arguments; test has 2", function(a, b, c) end)
  refused(1, "`...` is not possible in a handler: name its arguments", function(...)
    local a = ...
    emit { a = a }
  end)
  t.assertErrorMsgContains("a handler is a Lua function", compiled.compile, print)
end

-- ---- numbers ----

function tests.test_numbers()
  refused(0, "0.5 is not a whole number", function(a) emit { v = a * 0.5 } end)
  refused(0, "0.5 is not a whole number", function(a) if a > 0.5 then emit { v = a } end end)
  refused(0, "the field v: 0.1 is not a whole number", function() emit { v = 1 / 10 } end)
  refused(0, "0xffffffffffffffff does not fit in 64 bits: write 0xffffffffffffffffULL",
    function(_, u) emit { v = u + 0xffffffffffffffff } end, NUMBERS)
  refused(0, "the field v: 1e+300 does not fit in 64 bits", function() emit { v = 1e300 } end)
  refused(0, "the field v: -1e+20 does not fit in 64 bits", function() emit { v = -1e20 } end)
  refused(0, "9223372036854775808 does not fit in 63 bits: write 9223372036854775808ULL",
    function(a) emit { v = a + 0x8000000000000000 } end)
  refused(0, "an unsigned number is never negative: it cannot be compared with -1",
    function(_, u) if u == -1 then emit { v = u } end end, NUMBERS)
  refused(0, "an unsigned number is never negative: it cannot be combined with -1",
    function(_, u) emit { v = u + -1 } end, NUMBERS)
  refused(0, "divides by zero", function(a) emit { v = a / 0 } end)
  refused(0, "divides by zero", function(a) emit { v = a % 0 } end)
  refused(0, "there is no x ^ y for whole numbers: multiply", function(a) emit { v = a ^ 2 } end)
  refused(1, "the right side, b, is a boolean, not a number", function(a)
    local b = a > 3; emit { v = a + b } end)
end

function tests.test_numbers_that_may_be_nil()
  local m = probe.map("tid", "u64")
  refused(2, "the left side, started, is a number or nil (test it first), not a number", function()
    local started = m[tid()]
    emit { v = started + 1 }
  end)
  refused(1, "the left side is a number or nil (test it first), not a number", function()
    emit { v = m[1] - 1 }
  end)
  refused(0, "the field v is a number or nil (test it first)", function() emit { v = m[1] } end)
  refused(0, "the key tid is a number, not a number or nil (test it first)", function() m[m[1]] = 1 end)
  refused(2, "the left side, started, is nil, not a number", function()
    local started = m[tid()]
    if not started then emit { v = started + 1 } end
  end)
  refused(0, "one side is a number or nil: test it before it is compared with a number",
    function(a) if m[1] == a then emit { v = a } end end)
end

-- ---- ways ----

function tests.test_different_things_on_different_ways()
  refused(3, "x is different things on different ways here: a number (line " .. debug.getinfo(1, "l").currentline + 2
    .. "), a text (line " .. debug.getinfo(1, "l").currentline + 2 .. ")", function(a)
    local x = a
    if a > 3 then x = comm() end
    emit { x = x }
  end)
  local line = debug.getinfo(1, "l").currentline
  refused(3, ("x is different things on different ways here: a signed number on one way, an unsigned one on another; "
    .. "add 0ULL to the signed one (lines %d and %d)"):format(line + 3, line + 4), function(a, u)
    local x = u
    if a > 3 then x = a end
    emit { x = x }
  end, NUMBERS)
end

-- ---- loops ----

function tests.test_loops()
  refused(0, "a loop's start, end and step must be constants on this kernel: for i = 1, 64 do if i > n then break end "
    .. "... end", function(a) for i = 1, a do emit { i = i } end end)
  local text = "a loop without a constant end is not possible on this kernel: for i = 1, 64 do if i > n then break end "
    .. "... end"
  refused(0, text, function(a) while a > 3 do a = a / 2 end end)
  refused(0, text, function(a) repeat a = a / 2 until a < 3 end)
  refused(2, text, function(a)
    ::again::
    a = a / 2
    if a > 3 then goto again end
  end)
  refused(1, "this loop takes 5000 turns with 1 branches in each: the kernel allows 4096 together", function(a)
    for i = 1, 5000 do a = a + i end
    emit { a = a }
  end)
  refused(0, "a loop's step must be a constant whole number", function(a) for i = 1, 8, a do emit { i = i } end end)
  refused(0, "a loop's step is 0: it would not end", function() for i = 1, 8, 0 do emit { i = i } end end)
  refused(0, "a loop's end: 2.5 is not a whole number", function() for i = 1, 2.5 do emit { i = i } end end)
end

function tests.test_for_in()
  local list, many = { 1 }, {}
  for i = 1, 65 do many[i] = i end
  refused(0, "pairs cannot be called in a handler: it has no order; take ipairs over a constant table",
    function() for k in pairs(list) do emit { k = k } end end)
  refused(0, "ipairs takes a constant table of the script in a handler",
    function(a) for i in ipairs(a) do emit { i = i } end end)
  refused(0, "ipairs over 65 elements: a handler takes at most 64",
    function() for i in ipairs(many) do emit { i = i } end end)
  refused(0, "for ... in takes ipairs(a constant table) in a handler",
    function(a) for k in a, a, a do emit { k = k } end end)
end

-- ---- calls ----

local function endless(n)
  return endless(n) + 1
end

local function two() return 1, 2 end
local function none() end

function tests.test_calls()
  local deep = "functions call each other more than 8 deep: recursion is not possible"
  t.assertEquals(compiled.refusal(function(a) emit { v = endless(a) } end, { n = 1 }),
    ("%s:%d: %s"):format(FILE, debug.getinfo(endless, "S").linedefined + 1, deep))
  refused(0, "print cannot be called in a handler: emit { } what is to be printed, and print it in session:on()",
    function(a) print(a) end)
  refused(0, "string.format cannot be called in a handler: emit { } the text, and format it in session:on()",
    function(a) emit { v = string.format("%d", a) } end)
  refused(0, "pcall cannot be called in a handler: nothing raises in a handler", function(a) pcall(two) end)
  refused(0, "math.floor cannot be called in a handler: / gives whole numbers already",
    function(a) emit { v = math.floor(a) } end)
  refused(0,
    "coroutine.yield cannot be called in a handler: only functions written in Lua, and those of the guide, can be",
    function(a) coroutine.yield(a) end)
  refused(0, "select cannot be called in a handler: name the arguments", function(a) emit { v = select(1, a) } end)
  refused(0, "a is a number: it cannot be called", function(a) a() end)
  refused(0, "a call gives one value in a handler", function() local a, b = two(); emit { a = a, b = b } end)
  refused(0, ("the function gives 2 values (line %d) where one is taken: put its result into a variable first")
    :format(debug.getinfo(two, "S").linedefined), function() emit { v = math.abs(two()) } end)
  refused(0, ("the function gives 0 values (line %d) where one is taken: put its result into a variable first")
    :format(debug.getinfo(none, "S").linedefined), function() emit { v = math.abs(none()) } end)
  refused(0, "the global fooo is nil", function() fooo() end)
  refused(0, "now() takes no arguments", function(a) emit { v = now(a) } end)
  refused(0, "bit.band: argument 2 is a text, not a number", function(a) emit { v = bit.band(a, comm()) } end)
  refused(0, "math.max: argument 1 is a text, not a number", function() emit { v = math.max(comm(), 1) } end)
end

-- ---- outside ----

local outside = 0

function tests.test_what_is_outside()
  refused(0, "a variable outside the handler (outside) cannot be assigned to; use a map or a count",
    function() outside = 1 end)
  refused(0, "a variable outside the handler (outside) cannot be assigned to; use a map or a count",
    function(a) outside = a end)
  refused(0, "a variable outside the handler (unset) cannot be assigned to; use a map or a count",
    function(a) unset = a end)
  refused(0, "a function made in a handler is not possible: make it outside",
    function(a) emit { v = (function() return a end)() } end)
  refused(0, "a table of the script cannot be changed in a handler; use a map or a count",
    function(a) tests.x = a end)
  refused(0, "tests is a table of the script, which is read while compiling: its key must be a constant; use a map",
    function(a) emit { v = tests[a] } end)
end

-- ---- texts ----

function tests.test_texts()
  refused(0, "strings cannot be joined in the kernel; emit the parts", function(a) emit { v = comm() .. "x" } end)
  refused(0, "# is not possible in a handler: take the length outside of it", function() emit { v = #comm() } end)
  refused(0, "texts have no order in a handler: compare them with == and ~=", function() emit { v = comm() < "x" } end)
  refused(0, "texts have no methods in a handler: only == and ~= with another, as a key, and in emit",
    function() emit { v = ("x"):upper() } end)
  refused(0, "str(): the size is a constant from 1 to 256", function(a) emit { v = str(a, a) } end)
  refused(0, "str() takes an array of char, a pointer or an address, not a boolean",
    function(a) emit { v = str(a > 1) } end)
end

-- ---- the kernel's objects ----

function tests.test_objects()
  refused(0, "struct task has no member pidd", function(p) emit { v = p.pidd } end, TASK)
  refused(0, "kernel memory is never written", function(p) p.pid = 3 end, TASK)
  refused(0, "kernel memory is never written", function(p) p.comm[1] = 3 end, TASK)
  refused(0, "the left side, p, is a pointer (struct task *), not a number", function(p) emit { v = p + 1 } end, TASK)
  refused(0, "a pointer is compared with pointers and nil, not with a number",
    function(p, n) emit { v = p == n } end, TASK)
  refused(0, "the index 16 is outside of the array, which has 16 elements (0 to 15)",
    function(p) emit { v = p.comm[16] } end, TASK)
  refused(0, "an index is a number, not a text", function(p) emit { v = p.comm[comm()] } end, TASK)
  refused(0, "a float cannot be read in a handler", function(p) emit { v = p.rate } end, TASK)
  refused(0, "p.list is a pointer to a pointer: p.list[0] is the pointer",
    function(p) emit { v = p.list.pid } end, TASK)
  refused(0, "n is a number: it has no fields", function(p, n) emit { v = n.pid } end, TASK)
  refused(0, "probe.cast: no type struct nothing",
    function(p) emit { v = builtins.cast(p, "struct nothing").x } end, TASK)
  refused(0, "probe.has takes an object of the kernel, not a number",
    function(p, n) emit { v = builtins.has(n, "x") } end, TASK)
  refused(0, "the record has no field pidd; it has pid, comm", function(e) emit { v = e.pidd } end,
    { record = { { name = "pid", offset = 8, size = 4, signed = true }, { name = "comm", offset = 12, size = 16 } } })
end

-- ---- counting ----

function tests.test_counting()
  local n, by, m = probe.count(), probe.count("comm", "cpu"), probe.map("tid", "u64")
  local total, limit = probe.sum(), probe.var(3)
  refused(0, "a count has no method incr", function() n:incr() end)
  refused(0, "a count has no method incr", function() by[comm()][1]:incr() end)
  refused(0, "a count without keys has no elements", function(a) n[a]:add() end)
  refused(0, "a count needs all its keys before :add()", function() by:add() end)
  refused(0, "a count needs all its keys before :add()", function() by[comm()]:add() end)
  refused(0, "the key comm is a text, not a number", function(a) by[a][1]:add() end)
  refused(0, "the key cpu is a number, not a text", function() by[comm()][comm()]:add() end)
  refused(0, "a sum: add(n) takes a number", function() total:add() end)
  refused(0, "add() takes a number, not a text", function() n:add(comm()) end)
  refused(0, "a count cannot be assigned to: it has add()", function(a) by[comm()][a] = 1 end)
  refused(0, "a map has numbers, not a text", function(a) m[a] = comm() end)
  refused(0, "a map has numbers, not booleans: write x and 1 or 0", function(a) m[a] = a > 3 end)
  refused(0, "a count cannot be called", function() n() end)
  refused(0, "the left side, limit, is a table, not a number", function(a) emit { v = limit + a } end)
end

function tests.test_records()
  refused(0, "emit takes a table: emit { name = value }", function(a) emit(a) end)
  refused(0, "emit takes named fields: emit { name = value }", function(a) emit { a } end)
  refused(0, "emit takes at least one field", function() emit { } end)
  refused(0, "a field cannot be named copy: events have event:copy()", function(a) emit { copy = a } end)
  refused(0, "the field v is a table", function(a) emit { v = { a = a } } end)
  refused(0, "a call gives one value in a handler: name the field, { x = f() }", function() emit { now() } end)
end

-- ---- what editors are told ----

function tests.test_editors_know_the_builtins_and_no_others()
  local path = (arg[0]:match "^(.*)/tests/" or ".") .. "/lua/shark/_meta/builtins.lua"
  local had, told = {}, {}
  for name in pairs(builtins.calls) do had[#had + 1] = name end
  for line in io.lines(path) do
    told[#told + 1] = line:match "^function ([%w_]+)%("
  end
  table.sort(had)
  table.sort(told)
  t.assertEquals(told, had)
end

t.run(tests)
