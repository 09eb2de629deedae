--- What all parts of the compiler's front end share: where code goes, registers, room on the
-- stack, constants, and how a handler is refused.

local bit = require "bit"
local ffi = require "ffi"
local ir = require "shark.probe.ir"
local values = require "shark.probe.values"

jit.off(true, true)

--- The state of one compilation: `f` the IR, `block` where code goes (nil: nothing gets here), `slots` the
-- values of the current frame, `memo` what has been asked of the kernel on the way here.
local Compiler = {}
Compiler.__index = Compiler

local i64 = ffi.typeof "int64_t"

--- @param of table what lower.compile() was given
function Compiler.new(of, hints)
  local c = setmetatable({}, Compiler)
  c.context, c.maps, c.records = of.context, of.maps, of.records
  c.types = of.context.types or require "shark.probe.types"
  c.hints, c.buffers, c.texts, c.memo = hints, {}, {}, {}
  c.depth, c.branches, c.constants = 0, 0, {} -- where constants lie in the control map
  return c
end

-- ---- refusing ----

--- Refuses the handler: raises "file:line: text".
function Compiler:refuse(format, ...)
  self:refuse_at(self.frame.proto.file, self.line, format:format(...))
end

--- Refuses it for a line of a file.
function Compiler.refuse_at(_, file, line, text)
  error(("%s:%d: %s"):format(file, line or 0, text), 0)
end

--- What a slot is called in the source, or nil.
function Compiler:slot_name(slot)
  return slot and self.frame.proto:name(slot, self.pc)
end

--- A name for what is wrong: `name` of the source if it has one, else `else_name`.
function Compiler:called(slot, else_name)
  return self:slot_name(slot) or else_name
end

local WHY = {
  signs = ": a signed number on one way, an unsigned one on another; add 0ULL to the signed one",
  whole = ": a constant on one way does not fit the number on another",
}

--- Refuses what is different things on different ways.
function Compiler:refuse_conflict(value, slot)
  local one, other = value.one, value.other
  local name = self:called(slot, "this")
  if value.why == "signs" or value.why == "whole" then
    self:refuse("%s is different things on different ways here%s (lines %d and %d)", name, WHY[value.why],
      one.line or 0, other.line or 0)
  end
  self:refuse("%s is different things on different ways here: %s (line %d), %s (line %d)", name, values.name(one),
    one.line or 0, values.name(other), other.line or 0)
end

-- ---- code ----

function Compiler:reg()
  local f = self.f
  f.nregs = f.nregs + 1
  return f.nregs
end

