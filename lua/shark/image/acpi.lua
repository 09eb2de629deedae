--- In place of shark.system.acpi: the firmware's tables of a kernel that is in an image.

local M = {}

--- @param signature string
--- @return nil table @return string message @return string name
function M.read(signature)
  return nil, ("an image cannot tell what was in the firmware's table %s"):format(signature), "EOPNOTSUPP"
end

return M
