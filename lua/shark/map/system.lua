--- What /proc and /sys tell about an interrupt: all there is where kernel memory
-- cannot be read.

local cpulist = require "shark.decode.cpulist"
local files = require "shark.system.files"
local interrupts = require "shark.system.interrupts"
local pci = require "shark.system.pci"

local M = {}

local SYS = "/sys/kernel/irq/%d/"
local PROC = "/proc/irq/%d/"

local function counts_of(irq, entry)
  if entry then
    return entry.counts, entry.count
  end
  -- IRQs nobody requested are not in /proc/interrupts, but have a folder in /sys.
  local counts, total, cpu = {}, 0, 0
  for text in (files.line(SYS:format(irq) .. "per_cpu_count") or ""):gmatch("%d+") do
    counts[cpu], total, cpu = tonumber(text), total + tonumber(text), cpu + 1
  end
  return counts, total
end

local function names_of(irq, entry)
  if entry then
    return entry.actions
  end
  local names = {}
  for name in (files.line(SYS:format(irq) .. "actions") or ""):gmatch("[^,]+") do
    names[#names + 1] = name
  end
  return names
end

-- irq_attributes of kernel/irq/irqdesc.c.
local function sysfs(irq, name)
  local text = files.line(SYS:format(irq) .. name)
  return text ~= "" and text or nil
end

-- "3", "00000000,00000003", with zeros for none.
local function hint(folder)
  local text = files.line(folder .. "affinity_hint")
  return text and text:find("[^0,]") and cpulist.format(cpulist.of_mask(text)) or nil
end

local function affinity(irq)
  local folder = PROC:format(irq)
  return {
    asked = files.line(folder .. "smp_affinity_list"),
    effective = files.line(folder .. "effective_affinity_list"),
    hint = hint(folder),
    node = files.number(folder .. "node"),
  }
end

-- "count 12\nunhandled 0\nlast_unhandled 0 ms" (kernel/irq/proc.c).
local function unhandled(irq)
  local text = files.text(PROC:format(irq) .. "spurious")
  return text and tonumber(text:match("unhandled (%d+)"))
end

-- ---- all of it ----

local System = {}
System.__index = System

--- A look at /proc and /sys, for any number of IRQs.
--- @return table? system @return string? message
function M.look()
  local by_irq, message = interrupts.read()
  if not by_irq then
    return nil, message
  end
  return setmetatable({ interrupts = by_irq, pci = pci.by_irq() }, System)
end

--- The numbers of all IRQs, ascending: those of /proc/interrupts and of
--- /sys/kernel/irq, where also those are that nobody requested.
--- @return integer[]
function System:irqs()
  local known, list = {}, {}
  for irq in pairs(self.interrupts) do
    known[irq] = true
  end
  for _, name in ipairs(files.names("/sys/kernel/irq")) do
    known[tonumber(name)] = true
  end
  for irq in pairs(known) do
    list[#list + 1] = irq
  end
  table.sort(list)
  return list
end

--- Is there such an IRQ?
function System:has(irq)
  return self.interrupts[irq] ~= nil or files.exists(SYS:format(irq))
end

--- The IRQs whose action, or one of several, has this name; "ahci" finds
--- "ahci[0000:00:1f.2]" too.
--- @return integer[] irqs ascending
function System:find(name)
  local found = {}
  for irq, entry in pairs(self.interrupts) do
    for _, action in ipairs(entry.actions) do
      if action == name or action:sub(1, #name + 1) == name .. "[" then
        found[#found + 1] = irq
      end
    end
  end
  table.sort(found)
  return found
end

--- What /proc/interrupts and the devices tell about an IRQ; for one that nobody
--- requested, its files.
--- @return table? entry { irq, chip?, flow?, counts = { [cpu] = count }, count, actions = { {name} },
---   affinity = {}, device = {pci, mode, driver} }
function System:describe(irq)
  if not self:has(irq) then
    return nil
  end
  local entry = self.interrupts[irq]
  local counts, count = counts_of(irq, entry)
  local actions = {}
  for i, name in ipairs(names_of(irq, entry)) do
    actions[i] = { name = name }
  end
  return {
    irq = irq, counts = counts, count = count, actions = actions, affinity = {}, chip = entry and entry.chip,
    flow = entry and entry.flow, device = self.pci[irq],
  }
end

--- Adds what an IRQ's files in /proc/irq and /sys/kernel/irq tell: chip, hwirq, flow, type, unhandled,
--- affinity = {asked, effective, hint, node}.
--- @param map table from describe()
function M.add_files(map)
  local irq = map.irq
  map.affinity, map.unhandled, map.hwirq = affinity(irq), unhandled(irq), files.number(SYS:format(irq) .. "hwirq")
  map.chip, map.flow = sysfs(irq, "chip_name") or map.chip, sysfs(irq, "name") or map.flow
  map.type = sysfs(irq, "type")
end

return M
