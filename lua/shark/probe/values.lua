--- What a slot can hold while a handler is compiled, and what becomes of values that meet.
--
-- A value is a table that nobody changes; slots that hold the same one share it:
--   { k = "const", v = anything of the script }
--   { k = "num", reg, unsigned, stack }                a number of 64 bits
--   { k = "bool", reg }                                0 or 1
--   { k = "maybe", reg, present, unsigned, bool }      a number (or boolean) or nil; reg is 0 where it is nil
--   { k = "ptr", reg, off, type, direct, user, embedded }  an object of a type at an address
--   { k = "text", area, off, size }                    zeroes behind its end
--   { k = "element", agg, keys }, { k = "method", of, name }, { k = "builtin", name }
--   { k = "record", fields }, { k = "raw", fields, reg }, { k = "iterator", list }
--   { k = "opaque", type }                             an argument that is no number and no pointer
--   { k = "conflict", one, other }                     different things on different ways
-- `line` is where it was made, `origin` the number-or-nil that a test has made it of.

local ffi = require "ffi"

jit.off(true, true)

local M = {}

local i64, u64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"

M.NIL = { k = "const", v = nil }

--- A constant of the script. @return table value
function M.const(v, line)
  return { k = "const", v = v, line = line }
end

function M.is_nil(value)
  return value.k == "const" and value.v == nil
end

-- ---- constant numbers ----

function M.is_u64(v)
  return type(v) == "cdata" and ffi.istype(u64, v)
end

--- Is it a number of the script: a Lua number or a 64-bit cdata?
function M.is_number(v)
  return type(v) == "number" or type(v) == "cdata" and (ffi.istype(i64, v) or ffi.istype(u64, v))
end

--- A constant number as what an instruction takes: a Lua number below 2^53, else a cdata.
--- @param v number|ffi.cdata* @param unsigned boolean what is on the other side
--- @return number|ffi.cdata*|nil @return string? why not
function M.whole(v, unsigned)
  if type(v) == "cdata" then
    return v
  elseif v ~= math.floor(v) or v ~= v or math.abs(v) == math.huge then
    return nil, ("%s is not a whole number"):format(tostring(v))
  elseif v == 2 ^ 64 then -- what Lua makes of it
    return nil, "0xffffffffffffffff does not fit in 64 bits: write 0xffffffffffffffffULL"
  elseif v > 2 ^ 64 or v < -2 ^ 63 then
    return nil, ("%g does not fit in 64 bits"):format(v)
  elseif v >= 2 ^ 63 then
    local text = ("%.0f"):format(v)
    return unsigned and ffi.cast(u64, v) or nil, ("%s does not fit in 63 bits: write %sULL"):format(text, text)
  elseif unsigned and v < 0 then
    return nil, ("an unsigned number is never negative: it cannot be combined with %.0f"):format(v)
  end
  return math.abs(v) <= 2 ^ 53 and v or ffi.cast(i64, v)
end

-- ---- names for people ----

local function type_name(t)
  local kind = t.kind
  if kind == "pointer" then
    return "a pointer"
  elseif (kind == "struct" or kind == "union" or kind == "declared") and t.name then
    return (kind == "declared" and "struct" or kind) .. " " .. t.name
  end
  return t.name or kind
end
M.type_name = type_name

local function constant_name(v)
  if M.is_number(v) then
    return "a number"
  elseif type(v) == "nil" then
    return "nil"
  elseif type(v) == "string" then
    return "a text"
  end
  return "a " .. type(v)
end

local NAMES = {
  const = function(v) return constant_name(v.v) end,
  num = function() return "a number" end,
  bool = function() return "a boolean" end,
  maybe = function(v) return v.bool and "a boolean or nil (test it first)" or "a number or nil (test it first)" end,
  ptr = function(v)
    if v.type.kind == "array" then
      return "an array"
    end
    return v.embedded and "an object (" .. type_name(v.type) .. ")" or "a pointer (" .. type_name(v.type) .. " *)"
  end,
  text = function() return "a text" end,
  element = function(v) return "an element of a " .. v.agg.kind end,
  method = function() return "a method" end,
  builtin = function(v) return "the function " .. v.name end,
  record = function() return "a table" end,
  raw = function() return "the tracepoint's record" end,
  iterator = function() return "an iterator" end,
  opaque = function(v) return type_name(v.type) .. " by value, which cannot be read" end,
  conflict = function() return "different things on different ways" end,
}

--- What a value is, for people.
function M.name(value)
  return NAMES[value.k](value)
end

-- ---- equality ----

local function same_list(a, b)
  if #a ~= #b then
    return false
  end
  for i = 1, #a do
    if not M.same(a[i], b[i]) then
      return false
    end
  end
  return true
