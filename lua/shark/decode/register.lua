--- Registers and table entries in words: fields of a value of up to 64 bits, as a
-- specification numbers its bits.

local bit = require "bit"
local ffi = require "ffi"

local M = {}

local u64 = ffi.typeof("uint64_t")

--- Bits low to high of a value: a number up to 53 bits, else a uint64_t.
--- @param value integer|ffi.cdata*
--- @param low integer first bit, from 0 @param high? integer last bit; low
--- @return integer|ffi.cdata*
function M.bits(value, low, high)
  local width = (high or low) - low + 1
  local field = bit.rshift(u64(value), low)
  if width < 64 then
    field = bit.band(field, bit.lshift(1ULL, width) - 1ULL)
  end
  return width <= 53 and tonumber(field) or field
end

--- "0x1f" of a number or a uint64_t.
function M.hex(value)
  local digits = bit.tohex(u64(value)):gsub("^0+(.)", "%1")
  return "0x" .. digits
end

-- What a field says: a text stands for "not zero"; a list for its values from 0;
-- a function answers for every value, nil for nothing to say.
local function words_of(means, value)
  if type(means) == "function" then
    return means(value)
  elseif type(means) == "table" then
    return means[value + 1] or ("reserved value %d"):format(value)
  elseif value ~= 0 then
    return means
  end
end

--- A decoder of a register.
--- @param layout table[] { NAME, low, high, means }: means as in words_of()
--- @return fun(value: integer|ffi.cdata*): shark.Register
function M.define(layout)
  return function(value)
    local decoded = { raw = M.hex(value), fields = {}, words = {} }
    for _, field in ipairs(layout) do
      local name, low, high, means = field[1], field[2], field[3], field[4]
      local content = M.bits(value, low, high)
      decoded.fields[name] = content
      decoded.words[#decoded.words + 1] = means and words_of(means, content) or nil
    end
    return decoded
  end
end

--- @class shark.Register
--- @field raw string the value, hexadecimal
--- @field fields table<string, integer> by the specification's names
--- @field words string[] what is set, in words

return M
