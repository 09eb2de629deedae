--- In place of shark.system.iommu: what sysfs would have shown, from the kernel's own lists
-- (drivers/iommu/iommu.c, iommu-sysfs.c).

local globals = require "shark.kernel.globals"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"

local M = {}

local MAX_UNITS, MAX_GROUPS, MAX_DEVICES = 1024, 65536, 65536

-- __IOMMU_DOMAIN_* of include/linux/iommu.h: 1 maps, 2 is for DMA, 4 passes through, 8 flushes later; in the words of
-- iommu_group_show_type().
local TYPES = { [0] = "blocked", [1] = "unmanaged", [3] = "DMA", [4] = "identity", [11] = "DMA-FQ" }

-- What cannot be read is left out, and why is said.
local function as_far_as_read(work)
  return function(...)
    local found, message = memory.attempt(work, ...)
    return found or {}, message
  end
end

--- Names of the units in use.
--- @return string[] names sorted @return string? message why they cannot be read
M.names = as_far_as_read(function()
  local names = {}
  if globals.address "iommu_device_list" then
    for unit in k.list("iommu_device_list", "struct iommu_device", "list", MAX_UNITS) do
      names[#names + 1] = unit.dev and unit.dev.kobj.name
    end
  end
  table.sort(names)
  return names
end)

-- Calls visit(struct device) for each of a group's.
local function each_device(group, visit)
  for member in k.list(group.devices, "struct group_device", "list", MAX_DEVICES) do
    visit(member.dev)
  end
end

-- Each is a kobject in one set; none: the kernel has no IOMMUs, or is not that far.
local function each_group(visit)
  local set = globals.get("iommu_group_kset", "struct kset *")
  for kobject in set and k.list(set.list, "struct kobject", "entry", MAX_GROUPS) or function() end do
    visit(k.container_of(kobject, "struct iommu_group", "kobj"))
  end
end

local function unit_of(device)
  local unit = device.iommu and device.iommu.iommu_dev
  return unit and unit.dev and unit.dev.kobj.name
end

--- Devices whose DMA goes through a unit.
--- @return string[] names sorted @return string? message
M.devices = as_far_as_read(function(unit)
  local names = {}
  each_group(function(group)
    each_device(group, function(device)
      names[#names + 1] = unit_of(device) == unit and device.kobj.name or nil
    end)
  end)
  table.sort(names)
  return names
end)

--- The groups; see shark.system.iommu.
--- @return table[] groups by id @return string? message
M.groups = as_far_as_read(function()
  local groups = {}
  each_group(function(group)
    local domain, names = group.default_domain, {}
    each_device(group, function(device) names[#names + 1] = device.kobj.name end)
    table.sort(names)
    groups[#groups + 1] = { id = group.id, type = domain and TYPES[domain.type], devices = names }
  end)
  table.sort(groups, function(one, other) return one.id < other.id end)
  return groups
end)

return M
