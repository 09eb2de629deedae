-- shark.probe.ir: building, checking, order; and irrun, which runs it.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local ffi = require "ffi"
local ir = require "shark.probe.ir"
local irrun = require "irrun"
local t = require "t"

local tests = {}

-- The result goes to the value of map 1.
local function finish(f, block, register)
  local at = f:reg()
  f:emit(block, { op = "mapvalue", dst = at, map = 1, off = 0 })
  f:emit(block, { op = "store", base = at, off = 0, size = 8, src = register })
  f:emit(block, { op = "exit", imm = 0 })
end

local RESULT = { type = "array", key_size = 4, value_size = 8, entries = 1 }

local function result_of(f, of)
  of = of or {}
  of.maps = of.maps or { RESULT }
  local env = irrun.env(of)
  irrun.run(f, env)
  return ffi.cast("uint64_t *", ffi.cast("const char *", env.maps[1]:get "\0\0\0\0"))[0]
end

-- Adds 1 to 10 in a loop.
local function sum_of_ten()
  local f = ir.new("sum", "sum.lua")
  local entry, head, body, done = f:block(), f:block(), f:block(), f:block()
  local i, sum = f:reg(), f:reg()
  f:emit(entry, { op = "const", dst = i, value = 1 })
  f:emit(entry, { op = "const", dst = sum, value = 0 })
  f:emit(entry, { op = "jump", to = head })
  f:emit(head, { op = "branch", cond = "sle", a = i, imm = 10, yes = body, no = done })
  f:emit(body, { op = "alu", fn = "add", dst = sum, a = sum, b = i })
  f:emit(body, { op = "alu", fn = "add", dst = i, a = i, imm = 1 })
  f:emit(body, { op = "jump", to = head })
  finish(f, done, sum)
  return f
end

function tests.test_a_loop_runs()
  local f = ir.check(sum_of_ten())
  t.assertEquals(result_of(f), 55ULL)
end

function tests.test_the_text_names_blocks_and_registers()
  local text = ir.text(sum_of_ten())
  t.assertStrContains(text, "b1:\n  v1 = 1\n  v2 = 0\n  goto b2\n")
  t.assertStrContains(text, "if v1 s<= 10 goto b3 else b4")
end

function tests.test_arithmetic_is_that_of_64_bits()
  local function of(fn, a, b)
    local f = ir.new()
    local block, x, y = f:block(), f:reg(), f:reg()
    f:emit(block, { op = "const", dst = x, value = a })
    f:emit(block, { op = "const", dst = y, value = b })
    f:emit(block, { op = "alu", fn = fn, dst = x, a = x, b = y })
    finish(f, block, x)
    return result_of(ir.check(f))
  end
  t.assertEquals(of("sub", 1, 2), 0xffffffffffffffffULL)
  t.assertEquals(of("div", -1, 16), 0x0fffffffffffffffULL)
  t.assertEquals({ of("div", 5, 0), of("mod", 5, 0) }, { 0ULL, 5ULL })
  t.assertEquals({ of("arsh", -16, 66), of("rsh", -1, 63) }, { 0xfffffffffffffffcULL, 1ULL })
end

function tests.test_maps_helpers_and_memory()
  local f = ir.new()
  local block, found, missing = f:block(), f:block(), f:block()
  local key, value = f:area(8), f:area(8)
  local at, x = f:reg(), f:reg()
  f:emit(block, { op = "store", area = key, off = 0, size = 8, imm = 77 })
  f:emit(block, { op = "store", area = value, off = 0, size = 8, imm = 5 })
  f:emit(block, { op = "call", helper = 2, args = { { map = 2 }, { area = key }, { area = value }, { imm = 0 } } })
  f:emit(block, { op = "call", dst = at, helper = 1, args = { { map = 2 }, { area = key } } })
  f:emit(block, { op = "branch", cond = "ne", a = at, imm = 0, yes = found, no = missing })
  f:emit(missing, { op = "exit" })
  f:emit(found, { op = "const", dst = x, value = 37 })
  f:emit(found, { op = "xadd", base = at, off = 0, size = 8, src = x })
  f:emit(found, { op = "load", dst = x, base = at, off = 0, size = 8 })
  finish(f, found, x)
  local hash = { type = "hash", key_size = 8, value_size = 8, entries = 4 }
  t.assertEquals(result_of(ir.check(f), { maps = { RESULT, hash } }), 42ULL)
