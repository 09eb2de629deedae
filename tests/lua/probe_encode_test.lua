-- shark.probe.encode: the bytes, the lines, the maps' places.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local encode = require "shark.probe.encode"
local ffi = require "ffi"
local ir = require "shark.probe.ir"
local t = require "t"

local tests = {}

-- As the kernel's headers have it: opcode, dst and src, offset, immediate.
ffi.cdef [[
struct test_bpf_insn { uint8_t code, regs; int16_t off; int32_t imm; };
]]

local function instructions(code)
  local insns, list = ffi.cast("const struct test_bpf_insn *", code), {}
  for n = 0, #code / 8 - 1 do
    local insn = insns[n]
    list[n + 1] = { insn.code, insn.regs % 16, math.floor(insn.regs / 16), insn.off, insn.imm }
  end
  return list
end

local function new()
  local f = ir.new("f", "f.lua")
  f:block()
  return f
end

-- The instructions of one block whose register 1 is read at the end, without that end.
local function encoded(f, result)
  f:emit(1, { op = "store", area = f:area(8), off = 0, size = 8, src = result or 1 })
  f:emit(1, { op = "call", helper = 6, args = { { area = #f.areas } } })
  f:emit(1, { op = "exit" })
  local list = instructions(assert(encode.func(ir.check(f))).code)
  t.assertEquals({ list[#list - 1], list[#list] }, { { 0xb7, 0, 0, 0, 0 }, { 0x95, 0, 0, 0, 0 } })
  for _ = 1, 6 do
    list[#list] = nil
  end
  return list
end

local function of_const(value)
  local f = new()
  f:emit(1, { op = "const", dst = f:reg(), value = value })
  local list = encoded(f)
  for _, insn in ipairs(list) do
    insn[2] = 0
  end
  return list
end

function tests.test_constants_are_as_short_as_they_can_be()
  t.assertEquals(of_const(-1), { { 0xb7, 0, 0, 0, -1 } })
  t.assertEquals(of_const(0xffffffffffffffffULL), { { 0xb7, 0, 0, 0, -1 } })
  t.assertEquals(of_const(2^32 - 1), { { 0xb4, 0, 0, 0, -1 } })
  t.assertEquals(of_const(2^31), { { 0xb4, 0, 0, 0, -2^31 } })
  t.assertEquals(of_const(2^32), { { 0x18, 0, 0, 0, 0 }, { 0, 0, 0, 0, 1 } })
  t.assertEquals(of_const(-2^31 - 1), { { 0x18, 0, 0, 0, 2^31 - 1 }, { 0, 0, 0, 0, -1 } })
  t.assertEquals(of_const(0x123456789abcdef0ULL), { { 0x18, 0, 0, 0, -0x65432110 }, { 0, 0, 0, 0, 0x12345678 } })
end

-- What is done to a word of the context is done in one register.
function tests.test_arithmetic_needs_no_moves()
  local f = new()
  local context, x = f:reg(), f:reg()
  f:emit(1, { op = "ctx", dst = context })
  f:emit(1, { op = "load", dst = x, base = context, off = 16, size = 4 })
  f:emit(1, { op = "alu", fn = "and", dst = x, a = x, imm = 7 })
  f:emit(1, { op = "alu", fn = "add", dst = x, a = x, b = x })
  f:emit(1, { op = "neg", dst = x, a = x })
  local list = encoded(f, x)
  local r = list[1][2]
  t.assertEquals(list, { { 0x61, r, 1, 16, 0 }, { 0x57, r, 0, 0, 7 }, { 0x0f, r, r, 0, 0 }, { 0x87, r, 0, 0, 0 } })
end

function tests.test_memory_by_size()
  local f = new()
  local x = f:reg()
  f:area(16)
  for n, size in ipairs { 1, 2, 4, 8 } do
    f:emit(1, { op = "store", area = 1, off = size, size = size, imm = n })
  end
  f:emit(1, { op = "load", dst = x, area = 1, off = 2, size = 2 })
  f:emit(1, { op = "xadd", area = 1, off = 8, size = 8, src = x })
  local list = encoded(f, x)
  local r = list[5][2]
  t.assertEquals(list, { { 0x72, 10, 0, -15, 1 }, { 0x6a, 10, 0, -14, 2 }, { 0x62, 10, 0, -12, 3 },
    { 0x7a, 10, 0, -8, 4 }, { 0x69, r, 10, -14, 0 }, { 0xdb, 10, r, -8, 0 } })
end

-- if word 0 is cond 5 then count = 1 else count = 2; the block that follows needs no jump.
local function branch(cond, following)
  local f = new()
  local x, yes, no = f:reg(), f:block(), f:block()
  f:emit(1, { op = "ctx", dst = x })
  f:emit(1, { op = "load", dst = x, base = x, off = 0, size = 8 })
  f:emit(1, { op = "branch", cond = cond, a = x, imm = 5, yes = following == "yes" and no or yes,
    no = following == "yes" and yes or no })
  for number = 2, 3 do
    f:emit(number, { op = "call", helper = number, args = {} })
    f:emit(number, { op = "exit" })
  end
  return instructions(assert(encode.func(ir.check(f))).code)
end

function tests.test_the_block_that_follows_needs_no_jump()
  for _, cond in ipairs { "eq", "ne", "ugt", "uge", "ult", "ule", "sgt", "sge", "slt", "sle", "set" } do
    t.assertEquals(#branch(cond), 8, cond)
  end
  t.assertEquals(branch("sgt")[2][1], 0x65)
  t.assertEquals(branch("sgt")[2][4], 3)
end

function tests.test_maps_are_linked_in()
  local f = new()
  local at = f:reg()
  f:area(8)
  f:emit(1, { op = "mapvalue", dst = at, map = 2, off = 24 })
  f:emit(1, { op = "store", base = at, off = 0, size = 8, imm = 7 })
  f:emit(1, { op = "store", area = 1, off = 0, size = 8, imm = 7 })
  f:emit(1, { op = "call", helper = 1, args = { { map = 1 }, { area = 1 } } })
  f:emit(1, { op = "exit" })
  local func = assert(encode.func(ir.check(f)))
  t.assertEquals(func.map_at, { { 0, 2, 24 }, { 4, 1 } })
  local list = instructions(encode.link(func, { 33, 44 }))
  t.assertEquals({ list[1][1], list[1][3], list[1][5], list[2][5] }, { 0x18, 2, 44, 24 })
  t.assertEquals(list[5], { 0x18, 1, 1, 0, 33 })
  t.assertErrorMsgContains("no map of this index", encode.link, func, { 33 })
end

function tests.test_lines_begin_once_each_and_at_the_first_instruction()
  local f = new()
  local x = f:reg()
  f:emit(1, { op = "ctx", dst = x, line = 3 })
  f:emit(1, { op = "load", dst = x, base = x, off = 0, size = 8, line = 4 })
  f:emit(1, { op = "alu", fn = "add", dst = x, a = x, imm = 1, line = 4 })
  f:emit(1, { op = "call", helper = 6, args = { { reg = x } }, line = 6 })
  f:emit(1, { op = "exit" })
  local lines = assert(encode.func(ir.check(f))).lines
  t.assertEquals(lines[1], { 0, 4 })
  t.assertEquals(#lines, 2)
  t.assertEquals(lines[2][2], 6)
  t.assertEquals(assert(encode.func(ir.check((function()
    local g = new()
    g:emit(1, { op = "exit" })
    return g
  end)()))).lines, {})
end

function tests.test_too_much_stack_is_refused()
  local f = new()
  for _ = 1, 5 do
    local area = f:area(128)
    f:emit(1, { op = "store", area = area, off = 0, size = 8, imm = 0 })
  end
  f:emit(1, { op = "exit" })
  local func, message = encode.func(ir.check(f))
  t.assertNil(func)
  t.assertEquals(message, "the handler needs 640 bytes of stack; the kernel gives 512")
end

function tests.test_a_jump_beyond_16_bits_is_refused()
  local f = new()
  local x, yes, no = f:reg(), f:block(), f:block()
  f:emit(1, { op = "ctx", dst = x })
  f:emit(1, { op = "load", dst = x, base = x, off = 0, size = 8 })
  f:emit(1, { op = "branch", cond = "eq", a = x, imm = 5, yes = yes, no = no })
  for _ = 1, 33000 do
    f:emit(no, { op = "call", helper = 6, args = {} })
  end
  f:emit(no, { op = "exit" })
  f:emit(yes, { op = "exit", imm = 1 })
  local func, message = encode.func(f)
  t.assertNil(func)
  t.assertEquals(message, "the handler is too long: a jump over 33002 instructions; the kernel's reach 32767")
end

t.run(tests)
