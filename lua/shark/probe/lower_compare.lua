--- Lowers comparisons, by order and for equality, of numbers, texts, pointers, booleans and nil.

local flow = require "shark.probe.lower_flow"
local texts = require "shark.probe.lower_texts"
local values = require "shark.probe.values"

jit.off(true, true)

local M = { ops = {} }
local ops = M.ops
local fork = flow.fork

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

return M
