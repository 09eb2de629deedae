--- IOMMUs in use, and the groups of devices, as sysfs shows them (Documentation/ABI/testing/sysfs-class-iommu,
-- sysfs-kernel-iommu_groups).

local files = require "shark.system.files"

local M = {}

local UNITS, GROUPS = "/sys/class/iommu/", "/sys/kernel/iommu_groups/"

--- Names of the units in use.
--- @return string[] names sorted
function M.names()
  return files.names(UNITS)
end

--- Devices whose DMA goes through a unit.
--- @return string[] names sorted
function M.devices(unit)
  return files.names(UNITS .. unit .. "/devices")
end

--- @return table[] groups {{ id, type? = "identity"|"DMA"|"DMA-FQ"|..., devices = names }} by id
function M.groups()
  local groups = {}
  for i, name in ipairs(files.names(GROUPS)) do
    groups[i] = {
      id = tonumber(name), type = files.line(GROUPS .. name .. "/type"),
      devices = files.names(GROUPS .. name .. "/devices"),
    }
  end
  return groups
end

return M
