--- Random functions of the compiler's IR, which end, are accepted by the verifier, and leave all
-- they computed in maps: a result (map 1) and a hash (map 2).
local ffi = require "ffi"
local ir = require "shark.probe.ir"

local M = {}

local random = math.random

-- What maps a function uses.
M.MAPS = { { type = "array", name = "result", key_size = 4, value_size = 8 * 64, entries = 1 },
  { type = "hash", name = "table", key_size = 8, value_size = 8, entries = 64 } }

--- How a word is raised: "raise" where the kernel compares and exchanges.
M.raise = "raise_unguarded"

local EDGES = { 0, 1, -1, 2, 7, 8, 63, 64, 255, 256, 65535, 65536, 2^31 - 1, 2^31, -2^31, -2^31 - 1, 2^32 - 1, 2^32,
  0x7fffffffffffffffLL, 0x8000000000000000ULL, 0xfffffffffffffffeULL, 0x5555555555555555ULL }

--- A 64-bit value: as often as not one at an edge. @return number|ffi.cdata*
function M.value()
  if random() < 0.5 then
    return EDGES[random(#EDGES)]
  end
  local high, low = random(0, 2^32 - 1), random(0, 2^32 - 1)
  return ffi.cast("uint64_t", high) * 0x100000000ULL + low
end

local function immediate()
  local imm = ir.immediate(EDGES[random(#EDGES)])
  return random() < 0.6 and imm or random(-20, 20)
end

local FUNCTIONS = { "add", "sub", "mul", "div", "mod", "or", "and", "xor", "lsh", "rsh", "arsh" }
local CONDITIONS = { "eq", "ne", "ugt", "uge", "ult", "ule", "sgt", "sge", "slt", "sle", "set" }
local SIZES = { 1, 2, 4, 8 }

local function any(list)
  return list[random(#list)]
end

-- A function being written: `block` is where it goes on, `vars` are assigned on every way to there.
local Writer = {}
Writer.__index = Writer

function Writer:emit(instr)
  return self.f:emit(self.block, instr)
end

function Writer:var()
  return any(self.vars)
end

function Writer:const(value)
  local r = self.f:reg()
  self:emit { op = "const", dst = r, value = value }
  return r
end

local statements = {}

function statements.alu(w)
  local instr = { op = "alu", fn = any(FUNCTIONS), dst = any(w.writable), a = w:var() }
  if random() < 0.5 then
    instr.b = w:var()
  else
    instr.imm = immediate()
    if instr.fn == "lsh" or instr.fn == "rsh" or instr.fn == "arsh" then
      instr.imm = random(0, 63)
    elseif instr.imm == 0 then
      instr.imm = 3
    end
  end
  w:emit(instr)
end

function statements.neg(w)
  w:emit { op = "neg", dst = any(w.writable), a = w:var() }
end

function statements.mov(w)
  w:emit { op = "mov", dst = any(w.writable), src = w:var() }
end

function statements.const(w)
  w:emit { op = "const", dst = any(w.writable), value = M.value() }
end

-- a, b, c = b, c, a
function statements.rotate(w)
  local a, b, c, t = any(w.writable), any(w.writable), any(w.writable), w.f:reg()
  w:emit { op = "mov", dst = t, src = a }
  w:emit { op = "mov", dst = a, src = b }
  w:emit { op = "mov", dst = b, src = c }
  w:emit { op = "mov", dst = c, src = t }
end

function statements.store(w)
  local size = any(SIZES)
  local instr = { op = "store", area = w.area, off = random(0, 32 / size - 1) * size, size = size }
  if random() < 0.7 then instr.src = w:var() else instr.imm = immediate() end
  w:emit(instr)
end

function statements.load(w)
  local size = any(SIZES)
  w:emit { op = "load", dst = any(w.writable), area = w.area, off = random(0, 32 / size - 1) * size, size = size }
end

-- What lies there is 0 until the end.
function statements.load_map(w)
  w:emit { op = "load", dst = any(w.writable), map = 1, off = 8 * random(0, 3), size = 8 }
end

function statements.bucket(w)
  w:emit { op = "call", dst = any(w.writable), inline = "bucket", args = { { reg = w:var() } } }
end

local function put_key(w)
  local r = w.f:reg()
  w:emit { op = "alu", fn = "and", dst = r, a = w:var(), imm = 7 }
  w:emit { op = "store", area = w.key, off = 0, size = 8, src = r }
end

function statements.update(w)
  put_key(w)
  w:emit { op = "store", area = w.cell, off = 0, size = 8, src = w:var() }
  local args = { { map = 2 }, { area = w.key, off = 0 }, { area = w.cell, off = 0 }, { imm = random(0, 1) } }
  local result = random() < 0.5 and any(w.writable) or nil
  w:emit { op = "call", dst = result, helper = 2, args = args }
  if result then -- an int, whose upper half is 0 before 6.4 (kernel commit d7ba4cc900bf)
    w:emit { op = "alu", fn = "lsh", dst = result, a = result, imm = 32 }
    w:emit { op = "alu", fn = "arsh", dst = result, a = result, imm = 32 }
  end
end

function statements.delete(w)
  put_key(w)
  w:emit { op = "call", helper = 3, args = { { map = 2 }, { area = w.key, off = 0 } } }
end

-- The pointer stays in use while other things are done; but an element that is replaced or deleted is
-- free for others, so no map is changed meanwhile.
function statements.lookup(w, budget)
  local at = w.f:reg()
  put_key(w)
  w:emit { op = "call", dst = at, helper = 1, args = { { map = 2 }, { area = w.key, off = 0 } } }
  local found, join = w.f:block(), w.f:block()
  if random() < 0.5 then
    w:emit { op = "branch", cond = "ne", a = at, imm = 0, yes = found, no = join }
  else
    w:emit { op = "branch", cond = "eq", a = at, imm = 0, yes = join, no = found }
  end
  w.block = found
  w.held = w.held + 1
  w:list(math.floor(budget / 2))
  w.held = w.held - 1
  local how = random()
  if how < 0.4 then
    w:emit { op = "xadd", base = at, off = 0, size = 8, src = w:var() }
  elseif how < 0.6 then
    w:emit { op = "call", dst = any(w.writable), inline = M.raise, args = { { reg = at }, { reg = w:var() } } }
  else
    w:emit { op = "store", base = at, off = any { 0, 4 }, size = 4, src = w:var() }
  end
  w:emit { op = "load", dst = any(w.writable), base = at, off = 0, size = 8 }
  w:emit { op = "jump", to = join }
  w.block = join
end

local function copy(w, to, size, from)
  w:emit { op = "call", dst = any(w.writable), helper = 113, args = { { reg = to }, { reg = size }, { reg = from } } }
end

-- Arguments that are registers; on one way, as often as not, the other way round.
function statements.copy(w)
  local bytes = any { 1, 8, 16 }
  local to, from, size = w.f:reg(), w.f:reg(), w:const(bytes)
  w:emit { op = "address", dst = from, area = w.area, off = random(0, 16 - bytes) }
  w:emit { op = "address", dst = to, area = w.area, off = 16 }
  if random() < 0.5 or w.branches >= 7 then
    return copy(w, to, size, from)
  end
  w.branches = w.branches + 1
  local yes, no, join = w.f:block(), w.f:block(), w.f:block()
  w:emit { op = "branch", cond = any(CONDITIONS), a = w:var(), imm = immediate(), yes = yes, no = no }
  for n, block in ipairs { yes, no } do
    w.block = block
    copy(w, n == 1 and to or from, size, n == 1 and from or to)
    w:emit { op = "jump", to = join }
  end
  w.block = join
end

function statements.branch(w, budget)
  local yes, no, join = w.f:block(), w.f:block(), w.f:block()
  local instr = { op = "branch", cond = any(CONDITIONS), a = w:var(), yes = yes, no = no }
  if random() < 0.5 then instr.b = w:var() else instr.imm = immediate() end
  if instr.b and random() < 0.2 then instr.b = instr.a end -- equal, which two hardly ever are
  w:emit(instr)
  w.block = yes
  w:list(math.floor(budget / 3))
  w:emit { op = "jump", to = join }
  w.block = no
  if random() < 0.6 then
    w:list(math.floor(budget / 3))
  end
  w:emit { op = "jump", to = random() < 0.1 and w.last or join }
  w.block = join
end

function statements.loop(w, budget)
  if w.loops == 2 then
    return
  end
  w.loops = w.loops + 1
  local head, body, done = w.f:block(), w.f:block(), w.f:block()
  local i = w:const(0)
  w:emit { op = "jump", to = head }
  w:list_in(head, { op = "branch", cond = "slt", a = i, imm = random(1, 3), yes = body, no = done })
  w.block = body
  w.vars[#w.vars + 1] = i
  w:list(math.floor(budget / 3))
  w.vars[#w.vars] = nil
  w:emit { op = "alu", fn = "add", dst = i, a = i, imm = 1 }
  w:emit { op = "jump", to = head }
  w.block = done
end

function Writer:list_in(block, last)
  self.block = block
  self:emit(last)
end

local NAMES = { "alu", "alu", "alu", "alu", "neg", "mov", "const", "rotate", "rotate", "store", "load", "load_map",
  "update", "bucket", "delete", "lookup", "copy", "branch", "branch", "loop" }

function Writer:list(budget)
  for _ = 1, random(1, math.max(1, budget)) do
    local name = any(NAMES)
    local forks, changes = name == "branch" or name == "lookup", name == "update" or name == "delete"
    if (not forks or self.branches < 7) and (not changes or self.held == 0) then
      self.branches = self.branches + (forks and 1 or 0)
      statements[name](self, budget)
    end
  end
end

local function begin(w)
  local f = w.f
  w.block, w.last = f:block(), f:block()
  w.area, w.key, w.cell = f:area(32), f:area(8), f:area(8)
  for off = 0, 24, 8 do
    w:emit { op = "store", area = w.area, off = off, size = 8, imm = 0 }
  end
  for n = 1, random() < 0.5 and random(2, 5) or random(3, 24) do -- with and without values on the stack
    w.vars[n] = f:reg()
    if random() < 0.7 then
      local context = f:reg()
      w:emit { op = "ctx", dst = context }
      local bits = random() < 0.3 and random(1, 64) or nil
      w:emit { op = "load", dst = w.vars[n], base = context, off = 8 * random(0, 11), size = 8, bits = bits,
        signed = bits and random() < 0.5 or nil }
    else
      w:emit { op = "const", dst = w.vars[n], value = M.value() }
    end
    w.writable[n] = w.vars[n]
  end
end

local function finish(w)
  local at = w.f:reg()
  w:emit { op = "jump", to = w.last }
  w.block = w.last
  w:emit { op = "mapvalue", dst = at, map = 1, off = 0 }
  for n, r in ipairs(w.writable) do
    w:emit { op = "store", base = at, off = 8 * n, size = 8, src = r }
  end
  w:emit { op = "exit", imm = 0 }
end

--- The function of a seed. @param size? integer how long its parts may be @return table func
function M.func(seed, size)
  math.randomseed(seed)
  local w = setmetatable({ f = ir.new("random", "random"), vars = {}, writable = {}, branches = 0, loops = 0,
    held = 0 }, Writer)
  begin(w)
  w:list(size or 14)
  finish(w)
  return w.f
end

--- Words of a context, drawn after the function of the same seed. @return (number|ffi.cdata*)[]
function M.context()
  local words = {}
  for n = 1, 12 do
    words[n] = M.value()
  end
  return words
end

return M