end

function tests.test_a_load_outside_of_every_object_raises()
  local f = ir.new()
  local block, x = f:block(), f:reg()
  f:emit(block, { op = "const", dst = x, value = 0x1234567890 })
  f:emit(block, { op = "load", dst = x, base = x, off = 0, size = 8 })
  finish(f, block, x)
  t.assertErrorMsgContains("load of 8 bytes at 0x0000001234567890, which is nowhere", result_of, f)
  f.blocks[1][1].value = 0
  t.assertEquals(result_of(f), 0ULL)
end

-- What check() says of a block with this instruction before its end.
local function fault(instr, last)
  local f = ir.new()
  local block = f:block()
  f:area(8)
  for _ = 1, 2 do
    f:emit(block, { op = "const", dst = f:reg(), value = 0 })
  end
  if instr then
    f:emit(block, instr)
  end
  f:emit(block, last or { op = "exit", imm = 0 })
  local fine, message = pcall(ir.check, f)
  return fine and "nothing" or message
end

function tests.test_what_is_malformed_is_refused()
  t.assertEquals(fault { op = "mov", dst = 1, src = 2 }, "nothing")
  t.assertStrContains(fault { op = "mul" }, "no such op")
  t.assertStrContains(fault { op = "mov", dst = 1 }, "src")
  t.assertStrContains(fault { op = "mov", dst = 3, src = 1 }, "dst: no such register")
  t.assertStrContains(fault { op = "alu", fn = "add", dst = 1, a = 1, imm = 2^31 }, "imm must fit signed 32 bits")
  t.assertStrContains(fault { op = "alu", fn = "add", dst = 1, a = 1 }, "b or imm")
  t.assertStrContains(fault { op = "alu", fn = "lsh", dst = 1, a = 1, imm = 64 }, "a shift by 0 to 63")
  t.assertStrContains(fault { op = "alu", fn = "div", dst = 1, a = 1, imm = 0 }, "divides by zero")
  t.assertStrContains(fault { op = "load", dst = 1, area = 1, off = 4, size = 8 }, "outside of the area")
  t.assertStrContains(fault { op = "load", dst = 1, area = 1, off = 2, size = 4 }, "not aligned")
  t.assertStrContains(fault { op = "load", dst = 1, base = 1, off = 32768, size = 4 }, "an offset beyond 16 bits")
  t.assertStrContains(fault { op = "load", dst = 1, off = 0, size = 4 }, "base or area")
  t.assertStrContains(fault { op = "store", base = 1, off = 0, size = 8 }, "src or imm")
  t.assertStrContains(fault { op = "exit", imm = 0 }, "a terminator ends each block")
  t.assertStrContains(fault(nil, { op = "jump", to = 2 }), "no such block")
  t.assertStrContains(fault { op = "call", helper = 5, args = { {} } }, "an argument of no kind")
end

function tests.test_a_register_that_one_way_does_not_assign_is_refused()
  local f = ir.new()
  local entry, one, join = f:block(), f:block(), f:block()
  local x, y = f:reg(), f:reg()
  f:emit(entry, { op = "const", dst = x, value = 0 })
  f:emit(entry, { op = "branch", cond = "eq", a = x, imm = 0, yes = one, no = join })
  f:emit(one, { op = "const", dst = y, value = 1 })
  f:emit(one, { op = "jump", to = join })
  finish(f, join, y)
  t.assertErrorMsgContains("v2 is read before it is assigned", ir.check, f)
  table.insert(f.blocks[entry], 1, { op = "const", dst = y, value = 0 })
  ir.check(f)
end

function tests.test_loops_stay_together_in_the_order()
  local f = sum_of_ten()
  t.assertEquals(ir.order(f), { 1, 2, 3, 4 })
end

t.run(tests)