-- Each instruction is made with its line: a field that is added later makes LuaJIT arrange the table anew.
function Compiler:emit(instr)
  local list = self.f.blocks[self.block]
  list[#list + 1] = instr
  return instr
end

--- Ends the block with a jump; nothing gets behind it.
function Compiler:jump(to)
  self:emit { op = "jump", to = to, line = self.f.line }
  self.block = nil
end

--- Ends the block with a branch to two new blocks.
--- @return integer yes @return integer no
function Compiler:branch(cond, a, b, imm)
  local yes, no = self.f:block(), self.f:block()
  self.branches = self.branches + 1
  self:emit { op = "branch", cond = cond, a = a, b = b, imm = imm, yes = yes, no = no, line = self.f.line }
  self.block = nil
  return yes, no
end

function Compiler:alu(fn, a, b, imm, dst)
  dst = dst or self:reg()
  self:emit { op = "alu", fn = fn, dst = dst, a = a, b = b, imm = imm, line = self.f.line }
  return dst
end

function Compiler:move(dst, src)
  self:emit { op = "mov", dst = dst, src = src, line = self.f.line }
end

--- -a.
function Compiler:negative(a)
  local dst = self:reg()
  self:emit { op = "neg", dst = dst, a = a, line = self.f.line }
  return dst
end

--- Calls what is written in place (shark.probe.inline); its result's register.
function Compiler:call_inline(name, args)
  local dst = self:reg()
  self:emit { op = "call", dst = dst, inline = name, args = args, line = self.f.line }
  return dst
end

--- Calls a helper of the kernel; its result's register.
function Compiler:call(helper, args)
  local dst = self:reg()
  self:emit { op = "call", dst = dst, helper = helper, args = args, line = self.f.line }
  return dst
end

--- Loads size bytes; of `bits` only so many are kept, extended by their sign where it is `signed`.
function Compiler:load(size, base, off, dst, bits, signed)
  dst = dst or self:reg()
  self:emit { op = "load", dst = dst, base = base, off = off, size = size, bits = bits, signed = signed,
    line = self.f.line }
  return dst
end

--- Loads from the stack.
function Compiler:load_area(size, area, off, bits, signed)
  local dst = self:reg()
  self:emit { op = "load", dst = dst, area = area, off = off, size = size, bits = bits, signed = signed,
    line = self.f.line }
  return dst
end

--- Loads eight bytes of the value of an array of one.
function Compiler:load_map(map, off, dst)
  dst = dst or self:reg()
  self:emit { op = "load", dst = dst, map = map, off = off, size = 8, line = self.f.line }
  return dst
end

--- Stores a register, or an immediate, at an address.
function Compiler:put(size, base, off, src, imm)
  self:emit { op = "store", base = base, off = off, size = size, src = src, imm = imm, line = self.f.line }
end

--- Adds to the eight bytes at an address, atomically.
function Compiler:add(base, off, src)
  self:emit { op = "xadd", base = base, off = off, size = 8, src = src, line = self.f.line }
end

--- The address of a place in the value of an array of one.
function Compiler:map_value(map, off)
  local dst = self:reg()
  self:emit { op = "mapvalue", dst = dst, map = map, off = off, line = self.f.line }
  return dst
end

--- A variable of the kernel: its address, or of a per-CPU one what helpers make that of.
function Compiler:variable(id)
  local dst = self:reg()
  self:emit { op = "variable", dst = dst, id = id, line = self.f.line }
  return dst
end

--- A number as an immediate of an instruction, or nil where it does not fit in 32 bits.
function Compiler.immediate(_, v)
  if type(v) == "number" then
    return v >= -2 ^ 31 and v < 2 ^ 31 and v or nil
  elseif ir.fits(v) then
    return tonumber(ffi.cast(i64, v))
  end
end

--- A register with a constant that is known to the verifier.
function Compiler:known(v, dst)
  dst = dst or self:reg()
  self:emit { op = "const", dst = dst, value = v, line = self.f.line }
  return dst
end

--- A register with a constant that the verifier does not know: from a word of the control map. What
-- meets at a join is such, or each constant would make ways of its own.
--- @param dst? integer the register, else a new one
function Compiler:unknown(v, dst)
  local at = self.constants[v]
  if not at then
    at = self.maps:constant(v)
    self.constants[v] = at
  end
  return self:load_map(self.maps.control, at, dst)
end

--- The register of a number, constant or not; `unsigned` is what it is used as.
function Compiler:number_reg(value, unsigned)
  if value.k == "const" then
    local whole, why = values.whole(value.v, unsigned)
    return self:known(whole or self:refuse("%s", why))
  end
  return value.reg
end

--- A number made here.
function Compiler:number(reg, unsigned)
  return { k = "num", reg = reg, unsigned = unsigned or false, line = self.line }
end

function Compiler:ctx()
  local dst = self:reg()
  self:emit { op = "ctx", dst = dst, line = self.f.line }
  return dst
end

-- ---- the stack ----

--- One buffer for each kind of use ("key", "value", "scratch", "comm"), as large as the largest use.
function Compiler:buffer(use, size)
  size = math.ceil(size / 8) * 8
  local area = self.buffers[use]
  if not area then
    area = self.f:area(size)
    self.buffers[use] = area
  end
  self.f.areas[area].size = math.max(self.f.areas[area].size, size)
  return area
end

local function holds(value, area)
  local k = value.k
  if k == "text" then
    return value.area == area
  elseif k == "element" then
    for _, key in ipairs(value.keys) do
      if holds(key, area) then return true end
    end
  elseif k == "method" then
    return holds(value.of, area)
  elseif k == "record" then
    for _, field in pairs(value.fields) do
      if holds(field, area) then return true end
    end
  end
  return false
end

local function held(c, area)
  local frame, slots = c.frame, c.slots
  if c.pinned and holds(c.pinned, area) then
    return true
  end
  while frame do
    for _, value in pairs(slots) do
      if holds(value, area) then return true end
    end
    slots, frame = frame.caller_slots, frame.caller
  end
  return false
end

--- Room for a text that no slot holds here.
function Compiler:text_area(size)
  size = math.ceil(size / 8) * 8
  for _, area in ipairs(self.texts) do
    if not area.fixed and area.size == size and not held(self, area.area) then
      return area.area
    end
  end
  local area = self.f:area(size)
  self.texts[#self.texts + 1] = { area = area, size = size }
  return area
end

--- Room for a text that no other text gets: where ways join.
function Compiler:fixed_text_area(size)
  return self.f:area(math.ceil(size / 8) * 8)
end

function Compiler:store(area, off, size, src, imm)
  self:emit { op = "store", area = area, off = off, size = size, src = src, imm = imm, line = self.f.line }
end

--- The eight bytes of a constant text from `at` on, as a 64-bit cdata, zeroes behind its end.
function Compiler.word_of(_, text, at)
  local word = 0LL
  for i = 7, 0, -1 do
    word = bit.bor(bit.lshift(word, 8), ffi.cast(i64, text:byte(at + i) or 0))
  end
  return word
end

-- ---- what has been asked of the kernel ----

--- Keeps what the kernel said, for all that follows on this way.
function Compiler:remember(name, value)
  local memo = {}
  for key, old in pairs(self.memo) do
    memo[key] = old
  end
  memo[name] = value
  self.memo = memo
  return value
end

return Compiler
