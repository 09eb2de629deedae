--- Lowers arithmetic: that of LuaJIT for 64-bit integers. BPF divides without sign before 6.6, so
-- signed division is made of sign masks, without branches.

local bit = require "bit"
local compare = require "shark.probe.lower_compare"
local values = require "shark.probe.values"

jit.off(true, true)

local M = { ops = {} }
local ops = M.ops

-- ---- constants of both sides ----

local FOLD = {
  add = function(a, b) return a + b end, sub = function(a, b) return a - b end, mul = function(a, b) return a * b end,
  div = function(a, b) return a / b end, mod = function(a, b) return a % b end,
}

local function refuse_zero(c, b, fn)
  if (fn == "div" or fn == "mod") and b.k == "const" and b.v == 0 then
    c:refuse("divides by zero")
  end
end

-- ---- division ----

-- a where it is not negative, else -a, given its sign mask.
local function magnitude(c, reg, sign)
  return c:alu("sub", c:alu("xor", reg, sign), sign)
end

local function sign_of(c, reg)
  return c:alu("arsh", reg, nil, 63)
end

local function power_of_two(v)
  local n = tonumber(v)
  local mantissa, exponent = math.frexp(n)
  return mantissa == 0.5 and exponent - 1 or nil
end

-- By 2^k: what a shift drops is made up for below zero.
local function divide_by_power(c, a, k, unsigned)
  if unsigned or k == 0 then
    return k == 0 and a or c:alu("rsh", a, nil, k)
  end
  local up = c:alu("rsh", sign_of(c, a), nil, 64 - k)
  return c:alu("arsh", c:alu("add", a, up), nil, k)
end

local function operand(c, value, unsigned)
  if value.k ~= "const" then
    return value.reg
  end
  local whole = values.whole(value.v, unsigned)
  local imm = c:immediate(whole)
  return not imm and c:known(whole) or nil, imm
end

local function divide_unsigned(c, fn, a, b, k)
  local reg = c:number_reg(a, true)
  if k and fn == "div" then
    return divide_by_power(c, reg, k, true)
  elseif k and k < 31 then
    return c:alu("and", reg, nil, 2 ^ k - 1)
  end
  local other, imm = operand(c, b, true)
  if imm and imm < 0 then -- an immediate is extended by its sign: right, too, for a u64
    other, imm = c:known(values.whole(b.v, true)), nil
  end
  return c:alu(fn, reg, other, imm)
end

local function constant_divisor(c, fn, a, b)
  local n = tonumber(b.v)
  local sign = sign_of(c, a)
  local size = magnitude(c, a, sign)
  local divisor = math.abs(n)
  local imm = c:immediate(divisor)
  local result = c:alu(fn, size, not imm and c:known(values.whole(divisor)) or nil, imm)
  if fn == "div" and n < 0 then
    sign = c:alu("xor", sign, nil, -1)
  end
  return magnitude(c, result, sign)
end

local function divide_signed(c, fn, a, b, k)
  local reg = c:number_reg(a)
  if k then
    local quotient = divide_by_power(c, reg, k, false)
    return fn == "div" and quotient or c:alu("sub", reg, c:alu("lsh", quotient, nil, k))
  elseif b.k == "const" and math.abs(tonumber(b.v)) < 2 ^ 53 then
    return constant_divisor(c, fn, reg, b)
  end
  local other = c:number_reg(b)
  local sign, other_sign = sign_of(c, reg), sign_of(c, other)
  local result = c:alu(fn, magnitude(c, reg, sign), magnitude(c, other, other_sign))
  if fn == "div" then
    sign = c:alu("xor", sign, other_sign)
  end
  return magnitude(c, result, sign)
end

local function divide(c, fn, a, b, unsigned)
  local k = b.k == "const" and tonumber(b.v) > 0 and tonumber(b.v) < 2 ^ 53 and power_of_two(b.v) or nil
  return (unsigned and divide_unsigned or divide_signed)(c, fn, a, b, k)
end

-- ---- the rest ----

