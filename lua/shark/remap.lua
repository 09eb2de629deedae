--- Interrupt remapping: its state, every entry of its tables in use, and what
-- changes in it.

local iommu_units = require "shark.iommu.units"
local irqmap = require "shark.irqmap"
local remap_state = require "shark.iommu.remapping"
local remap_trace = require "shark.remap.trace"

local M = {}

--- The state of interrupt remapping: active operations, mode, and the chain of
--- decisions. See remap_state.read().
M.state = remap_state.read

--- Traces; see shark.remap.trace.
M.changes, M.affinity, M.faults = remap_trace.changes, remap_trace.affinity, remap_trace.faults

-- unit, device (AMD) and index -> map of the IRQ that has the entry.
local function key(unit, device, index)
  return ("%s %s %d"):format(unit, device or "", index)
end

local function by_entry()
  local owners = {}
  for _, map in ipairs(irqmap.describe_all() or {}) do
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
  local entries, message, name = iommu_units.entries()
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
