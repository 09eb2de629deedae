-- shark.probe.lifetimes: what is wanted where, dead code, copies.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local ir = require "shark.probe.ir"
local lifetimes = require "shark.probe.lifetimes"
local t = require "t"

local tests = {}

-- The result goes to the value of map 1.
local function finish(f, block, register)
  local at = f:reg()
  f:emit(block, { op = "mapvalue", dst = at, map = 1, off = 0 })
  f:emit(block, { op = "store", base = at, off = 0, size = 8, src = register })
  f:emit(block, { op = "exit", imm = 0 })
end

-- Of a register's life, from the last to the first: where each part ends and begins.
local function parts(lives, r)
  return lives.parts[r] or { lives.to[r], lives.from[r] }
end

function tests.test_dead_code_goes_and_effects_stay()
  local f = ir.new()
  local entry, never, hop, done = f:block(), f:block(), f:block(), f:block()
  local x, y, z = f:reg(), f:reg(), f:reg()
  f:emit(entry, { op = "const", dst = x, value = 7 })
  f:emit(entry, { op = "alu", fn = "add", dst = y, a = x, imm = 1 }) -- only for z
  f:emit(entry, { op = "mov", dst = z, src = y }) -- for nobody
  f:emit(entry, { op = "call", dst = z, helper = 5, args = {} }) -- the time, for nobody
  f:emit(entry, { op = "call", dst = z, helper = 3, args = { { map = 1 }, { reg = x } } })
  f:emit(entry, { op = "jump", to = hop })
  f:emit(never, { op = "jump", to = done })
  f:emit(hop, { op = "jump", to = done })
  finish(f, done, x)
  local order = lifetimes.of(ir.check(f)).order
  t.assertEquals(order, { entry, done })
  t.assertEquals(#f.blocks[entry], 3) -- the constant, the deletion, the jump
  t.assertEquals(f.blocks[entry][3].to, done)
end

function tests.test_what_only_feeds_dead_code_of_another_block_goes()
  local f = ir.new()
  local entry, done = f:block(), f:block()
  local x, y, z = f:reg(), f:reg(), f:reg()
  f:emit(entry, { op = "const", dst = x, value = 7 })
  f:emit(entry, { op = "const", dst = z, value = 1 })
  f:emit(entry, { op = "branch", cond = "eq", a = z, imm = 1, yes = done, no = done })
  f:emit(done, { op = "mov", dst = y, src = x })
  finish(f, done, z)
  lifetimes.of(f)
  t.assertEquals({ #f.blocks[entry], #f.blocks[done] }, { 2, 3 })
end

function tests.test_a_copy_that_is_always_one_goes()
  local f = ir.new()
  local block, x, copy, at = f:block(), f:reg(), f:reg(), f:reg()
  f:emit(block, { op = "ctx", dst = x })
  f:emit(block, { op = "load", dst = x, base = x, off = 0, size = 8 })
  f:emit(block, { op = "load", dst = at, base = x, off = 0, size = 8 })
  f:emit(block, { op = "mov", dst = copy, src = at })
  f:emit(block, { op = "store", base = copy, off = 0, size = 8, imm = 1 })
  f:emit(block, { op = "exit" })
  lifetimes.of(ir.check(f))
  for _, instr in ipairs(f.blocks[1]) do
    t.assertTrue(instr.dst ~= copy and instr.base ~= copy)
  end
end

-- a, b; loop: a += b; if a < 10 goto loop; result a
function tests.test_a_life_goes_round_a_loop()
  local f = ir.new()
  local entry, loop, done = f:block(), f:block(), f:block()
  local a, b = f:reg(), f:reg()
  f:emit(entry, { op = "const", dst = a, value = 0 }) -- instruction 1
  f:emit(entry, { op = "const", dst = b, value = 1 })
  f:emit(entry, { op = "jump", to = loop })
  f:emit(loop, { op = "alu", fn = "add", dst = a, a = a, b = b }) -- 4
  f:emit(loop, { op = "branch", cond = "slt", a = a, imm = 10, yes = loop, no = done }) -- 5
  finish(f, done, a) -- the store is 7
  local lives = lifetimes.of(ir.check(f))
  t.assertEquals(parts(lives, b), { 12, 5 }) -- to the end of the loop
  t.assertEquals(parts(lives, a), { 14, 9, 8, 3 }) -- read at 8, written at 9
  t.assertTrue(lives.weight[b] > 10)
end

function tests.test_lives_have_holes()
  local f = ir.new()
  local block, a, b = f:block(), f:reg(), f:reg()
  f:emit(block, { op = "const", dst = a, value = 1 }) -- 1
  f:emit(block, { op = "mov", dst = b, src = a }) -- 2
  f:emit(block, { op = "call", helper = 130, args = { { reg = b } } }) -- 3
  f:emit(block, { op = "const", dst = a, value = 2 }) -- 4
  finish(f, block, a) -- 6
  local lives = lifetimes.of(ir.check(f))
  t.assertEquals(parts(lives, a), { 12, 9, 4, 3 })
  t.assertEquals({ lives.from[a], lives.to[a] }, { 3, 12 })
  t.assertEquals({ lives.crosses[a], lives.wish[b] }, { nil, 1 })
end

function tests.test_a_call_comes_between()
  local f = ir.new()
  local block, a, b = f:block(), f:reg(), f:reg()
  f:emit(block, { op = "call", dst = a, helper = 5, args = {} })
  f:emit(block, { op = "call", dst = b, helper = 6, args = { { reg = a } } })
  f:emit(block, { op = "alu", fn = "add", dst = b, a = b, b = a })
  finish(f, block, b)
  t.assertEquals(lifetimes.of(ir.check(f)).crosses, { true })
end

t.run(tests)