local COMMUTES = { add = true, mul = true, band = true, bor = true, bxor = true }
local NAMES = { add = "add", sub = "sub", mul = "mul", band = "and", bor = "or", bxor = "xor" }

local function check_constant(c, value, unsigned)
  if value.k == "const" then
    local whole, why = values.whole(value.v, unsigned)
    if not whole then
      c:refuse("%s", why)
    end
  end
end

--- Two numbers, of which not both are constants, by add, sub, mul, div, mod, band, bor or bxor.
--- @return table value
function M.calculate(c, fn, a, b)
  local unsigned = compare.is_unsigned(a) or compare.is_unsigned(b)
  check_constant(c, a, unsigned)
  check_constant(c, b, unsigned)
  if fn == "div" or fn == "mod" then
    return c:number(divide(c, fn, a, b, unsigned), unsigned)
  end
  if a.k == "const" and COMMUTES[fn] then
    a, b = b, a
  end
  local reg, other, imm = c:number_reg(a, unsigned), operand(c, b, unsigned)
  return c:number(c:alu(NAMES[fn], reg, other, imm), unsigned)
end

local function binary(fn, sides)
  return function(c, pc, p)
    local a, b, a_slot, b_slot = sides(c, pc, p)
    compare.check_number(c, a, a_slot, "left")
    compare.check_number(c, b, b_slot, "right")
    refuse_zero(c, b, fn)
    local result
    if a.k == "const" and b.k == "const" then
      result = values.const(FOLD[fn](a.v, b.v), c.line)
    else
      result = M.calculate(c, fn, a, b)
    end
    c.slots[p.a[pc]] = result
  end
end

local function both(c, pc, p) return c.slots[p.b[pc]], c.slots[p.c[pc]], p.b[pc], p.c[pc] end
local function with_number(c, pc, p) return c.slots[p.b[pc]], values.const(p:number(p.c[pc])), p.b[pc] end
local function number_with(c, pc, p) return values.const(p:number(p.c[pc])), c.slots[p.b[pc]], nil, p.b[pc] end

for fn, op in pairs { add = "ADD", sub = "SUB", mul = "MUL", div = "DIV", mod = "MOD" } do
  ops[op .. "VV"], ops[op .. "VN"], ops[op .. "NV"] = binary(fn, both), binary(fn, with_number), binary(fn, number_with)
end

function ops.UNM(c, pc, p)
  local slot = p.d[pc]
  local value = compare.check_number(c, c.slots[slot], slot, "right")
  if value.k == "const" then
    c.slots[p.a[pc]] = values.const(-value.v, c.line)
    return
  end
  c.slots[p.a[pc]] = c:number(c:negative(value.reg), value.unsigned)
end

function ops.POW(c)
  c:refuse("there is no x ^ y for whole numbers: multiply")
end

function ops.LEN(c)
  c:refuse("# is not possible in a handler: take the length outside of it")
end

function ops.CAT(c)
  c:refuse("strings cannot be joined in the kernel; emit the parts")
end

-- ---- bit.* ----

local function as_64(c, v, unsigned)
  local whole, why = values.whole(v, unsigned)
  return whole or c:refuse("%s", why)
end

local i64 = require("ffi").typeof "int64_t"

-- A result of 64 bits as the constants were: plain where it can be.
local function plain(v, was_plain)
  local n = tonumber(v)
  return was_plain and math.abs(n) <= 2 ^ 53 and n or v
end

local function cdata(c, v)
  v = as_64(c, v)
  return type(v) == "number" and i64(v) or v
end

local function fold_bits(c, fn, a, b)
  local was_plain = type(a) == "number" and (b == nil or type(b) == "number")
  return values.const(plain(bit[fn](cdata(c, a), b and cdata(c, b)), was_plain), c.line)
end

local function check_bits(c, name, value, n)
  if value.k == "num" or value.k == "const" and values.is_number(value.v) then
    return value
  end
  c:refuse("bit.%s: argument %d is %s, not a number", name, n, values.name(value))
end

