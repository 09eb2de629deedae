--- Interrupt remapping: its state, every entry of its tables in use, and what
-- changes in it. The rows and events of its traces are in docs/reference.md.

local M = {}

--- The state of interrupt remapping: active operations, mode, and the chain of
--- decisions.
--- @return shark.RemapState
function M.state()
  return require("shark.iommu.remapping").read()
end

--- Entries of the interrupt remapping tables that are written, with who asked.
--- @param options? table filters irq, cpu, at_least_ns; stacks; way
--- @return shark.Session? @return string? message @return string? name
function M.changes(options)
  return require("shark.remap.trace").changes(options)
end

--- Affinity: asked for, left pending, in force.
--- @param options? table filters irq, cpu; stacks; way
--- @return shark.Session? @return string? message @return string? name
function M.affinity(options)
  return require("shark.remap.trace").affinity(options)
end

--- Requests, of memory or an interrupt, that an IOMMU refused.
--- @param options? table filter source (16 bits: bus, device, function); way
--- @return shark.Session? @return string? message @return string? name
function M.faults(options)
  return require("shark.remap.trace").faults(options)
end

-- unit, device (AMD) and index -> map of the IRQ that has the entry.
local function key(unit, device, index)
  return ("%s %s %d"):format(unit, device or "", index)
end

local function by_entry()
  local owners = {}
  for _, map in ipairs(require("shark.irqmap").describe_all() or {}) do
    if map.irte then
      owners[key(map.irte.iommu, map.irte.device, map.irte.index)] = map
    end
  end
  return owners
end

local function names_of(map)
  local names = {}
  for i, action in ipairs(map.actions) do
    names[i] = action.name
  end
  return names
end

local function join(entry, map)
  if map then
    entry.irq, entry.actions = map.irq, names_of(map)
    entry.pci = map.device and map.device.pci
    entry.chip = map.chip
  end
  return entry
end

--- Every entry that is present in an interrupt remapping table, with its IRQ.
--- @return table[]? entries {{ iommu, index, device? (AMD: whose table), entry (see shark.decode.irte), irq?, actions?,
---   pci? }}; without irq: no IRQ has it now
--- @return string? message @return string? name
function M.entries()
  local entries, message, name = require("shark.iommu.units").entries()
  if not entries then
    return nil, message, name
  end
  local owners = by_entry()
  for _, entry in ipairs(entries) do
    join(entry, owners[key(entry.iommu, entry.device, entry.index)])
  end
  return entries
end

return M
