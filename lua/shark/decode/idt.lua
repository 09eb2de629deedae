--- The interrupt descriptor table: which code a vector enters.
-- Source: Intel SDM 3A, 6.14.1 (64-bit gates); arch/x86/kernel/idt.c.

local bytes = require "shark.decode.bytes"
local register = require "shark.decode.register"

local M = {}

--- Decodes a gate of 16 bytes.
--- @return table gate { address (uint64_t), segment, ist, type, dpl, present }
function M.decode(text)
  local attributes = bytes.u16(text, 4)
  return {
    address = bytes.u32(text, 8) * 4294967296ULL + bytes.u16(text, 6) * 65536ULL + bytes.u16(text, 0),
    segment = bytes.u16(text, 2), ist = register.bits(attributes, 0, 2), type = register.bits(attributes, 8, 11),
    dpl = register.bits(attributes, 13, 14), present = register.bits(attributes, 15) == 1,
  }
end

return M
