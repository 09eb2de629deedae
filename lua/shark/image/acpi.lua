--- In place of shark.system.acpi: the firmware's tables, which lie in the machine's memory. The kernel lists where
-- (drivers/acpi/acpica/tbdata.c).

local acpi = require "shark.decode.acpi"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"
local must = require "shark.kernel.must"

local M = {}

local MAX_TABLES = 1024

local function find(signature)
  local list = must(k.var("acpi_gbl_root_table_list", "struct acpi_table_list")):value()
  for i = 0, math.min(list.current_table_count, MAX_TABLES) - 1 do
    local entry = list.tables[i]
    if k.read(k.addressof(entry.signature), 4) == signature then
      return memory.read_physical(entry.address, entry.length)
    end
  end
  memory.fault(("the firmware has no %s table"):format(signature), "ENOENT")
end

--- Reads and decodes a table.
--- @param signature "DMAR"|"IVRS"|"APIC"
--- @return table? table @return string? message
--- @return string? name "ENOENT": the firmware has no such table; otherwise it cannot be read
function M.read(signature)
  local text, message, name = memory.attempt(find, signature)
  if not text then
    return nil, message, name == "ENOENT" and not message:find "the firmware" and "EACCES" or name
  end
  return acpi.parse(signature, text)
end

return M
