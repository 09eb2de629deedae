--- ACPI tables that describe IOMMUs: Intel's DMAR and AMD's IVRS, and the MADT's
-- IO-APICs. Read as the firmware left them in /sys/firmware/acpi/tables.

local bytes = require "shark.decode.bytes"

local M = {}

local HEADER = 36 -- ACPI spec, 5.2.6
local FOLDER = "/sys/firmware/acpi/tables/"

-- What keeps a table from being decoded is thrown as this and caught in parse().
local Corrupt = {}

--- For the decoders of tables: gives up with a message.
function M.corrupt(message, ...)
  error(setmetatable({ message = message:format(...) }, Corrupt), 0)
end

--- For the decoders: calls visit(text, offset, type, length) for every structure
--- from `offset` to `limit`. Its type and length are 16 bits (DMAR) or read by `head`.
--- @param head fun(text, offset, limit): integer, integer type and length
function M.each(text, offset, limit, head, visit)
  while offset < limit do
    local kind, length = head(text, offset, limit)
    if length <= 0 or offset + length > limit then
      M.corrupt("the structure of type %d at byte %d has length %d, but %d bytes are left", kind, offset, length,
        limit - offset)
    end
    visit(text, offset, kind, length)
    offset = offset + length
  end
end

--- For the decoders: a structure is at least so long.
function M.at_least(name, offset, length, least)
  if length < least then
    M.corrupt("the %s at byte %d has %d bytes, not the %d of its fixed part", name, offset, length, least)
  end
end

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
    M.corrupt("a table has a header of %d bytes; these are %d", HEADER, #text)
  end
  local header = {
    signature = bytes.text(text, 0, 4), length = bytes.u32(text, 4), revision = bytes.u8(text, 8),
    oem = bytes.text(text, 10, 6), oem_table = bytes.text(text, 16, 8),
  }
  if header.signature ~= signature then
    M.corrupt("the signature is '%s', not '%s'", header.signature, signature)
  elseif header.length > #text or header.length < HEADER then
    M.corrupt("the header says %d bytes; there are %d", header.length, #text)
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
  local ok, result = pcall(function()
    local header = parse_header(text, signature)
    local decoded = decoder.parse(text:sub(1, header.length))
    decoded.header = header
    return decoded
  end)
  if ok then
    return result
  elseif getmetatable(result) ~= Corrupt then
    error(result, 0)
  end
  return nil, ("%s: %s"):format(signature, result.message), "EBADMSG"
end

--- Reads and decodes a table of this machine.
--- @param signature "DMAR"|"IVRS"|"APIC"
--- @return table? table @return string? message
--- @return string? name "ENOENT": the firmware has no such table; "EACCES", "EBADMSG"
function M.read(signature)
  local file, message, number = io.open(FOLDER .. signature, "rb")
  if not file and number == 2 then
    return nil, ("the firmware has no %s table"):format(signature), "ENOENT"
  elseif not file then
    return nil, "cannot read " .. message, "EACCES"
  end
  local text = file:read("*a")
  file:close()
  if not text then
    return nil, ("cannot read %s%s"):format(FOLDER, signature), "EIO"
  end
  return M.parse(signature, text)
end

return M
