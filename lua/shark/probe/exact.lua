--- 64-bit integers as scripts get and give them: what a Lua number holds exactly is one, all
-- else is int64_t or uint64_t.

local ffi = require "ffi"

local M = {}

local int64, uint64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"
local EXACT = 2 ^ 53 -- also what 2^53 + 1 becomes

--- A number where that is exact, else the value itself.
--- @param value ffi.cdata* int64_t or uint64_t @return number|ffi.cdata*
function M.number(value)
  local near = tonumber(value)
  return near < EXACT and near > -EXACT and near or value
end

-- A whole number that 64 bits can hold; 2^63 and above as uint64_t.
local function integer(value, what)
  if type(value) == "number" and value == math.floor(value) and value >= -2 ^ 63 and value < 2 ^ 64 then
    return value < 2 ^ 63 and int64(value) or uint64(value)
  elseif type(value) == "cdata" and (ffi.istype(int64, value) or ffi.istype(uint64, value)) then
    return value
  end
  error(("%s: a whole number of 64 bits is wanted, not %s"):format(what, tostring(value)), 0)
end

--- The same 64 bits as int64_t; raises for what is no whole number.
--- @param value any @param what string what it is for, for the message
function M.signed(value, what)
  return ffi.cast(int64, integer(value, what))
end

--- The eight bytes of a whole number.
--- @param value any @param what string @return string
function M.bytes(value, what)
  return ffi.string(ffi.new("int64_t[1]", M.signed(value, what)), 8)
end

return M
