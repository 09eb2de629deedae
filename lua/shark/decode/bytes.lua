--- Little-endian numbers in a string of bytes, as firmware tables and hardware
-- structures hold them. Offsets count from 0. What lies beyond the end raises:
-- a parser checks lengths first, and says what is too short.

local ffi = require "ffi"

local M = {}

local number = ffi.typeof("union { uint8_t bytes[8]; uint64_t u64; }")

-- The n bytes at an offset, as a uint64_t.
local function read(text, offset, n)
  if offset < 0 or offset + n > #text then
    error(("bytes %d to %d are not in %d bytes"):format(offset, offset + n - 1, #text), 3)
  end
  local value = number()
  ffi.copy(value.bytes, text:sub(offset + 1, offset + n), n)
  return value.u64
end

--- @return integer
function M.u8(text, offset)
  return tonumber(read(text, offset, 1))
end

--- @return integer
function M.u16(text, offset)
  return tonumber(read(text, offset, 2))
end

--- @return integer
function M.u32(text, offset)
  return tonumber(read(text, offset, 4))
end

--- @return ffi.cdata* uint64_t, exact
function M.u64(text, offset)
  return read(text, offset, 8)
end

--- Text of a fixed field: up to the first zero, without blanks at the end.
--- Bytes that are no printable ASCII become dots: firmware is not trusted.
function M.text(text, offset, n)
  local field = text:sub(offset + 1, offset + n):match("^[^%z]*")
  return (field:gsub("[^\32-\126]", "."):gsub("%s+$", ""))
end

return M
