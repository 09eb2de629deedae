--- Flag words of interrupt pipelines. The bits are macros, which no type tells; all releases that
-- shark.pipeline.ipipe reads have the same (include/linux/ipipe_domain.h of I-pipe, 3.4 to 4.19).

local bit = require "bit"

local M = {}

-- IPIPE_HANDLE_FLAG, IPIPE_STICKY_FLAG, IPIPE_LOCK_FLAG.
local CONTROL = { "handle", "sticky", "lock" }

--- An interrupt's control word in a domain.
--- @param control integer|ffi.cdata* @return string[] words; of bits without a name the value
function M.control(control)
  local words, rest = {}, 0ULL + control
  for i, name in ipairs(CONTROL) do
    local mask = bit.lshift(1ULL, i - 1)
    if bit.band(rest, mask) ~= 0 then
      words[#words + 1], rest = name, rest - mask
    end
  end
  words[#words + 1] = rest ~= 0 and "0x" .. bit.tohex(rest, 16):gsub("^0+", "") or nil
  return words
end

--- Is a stage stalled by its status word (IPIPE_STALL_FLAG, STAGE_STALL_BIT)?
--- @param status integer|ffi.cdata* @return boolean
function M.is_stalled(status)
  return bit.band(0ULL + status, 1ULL) ~= 0
end

--- Is this bit set?
--- @param word integer|ffi.cdata* @param n integer @return boolean
function M.has_bit(word, n)
  return n >= 0 and n < 64 and bit.band(bit.rshift(0ULL + word, n), 1ULL) ~= 0
end

return M
