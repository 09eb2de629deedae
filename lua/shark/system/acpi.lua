--- ACPI tables as the firmware left them.

local acpi = require "shark.decode.acpi"

local M = {}

local FOLDER = "/sys/firmware/acpi/tables/"

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
  return acpi.parse(signature, text)
end

return M
