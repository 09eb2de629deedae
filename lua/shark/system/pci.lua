--- PCI devices as sysfs shows them (Documentation/ABI/testing/sysfs-bus-pci).

local files = require "shark.system.files"

local M = {}

local FOLDER = "/sys/bus/pci/devices/"

local function describe(address, mode)
  return { pci = address, mode = mode, driver = files.link(FOLDER .. address .. "/driver") }
end

-- A device uses one kind of messages for all of its interrupts.
local function kind_of_messages(address, irq)
  return files.line(FOLDER .. address .. "/msi_irqs/" .. irq) == "msix" and "MSI-X" or "MSI"
end

--- The device of each IRQ. One that uses messages lists its IRQs in a folder; one that does not has its line's IRQ in
--- a file.
--- @return table<integer, table> devices irq -> { pci = address, mode = "MSI-X"|"MSI"|"INTx", driver? }
function M.by_irq()
  local by_irq = {}
  for _, address in ipairs(files.names(FOLDER)) do
    local messages = files.names(FOLDER .. address .. "/msi_irqs")
    local device = messages[1] and describe(address, kind_of_messages(address, messages[1]))
    for _, irq in ipairs(messages) do
      by_irq[tonumber(irq)] = device
    end
    local line = not device and files.number(FOLDER .. address .. "/irq")
    if line and line > 0 and files.link(FOLDER .. address .. "/driver") then
      by_irq[line] = by_irq[line] or describe(address, "INTx")
    end
  end
  return by_irq
end

--- A device's configuration space, as far as it may be read.
--- @return string? bytes @return string? message
function M.config(address)
  return files.text(FOLDER .. address .. "/config")
end

return M
