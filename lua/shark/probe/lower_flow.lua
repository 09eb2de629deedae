--- Lowers tests, jumps and returns. A test and the jump behind it are one end of a block with two
-- edges; what it tells of a value is known behind it.

local values = require "shark.probe.values"
local texts = require "shark.probe.lower_texts"
local base = require "shark.probe.lower_base"

jit.off(true, true)

local M = { ops = {} }
local ops = M.ops

-- ---- conditions: true, false, or { cond, a, b | imm } ----

--- Is a value neither nil nor false?
--- @return boolean|table condition
function M.truth(c, value, slot)
  local k = value.k
  if k == "const" then
    return value.v ~= nil and value.v ~= false
  elseif k == "bool" then
    return { "ne", value.reg, nil, 0 }
  elseif k == "maybe" then
    return { "ne", value.bool and value.reg or value.present, nil, 0 }
  elseif k == "ptr" and not value.embedded then
    return { "ne", value.reg, nil, 0 }
  elseif k == "conflict" then
    c:refuse_conflict(value, slot)
  end
  return true
end

local function with(slots, old, new)
  local copy = {}
  for slot, value in pairs(slots) do
    copy[slot] = values.same(value, old) and new or value
  end
  return copy
end

-- What a number-or-nil is where it is known to be there, and where it is not.
local function refined(c, value, there)
  if there then
    return { k = value.bool and "bool" or "num", reg = value.reg, unsigned = value.unsigned, stack = value.stack,
      origin = value, line = value.line }
  end
  return { k = "const", v = nil, origin = value, line = c.line }
end

-- The slots where a value is known to be there or not.
local function slots_where(c, value, there)
  if not value or value.k ~= "maybe" or value.bool then
    return c.slots
  end
  return with(c.slots, value, refined(c, value, there))
end

local function copied(c, value, truthy)
  if value.k == "maybe" and not value.bool then
    return refined(c, value, truthy)
  elseif value.k == "ptr" and not truthy then
    return values.const(nil, c.line)
  end
  return value
end

--- Ends the block by a condition: to `target` where it is `jump_if`, else behind the jump.
--- @param value? table what the condition tells of @param there? boolean does it hold where the value is there?
--- @param slot? integer where `value` is copied to on the way of the jump
local function fork(c, pc, p, condition, jump_if, value, slot)
  local target, fall = p.target[pc + 1], pc + 2
  if condition == true or condition == false then
    if condition == jump_if then
      c:edge_back_or_forth(target, c.block, c.slots, slot, slot and copied(c, value, jump_if))
    else
      c:edge(fall, c.block, c.slots)
    end
    c.block = nil
    return fall
  end
  local yes, no = c:branch(condition[1], condition[2], condition[3], condition[4])
  local to, behind = jump_if and yes or no, jump_if and no or yes
  c:edge_back_or_forth(target, to, slots_where(c, value, jump_if), slot, slot and copied(c, value, jump_if))
  c:edge(fall, behind, slots_where(c, value, not jump_if))
  return fall
end
M.fork = fork

--- A way to an instruction, be it forward or the end of a loop.
function base:edge_back_or_forth(pc, block, slots, slot, value)
  if pc > self.pc then
    return self:edge(pc, block, slots, slot, value)
  end
  local kept = self.slots
  self.slots = {}
  for key, old in pairs(slots) do
    self.slots[key] = old
  end
  if slot then
    self.slots[slot] = value
  end
  self.block = block
  self:back(pc)
  self.slots, self.block = kept, nil
end

function ops.IST(c, pc, p)
  local value = c.slots[p.d[pc]]
  return fork(c, pc, p, M.truth(c, value, p.d[pc]), true, value)
end

function ops.ISF(c, pc, p)
  local value = c.slots[p.d[pc]]
  return fork(c, pc, p, M.truth(c, value, p.d[pc]), false, value)
end

function ops.ISTC(c, pc, p)
  local value = c.slots[p.d[pc]]
  return fork(c, pc, p, M.truth(c, value, p.d[pc]), true, value, p.a[pc])
end

function ops.ISFC(c, pc, p)
  local value = c.slots[p.d[pc]]
  return fork(c, pc, p, M.truth(c, value, p.d[pc]), false, value, p.a[pc])
end

-- ---- order ----