local function combine(fn)
  return function(c, arguments)
    local result = check_bits(c, fn, arguments[1] or values.NIL, 1)
    for i = 2, #arguments do
      local other = check_bits(c, fn, arguments[i], i)
      if result.k == "const" and other.k == "const" then
        result = fold_bits(c, fn, result.v, other.v)
      else
        result = M.calculate(c, fn, result, other)
      end
    end
    return result
  end
end

local SHIFTS = { lshift = "lsh", rshift = "rsh", arshift = "arsh" }

local function shift(fn)
  return function(c, arguments)
    local value = check_bits(c, fn, arguments[1] or values.NIL, 1)
    local by = check_bits(c, fn, arguments[2] or values.NIL, 2)
    if value.k == "const" and by.k == "const" then
      return fold_bits(c, fn, value.v, by.v)
    end
    local reg = c:number_reg(value)
    local unsigned = compare.is_unsigned(value)
    if by.k == "const" then
      return c:number(c:alu(SHIFTS[fn], reg, nil, tonumber(bit.band(cdata(c, by.v), 63LL))), unsigned)
    end
    return c:number(c:alu(SHIFTS[fn], reg, c:alu("and", by.reg, nil, 63)), unsigned)
  end
end

local function bnot(c, arguments)
  local value = check_bits(c, "bnot", arguments[1] or values.NIL, 1)
  if value.k == "const" then
    return fold_bits(c, "bnot", value.v)
  end
  return c:number(c:alu("xor", value.reg, nil, -1), value.unsigned)
end

--- By name: what bit.* does with values.
M.bits = { band = combine "band", bor = combine "bor", bxor = combine "bxor", bnot = bnot,
  lshift = shift "lshift", rshift = shift "rshift", arshift = shift "arshift" }

-- Operators of LuaJIT since 2026, which are the same.
local function operator(fn)
  return function(c, pc, p)
    c.slots[p.a[pc]] = M.bits[fn](c, { c.slots[p.b[pc]], c.slots[p.c[pc]] })
  end
end

ops.BAND, ops.BOR, ops.BXOR = operator "band", operator "bor", operator "bxor"
ops.BSHL, ops.BSHR, ops.BSAR = operator "lshift", operator "rshift", operator "arshift"

function ops.BNOT(c, pc, p)
  c.slots[p.a[pc]] = bnot(c, { c.slots[p.d[pc]] })
end

-- ---- math.min, max, abs ----

local function check_all(c, name, arguments)
  local unsigned = false
  for i, value in ipairs(arguments) do
    if not (value.k == "num" or value.k == "const" and values.is_number(value.v)) then
      c:refuse("math.%s: argument %d is %s, not a number", name, i, values.name(value))
    end
    unsigned = unsigned or compare.is_unsigned(value)
  end
  return #arguments > 0 and unsigned or #arguments == 0 and c:refuse("math.%s takes a number", name)
end

local CONDITIONS = { min = { "slt", "ult" }, max = { "sgt", "ugt" } }

local function extreme(name)
  return function(c, arguments)
    local unsigned = check_all(c, name, arguments)
    local best = arguments[1]
    for i = 2, #arguments do
      local other = arguments[i]
      if best.k == "const" and other.k == "const" then
        best = (best.v <= other.v) == (name == "min") and best or other
      else
        local reg = c:reg()
        c:move(reg, c:number_reg(best, unsigned))
        local other_reg = c:number_reg(other, unsigned)
        local yes, no = c:branch(CONDITIONS[name][unsigned and 2 or 1], other_reg, reg)
        c.block = yes
        c:move(reg, other_reg)
        c:jump(no)
        c.block, best = no, c:number(reg, unsigned)
      end
    end
    return best
  end
end

local function abs(c, arguments)
  local unsigned = check_all(c, "abs", arguments)
  local value = arguments[1]
  if value.k == "const" then
    return values.const(value.v < 0 and -value.v or value.v, c.line)
  elseif unsigned then
    return value
  end
  return c:number(magnitude(c, value.reg, sign_of(c, value.reg)), false)
end

--- By name: what math.* does with values.
M.math = { min = extreme "min", max = extreme "max", abs = abs }

return M
