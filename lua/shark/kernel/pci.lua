--- PCI devices as the kernel keeps them.

local k = require "shark.kernel"
local memory = require "shark.kernel.memory"

local M = {}

local function read_address(device)
  local bus = device.bus
  return bus and bus.name == "pci" and device.kobj.name or nil
end

--- Where a device is on the PCI bus; a device may have a hundred interrupts: read once in a look at them.
--- @param device table? struct device
--- @return string? address "0000:00:02.0", nil for what is no PCI device
function M.address(device)
  return device and memory.remember("device " .. k.hex(device), read_address, device) or nil
end

--- The PCI part of an msi_desc, which since 5.17 is a struct of its own.
function M.part_of(desc)
  return k.has_field("struct msi_desc", "pci") and desc.pci or desc
end

return M
