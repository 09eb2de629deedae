--- ACPI tables that describe IOMMUs: Intel's DMAR and AMD's IVRS, and the MADT's
-- IO-APICs.

local bytes = require "shark.decode.bytes"
local structures = require "shark.decode.structures"

local M = {}

local HEADER = 36 -- ACPI spec, 5.2.6

local function checksum(text)
  local sum = 0
  for i = 1, #text do
    sum = sum + text:byte(i)
  end
  return sum % 256
end

--- The header that all tables have.
--- @param text string the table's bytes @param signature? string that it must have
--- @return table header { signature, length, revision, oem, oem_table, checksum_ok }
local function parse_header(text, signature)
  if #text < HEADER then
    structures.corrupt("a table has a header of %d bytes; these are %d", HEADER, #text)
  end
  local header = {
    signature = bytes.text(text, 0, 4), length = bytes.u32(text, 4), revision = bytes.u8(text, 8),
    oem = bytes.text(text, 10, 6), oem_table = bytes.text(text, 16, 8),
  }
  if header.signature ~= signature then
    structures.corrupt("the signature is '%s', not '%s'", header.signature, signature)
  elseif header.length > #text or header.length < HEADER then
    structures.corrupt("the header says %d bytes; there are %d", header.length, #text)
  end
  header.checksum_ok = checksum(text:sub(1, header.length)) == 0
  return header
end

local decoders = {
  DMAR = function() return require("shark.decode.acpi_dmar") end,
  IVRS = function() return require("shark.decode.acpi_ivrs") end,
  APIC = function() return require("shark.decode.acpi_madt") end,
}

--- Decodes a table.
--- @param signature "DMAR"|"IVRS"|"APIC"
--- @param text string the table's bytes
--- @return table? table { header, ... } see the decoders
--- @return string? message @return string? name "EBADMSG" for a table that is truncated or corrupt
function M.parse(signature, text)
  local decoder = (decoders[signature] or error(("no decoder for '%s'"):format(tostring(signature)), 2))()
  local decoded, message = structures.attempt(function()
    local header = parse_header(text, signature)
    local found = decoder.parse(text:sub(1, header.length))
    found.header = header
    return found
  end)
  if not decoded then
    return nil, ("%s: %s"):format(signature, message), "EBADMSG"
  end
  return decoded
end

return M