local SIGNED = { lt = "slt", le = "sle", ge = "sge", gt = "sgt" }
local UNSIGNED = { lt = "ult", le = "ule", ge = "uge", gt = "ugt" }
local SWAPPED = { lt = "gt", le = "ge", ge = "le", gt = "lt", eq = "eq", ne = "ne" }

local function numeric_name(value)
  return values.name(value)
end

-- Both sides of a comparison by size, as numbers.
local function check_number(c, value, slot, side)
  if value.k == "num" or value.k == "const" and values.is_number(value.v) then
    return value
  elseif value.k == "conflict" then
    c:refuse_conflict(value, slot)
  elseif texts.is_text(c, value) and side ~= "other" then
    c:refuse("texts have no order in a handler: compare them with == and ~=")
  end
  local name = c:slot_name(slot)
  c:refuse("the %s side%s is %s, not a number", side, name and ", " .. name .. "," or "", numeric_name(value))
end
M.check_number = check_number

local COMPARE = {
  lt = function(a, b) return a < b end, le = function(a, b) return a <= b end,
  gt = function(a, b) return a > b end, ge = function(a, b) return a >= b end,
}

local function constant_side(c, value, unsigned)
  if unsigned and type(value.v) == "number" and value.v < 0 then
    c:refuse("an unsigned number is never negative: it cannot be compared with %s", tostring(value.v))
  end
  local whole, why = values.whole(value.v, unsigned)
  return whole or c:refuse("%s", why)
end

local function is_unsigned(value)
  return value.k == "num" and value.unsigned or value.k == "const" and values.is_u64(value.v)
end
M.is_unsigned = is_unsigned

-- The condition `a OP b` of two numbers of which not both are constants.
local function number_condition(c, how, a, b)
  if a.k == "const" then
    a, b, how = b, a, SWAPPED[how]
  end
  local unsigned = is_unsigned(a) or is_unsigned(b)
  local cond = (unsigned and UNSIGNED or SIGNED)[how] or how
  if b.k ~= "const" then
    return { cond, a.reg, b.reg }
  end
  local whole = constant_side(c, b, unsigned)
  local imm = c:immediate(whole)
  return { cond, a.reg, not imm and c:known(whole) or nil, imm }
end

local function compare(how, jump_if)
  return function(c, pc, p)
    local a, b = c.slots[p.a[pc]], c.slots[p.d[pc]]
    if a.k == "const" and b.k == "const" and type(a.v) == "string" and type(b.v) == "string" then
      return fork(c, pc, p, COMPARE[how](a.v, b.v), jump_if)
    end
    check_number(c, a, p.a[pc], "left")
    check_number(c, b, p.d[pc], "right")
    if a.k == "const" and b.k == "const" then
      return fork(c, pc, p, COMPARE[how](a.v, b.v), jump_if)
    end
    return fork(c, pc, p, number_condition(c, how, a, b), jump_if)
  end
end

ops.ISLT, ops.ISGE = compare("lt", true), compare("lt", false)
ops.ISLE, ops.ISGT = compare("le", true), compare("le", false)

-- ---- equality ----

local function kind_for_equality(c, v)
  if v.k == "num" or v.k == "const" and values.is_number(v.v) then
    return "number"
  elseif v.k == "bool" or v.k == "const" and type(v.v) == "boolean" then
    return "boolean"
  end
  return texts.is_text(c, v) and "text" or v.k == "const" and type(v.v) or v.k
end

local function address_condition(c, a, b)
  local function address(v)
    return v.off == 0 and v.reg or c:alu("add", v.reg, nil, v.off)
  end
  return { "eq", address(a), address(b) }
end

local function boolean_condition(a, b)
  if a.k == "const" then
    a, b = b, a
  end
  if b.k == "const" then
    return { b.v and "ne" or "eq", a.reg, nil, 0 }
  end
  return { "eq", a.reg, b.reg }
end

-- A number or nil is compared with nil, and with constants other than what it holds when it is nil.
local function maybe_condition(c, maybe, other, slot)
  if values.is_nil(other) then
    return { "eq", maybe.present, nil, 0 }
  elseif maybe.bool and other.k == "const" and other.v == true then
    return { "eq", maybe.reg, nil, 1 }
  elseif not maybe.bool and other.k == "const" and values.is_number(other.v) and other.v ~= 0 then
    return number_condition(c, "eq", { k = "num", reg = maybe.reg, unsigned = maybe.unsigned }, other)
  end
  local name = c:slot_name(slot)
  c:refuse("%s is a %s or nil: test it before it is compared with %s", name or "one side",
    maybe.bool and "boolean" or "number", values.name(other))
