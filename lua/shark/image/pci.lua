--- In place of shark.system.pci: the devices of interrupts, from the kernel's own structures.

local k = require "shark.kernel"
local memory = require "shark.kernel.memory"
local pci = require "shark.kernel.pci"

local M = {}

local MAX_BUSES, MAX_DEVICES = 1024, 65536

local function describe(device, mode)
  local driver = device.driver
  return { pci = pci.address(device), mode = mode, driver = driver and driver.name }
end

-- Each message leads to its device.
local function add_messages(by_irq)
  local uses_messages = {}
  for irq, desc in k.irq_descs() do
    local message = desc.irq_common_data.msi_desc
    local address = message and pci.address(message.dev)
    if address then
      local mode = pci.part_of(message).msi_attrib.is_msix == 1 and "MSI-X" or "MSI"
      by_irq[irq], uses_messages[address] = describe(message.dev, mode), true
    end
  end
  return uses_messages
end

-- All devices, bus by bus (include/linux/pci.h, pci_root_buses).
local function each_device(buses, visit)
  for bus in k.list(buses, "struct pci_bus", "node", MAX_BUSES) do
    for device in k.list(bus.devices, "struct pci_dev", "bus_list", MAX_DEVICES) do
      visit(device)
    end
    each_device(bus.children, visit)
  end
end

-- Devices that share a line: as sysfs lists them, the first by name.
local function add_lines(by_irq, uses_messages)
  local shown = {}
  each_device("pci_root_buses", function(device)
    local irq, address = device.irq, pci.address(device.dev)
    local is_shown = irq > 0 and device.dev.driver and not uses_messages[address]
    local is_first = not by_irq[irq] or shown[irq] and address < shown[irq]
    if is_shown and is_first then
      by_irq[irq], shown[irq] = describe(device.dev, "INTx"), address
    end
  end)
end

--- The device of each IRQ; see shark.system.pci.
--- @return table<integer, table> devices as far as they can be read
function M.by_irq()
  local by_irq = {}
  memory.attempt(function()
    add_lines(by_irq, add_messages(by_irq))
  end)
  return by_irq
end

--- Not in an image: it is in the device.
function M.config()
  return nil, "an image cannot tell: live device registers"
end

return M
