--- A function's bytecode, decoded: instructions by name, constants, lines, names of variables.
--
-- The JIT patches bytecode in place, so what is read is a clean copy: string.dump() undoes the
-- patches. Lines and names come from the dump, too: one string instead of a table for each instruction.

local bit = require "bit"
local opcodes = require "shark.probe.opcodes"
local sized = require "table.new"
local util = require "jit.util"

jit.off(true, true)

local M = {}

local byte, funck = string.byte, util.funck

-- Operands by name: which of A, B, C and D a jump, a constant or a number are read from is known
-- to who lowers them; here only whether an instruction has D instead of B and C.
local JUMPS = { JMP = true, FORI = true, FORL = true, ITERL = true, LOOP = true, ISNEXT = true, UCLO = true }
-- What the JIT and the interpreter make of them; the dump has none, but names may.
local PLAIN = { IFORL = "FORL", IITERL = "ITERL", ILOOP = "LOOP" }
local NAMES = {}
for number, name in pairs(opcodes) do
  NAMES[number] = PLAIN[name] or name
end

-- ---- the dump ----

local function uleb(dump, at)
  local value, shift = 0, 1
  while true do
    local b = byte(dump, at)
    at = at + 1
    value = value + (b % 128) * shift
    if b < 128 then
      return value, at
    end
    shift = shift * 128
  end
end

local STRIPPED, FR2 = 2, 8

-- Where the outermost function lies in a dump: the last prototype before the 0 at the end.
local function last_prototype(dump)
  local flags, at = byte(dump, 5), 6
  if bit.band(flags, STRIPPED) == 0 then
    local length
    length, at = uleb(dump, at)
    at = at + length
  end
  local from, to
  while true do
    local length
    length, at = uleb(dump, at)
    if length == 0 then
      return flags, from, to
    end
    from, to, at = at, at + length, at + length
  end
end

-- Lines of instructions: one number each behind the first line, of 1, 2 or 4 bytes.
local function read_lines(dump, at, n, first, count)
  local lines, size = sized(n, 0), count < 256 and 1 or count < 65536 and 2 or 4
  for pc = 1, n do
    local a, b, c, d = byte(dump, at, at + size - 1)
    lines[pc] = b and first + a + b * 256 + (c or 0) * 65536 + (d or 0) * 2 ^ 24 or first + a
    at = at + size
  end
  return lines, at
end

local function read_header(dump)
  local flags, at, to = last_prototype(dump)
  local proto = { two = bit.band(flags, FR2) ~= 0 }
  local _
  proto.flags, proto.params, proto.slots, proto.nuv = byte(dump, at, at + 3)
  at = at + 4
  _, at = uleb(dump, at)
  _, at = uleb(dump, at)
  proto.n, at = uleb(dump, at)
  local debug_size, first, count = 0, nil, nil
  if bit.band(flags, STRIPPED) == 0 then
    debug_size, at = uleb(dump, at)
    if debug_size > 0 then
      first, at = uleb(dump, at)
      count, at = uleb(dump, at)
    end
  end
  proto.code = at
  proto.first_line = first
  proto.lines = {}
  if debug_size > 0 then
    proto.dump = dump
    proto.lines, proto.names_at = read_lines(dump, to - debug_size, proto.n, first, count)
  end
  return proto
end

-- ---- instructions ----

local function decode(proto, dump)
  local n = proto.n
  local op, a, b, c, d, target = sized(n, 0), sized(n, 0), sized(n, 0), sized(n, 0), sized(n, 0), {}
  local at = proto.code
  for pc = 1, n do
    local number, va, vc, vb = byte(dump, at, at + 3)
    local name = NAMES[number] or "instruction " .. number
    op[pc], a[pc], b[pc], c[pc] = name, va, vb, vc
    local vd = vc + vb * 256
    d[pc] = vd
    if JUMPS[name] then
      target[pc] = pc + 1 + vd - 0x8000
    end
    at = at + 4
  end
  proto.op, proto.a, proto.b, proto.c, proto.d, proto.target = op, a, b, c, d, target