end

local SAME = {
  const = function(a, b)
    return rawequal(a.v, b.v) or type(a.v) == "cdata" and type(b.v) == "cdata"
      and M.is_u64(a.v) == M.is_u64(b.v) and tostring(a.v) == tostring(b.v)
  end,
  num = function(a, b) return a.reg == b.reg and a.unsigned == b.unsigned end,
  bool = function(a, b) return a.reg == b.reg end,
  maybe = function(a, b) return a.reg == b.reg and a.present == b.present end,
  ptr = function(a, b) return a.reg == b.reg and a.off == b.off and a.type == b.type and a.direct == b.direct end,
  text = function(a, b) return a.area == b.area and a.off == b.off and a.size == b.size end,
  element = function(a, b) return a.agg == b.agg and same_list(a.keys, b.keys) end,
  method = function(a, b) return a.name == b.name and M.same(a.of, b.of) end,
  builtin = function(a, b) return a.name == b.name end,
  iterator = function(a, b) return a.list == b.list end,
  raw = function(a, b) return a.reg == b.reg end,
}

--- Are two values one and the same thing?
function M.same(a, b)
  return rawequal(a, b) or a.k == b.k and SAME[a.k] ~= nil and SAME[a.k](a, b)
end

-- ---- what is made of values that meet ----

local function number_kind(a, b)
  local fixed = a.k ~= "const" and a or type(a.v) == "cdata" and { unsigned = M.is_u64(a.v) } or nil
  local other = b.k ~= "const" and b or type(b.v) == "cdata" and { unsigned = M.is_u64(b.v) } or nil
  local unsigned = (fixed or other or {}).unsigned or false
  if fixed and other and (fixed.unsigned or false) ~= (other.unsigned or false) then
    return nil, "signs"
  end
  for _, value in ipairs { a, b } do
    if value.k == "const" and value.v ~= nil and not M.whole(value.v, unsigned) then
      return nil, "whole"
    end
  end
  return unsigned, nil
end

local function is_numeric(v)
  return v.k == "num" or v.k == "const" and M.is_number(v.v)
end

local function is_bool(v)
  return v.k == "bool" or v.k == "const" and type(v.v) == "boolean"
end

local function conflict(a, b, why)
  return { k = "conflict", one = a, other = b, why = why }
end

local function join_numbers(a, b, k)
  local unsigned, why = number_kind(a, b)
  if unsigned == nil then
    return conflict(a, b, why)
  end
  return { k = k, unsigned = unsigned, stack = a.stack == b.stack and a.stack or nil }
end

local function join_pointers(a, b)
  if M.is_nil(a) or M.is_nil(b) then
    local ptr = M.is_nil(a) and b or a
    return { k = "ptr", off = 0, type = ptr.type, direct = false, user = ptr.user }
  end
  local same = a.type == b.type or a.type.id ~= nil and a.type.id == b.type.id
  if not same or (a.user or false) ~= (b.user or false) then
    return conflict(a, b, "types")
  end
  local plain = a.off == 0 and b.off == 0
  return { k = "ptr", off = 0, type = a.type, direct = a.direct and b.direct and plain, user = a.user,
    embedded = a.embedded and b.embedded }
end

local function text_size(v)
  return v.k == "text" and v.size or math.ceil((#v.v + 1) / 8) * 8
end

local function is_text(v)
  return v.k == "text" or v.k == "const" and type(v.v) == "string"
end

--- The kind of what two values become that meet: as a value without registers, or a conflict.
function M.join(a, b)
  local a_nil, b_nil = M.is_nil(a), M.is_nil(b)
  if a.k == "conflict" or b.k == "conflict" then
    return a.k == "conflict" and a or b
  elseif is_numeric(a) and is_numeric(b) then
    return join_numbers(a, b, "num")
  elseif is_bool(a) and is_bool(b) then
    return { k = "bool" }
  elseif (a.k == "ptr" or a_nil) and (b.k == "ptr" or b_nil) and not (a_nil and b_nil) then
    return join_pointers(a, b)
  elseif is_text(a) and is_text(b) then
    return { k = "text", off = 0, size = math.max(text_size(a), text_size(b)) }
  end
  local a_maybe, b_maybe = a.k == "maybe", b.k == "maybe"
  if (a_nil or is_numeric(a) or a_maybe and not a.bool) and (b_nil or is_numeric(b) or b_maybe and not b.bool) then
    return join_numbers(a, b, "maybe")
  elseif (a_nil or is_bool(a) or a_maybe and a.bool) and (b_nil or is_bool(b) or b_maybe and b.bool) then
    return { k = "maybe", bool = true }
  end
  return conflict(a, b, "kinds")
end

return M
