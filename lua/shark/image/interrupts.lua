--- In place of shark.system.interrupts: what /proc/interrupts would have shown of each IRQ, from the descriptors.

local cpus = require "shark.system.cpus"
local globals = require "shark.kernel.globals"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"

local M = {}

-- Structs since 6.11, before that numbers (include/linux/irqdesc.h, kstat_irqs).
local function counts_of(desc)
  local stats = desc.kstat_irqs and globals.per_cpu_each(desc.kstat_irqs, cpus.online() or {}) or {}
  local counts, total = {}, 0
  for cpu, stat in pairs(stats) do
    counts[cpu] = type(stat) == "number" and stat or stat.cnt
    total = total + counts[cpu]
  end
  return counts, total
end

local MAX_ACTIONS = 256

local function actions_of(desc)
  local names = {}
  for action in k.chain(desc.action, "next", MAX_ACTIONS) do
    names[#names + 1] = action.name or ""
  end
  return names
end

local function read_irq(irq, desc)
  local counts, count = counts_of(desc)
  local data = desc.irq_data
  return {
    irq = irq, chip = data.chip and data.chip.name, hwirq = data.domain and tonumber(data.hwirq) or nil,
    flow = desc.name, actions = actions_of(desc), counts = counts, count = count,
  }
end

--- All interrupts that have a descriptor; see shark.system.interrupts.
--- @return table? by_irq @return string? message @return string? name
function M.read()
  return memory.attempt(function()
    local by_irq = {}
    for irq, desc in k.irq_descs() do
      by_irq[irq] = read_irq(irq, desc)
    end
    return by_irq
  end)
end

local function refuse()
  return nil, "an image cannot tell: these counts are read from /proc of a running kernel", "EOPNOTSUPP"
end

M.read_named, M.read_softirqs = refuse, refuse

return M