end

-- The condition a == b.
local function equality(c, a, b, a_slot, b_slot)
  if a.k == "conflict" then
    c:refuse_conflict(a, a_slot)
  elseif b.k == "conflict" then
    c:refuse_conflict(b, b_slot)
  elseif a.k == "maybe" then
    return maybe_condition(c, a, b, a_slot)
  elseif b.k == "maybe" then
    return maybe_condition(c, b, a, b_slot)
  elseif a.k == "const" and b.k == "const" then
    return a.v == b.v
  end
  local kind, other = kind_for_equality(c, a), kind_for_equality(c, b)
  if kind == "ptr" and other == "nil" or kind == "nil" and other == "ptr" then
    local ptr = kind == "ptr" and a or b
    return not ptr.embedded and { "eq", ptr.reg, nil, 0 }
  elseif kind == "ptr" and other == "number" or kind == "number" and other == "ptr" then
    c:refuse("a pointer is compared with pointers and nil, not with a number")
  elseif kind ~= other then
    return false
  elseif kind == "number" then
    return number_condition(c, "eq", a, b)
  elseif kind == "boolean" then
    return boolean_condition(a, b)
  elseif kind == "text" then
    return texts.equality(c, a, b)
  elseif kind == "ptr" then
    return address_condition(c, a, b)
  end
  return values.same(a, b)
end

local OPPOSITE = { eq = "ne", ne = "eq" }

-- Which of the two may be nil, of which the comparison with nil tells.
local function told(a, b)
  return values.is_nil(b) and a or values.is_nil(a) and b or nil
end

local function equal(jump_if, other_of)
  return function(c, pc, p)
    local slot = p.a[pc]
    local a, b, b_slot = c.slots[slot], other_of(c, pc, p)
    local condition = equality(c, a, b, slot, b_slot)
    local maybe = told(a, b)
    if maybe and type(condition) == "table" then
      -- As a test of being there: equal to nil is not being there.
      local there = { OPPOSITE[condition[1]], condition[2], condition[3], condition[4] }
      return fork(c, pc, p, there, not jump_if, maybe)
    end
    return fork(c, pc, p, condition, jump_if)
  end
end

local PRIMITIVES = { [0] = nil, false, true }

local function variable(c, pc, p) return c.slots[p.d[pc]], p.d[pc] end
local function text_constant(_, pc, p) return values.const(p:constant(p.d[pc])) end
local function number_constant(_, pc, p) return values.const(p:number(p.d[pc])) end
local function primitive(_, pc, p) return values.const(PRIMITIVES[p.d[pc]]) end

ops.ISEQV, ops.ISNEV = equal(true, variable), equal(false, variable)
ops.ISEQS, ops.ISNES = equal(true, text_constant), equal(false, text_constant)
ops.ISEQN, ops.ISNEN = equal(true, number_constant), equal(false, number_constant)
ops.ISEQP, ops.ISNEP = equal(true, primitive), equal(false, primitive)

-- ---- jumps and returns ----

function ops.NOT(c, pc, p)
  local value = c.slots[p.d[pc]]
  local truth = M.truth(c, value, p.d[pc])
  local result = values.const(not truth, c.line)
  if type(truth) == "table" then
    local reg = c:reg()
    local yes, no = c:branch(truth[1], truth[2], truth[3], truth[4])
    local behind = c.f:block()
    for number, block in ipairs { no, yes } do
      c.block = block
      c:unknown(2 - number, reg)
      c:jump(behind)
    end
    c.block, result = behind, { k = "bool", reg = reg, line = c.line }
  end
  c.slots[p.a[pc]] = result
end

local function give_back(c, value)
  local returns = c.frame.returns
  returns[#returns + 1] = { block = c.block, slots = { [0] = value }, memo = c.memo, line = c.line }
  c.block = nil
end
M.give_back = give_back

function ops.RET0(c)
  give_back(c)
end

function ops.RET1(c, pc, p)
  give_back(c, c.slots[p.a[pc]])
end

-- Of several results a call that wants one gets the first.
function ops.RET(c, pc, p)
  give_back(c, c.slots[p.a[pc]])
  local returns = c.frame.returns
  returns[#returns].several = p.d[pc] - 1
end

function ops.RETM(c)
  c:refuse("a call gives one value in a handler: put it into a variable first, then return it")
end

return M
