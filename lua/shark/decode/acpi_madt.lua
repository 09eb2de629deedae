--- The ACPI table MADT (signature APIC): which IO-APICs there are.
-- Source: ACPI spec, 5.2.12.

local bytes = require "shark.decode.bytes"
local structures = require "shark.decode.structures"

local M = {}

local FIXED = 44 -- header, local APIC address, flags
local IOAPIC = 1

local function head(text, offset, limit)
  structures.at_least("structure", offset, limit - offset, 2)
  return bytes.u8(text, offset), bytes.u8(text, offset + 1)
end

--- Decodes the bytes of the table; called by acpi.parse().
--- @return table madt { ioapics = {{ id, address, gsi_base }} }
function M.parse(text)
  structures.at_least("table", 0, #text, FIXED)
  local madt = { ioapics = {} }
  structures.each(text, FIXED, #text, head, function(_, at, kind, length)
    if kind == IOAPIC then
      structures.at_least("IO-APIC", at, length, 12)
      table.insert(madt.ioapics, {
        id = bytes.u8(text, at + 2), address = bytes.u32(text, at + 4), gsi_base = bytes.u32(text, at + 8),
      })
    end
  end)
  return madt
end

return M