end

-- ---- names ----

local INTERNAL = 7 -- names of a for loop's own variables are one byte below this

local function text_at(dump, at)
  local last = dump:find("\0", at, true)
  return dump:sub(at, last - 1), last + 1
end

local function read_names(proto)
  local dump, at = proto.dump, proto.names_at
  local names = {}
  proto.upvalues, proto.variables = names, {}
  if not dump then
    return
  end
  for i = 1, proto.nuv do
    names[i], at = text_at(dump, at)
  end
  local pc, n = 0, 0
  while true do
    local kind, name = byte(dump, at), nil
    if kind == 0 or not kind then
      return
    elseif kind < INTERNAL then
      at = at + 1
    else
      name, at = text_at(dump, at)
    end
    local from, length
    from, at = uleb(dump, at)
    length, at = uleb(dump, at)
    pc, n = pc + from, n + 1
    proto.variables[n] = { name = name or false, from = pc, to = pc + length }
  end
end

-- The variable that a slot is at an instruction; its own assignment counts (`late`), too.
local function variable(proto, slot, pc)
  for _, var in ipairs(proto.variables) do
    if var.from > pc then
      return nil
    elseif pc < var.to then
      if slot == 0 then
        return var.name or nil
      end
      slot = slot - 1
    end
  end
end

local MADE_BY = {
  MOV = function(proto, pc, name) return name(proto, proto.d[pc], pc) end,
  UGET = function(proto, pc) return proto.upvalues[proto.d[pc] + 1] end,
  GGET = function(proto, pc) return proto:constant(proto.d[pc]) end,
  TGETS = function(proto, pc, name)
    local owner = name(proto, proto.b[pc], pc)
    return owner and owner .. "." .. proto:constant(proto.c[pc])
  end,
}

local function name_of(proto, slot, pc)
  local found = variable(proto, slot, pc)
  if found then
    return found
  end
  for at = pc - 1, math.max(1, pc - 12), -1 do
    local op = proto.op[at]
    if proto.a[at] == slot and MADE_BY[op] then
      return MADE_BY[op](proto, at, name_of)
    elseif proto.a[at] == slot and (op == "CALL" or op:find "^[AKT]") or proto.target[at] then
      return nil
    end
  end
end

local Proto = {}
Proto.__index = Proto

--- What a slot is called in the source, as far as it is known: a variable, or an expression of names.
--- @return string|nil
function Proto:name(slot, pc)
  if not self.variables then
    read_names(self)
  end
  return name_of(self, slot, pc)
end

--- The constant of an operand: of KSTR, KCDATA, TDUP, GGET, TGETS and so on.
function Proto:constant(operand)
  return funck(self.copy, -operand - 1)
end

--- The number of an operand: of KNUM, ADDVN and so on.
function Proto:number(operand)
  return funck(self.copy, operand)
end

--- The file as Lua names it, without its mark.
local function file_of(source, short)
  local mark = source:sub(1, 1)
  return (mark == "@" or mark == "=") and source:sub(2) or short
end

--- Decodes a Lua function.
--- @param fn function
--- @return table proto op, a, b, c, d, target, lines (by instruction from 1), n, params, slots, file
function M.decode(fn)
  local dump = string.dump(fn)
  local proto = setmetatable(read_header(dump), Proto)
  decode(proto, dump)
  proto.fn, proto.copy = fn, loadstring(dump, "=")
  local info = debug.getinfo(fn, "S")
  proto.file, proto.first_line = file_of(info.source, info.short_src), info.linedefined
  proto.is_vararg = bit.band(proto.flags, 2) ~= 0
  return proto
end

--- Is it a function written in Lua, rather than in C?
function M.is_lua(fn)
  return debug.getinfo(fn, "S").what ~= "C"
end

return M
