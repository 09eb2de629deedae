--- CPUs that go offline while vectors are traced.
--
-- A tracepoint is silent on a CPU that is no longer online (include/linux/
-- tracepoint.h, cpu_online()), and the interrupts of a CPU that goes offline are
-- moved by that CPU itself, when it no longer is (arch/x86/kernel/irq.c
-- fixup_irqs()): vectors change without an event, for ftrace too. So the CPUs that
-- are online are looked at, and where each interrupt is.

local cpulist = require "shark.decode.cpulist"
local cpus_now = require "shark.system.cpus"
local files = require "shark.system.files"
local uv = require "uv"

local M = {}

-- ---- as the machine says ----

local function online()
  return cpus_now.online() or {}
end

local function positions()
  local by_irq = {}
  for _, name in ipairs(files.names("/proc/irq")) do
    by_irq[tonumber(name) or -1] = files.line(("/proc/irq/%s/effective_affinity_list"):format(name))
  end
  return by_irq
end

local MACHINE = { online = online, positions = positions, now = function() return tonumber(uv.hrtime()) end }

-- ---- watching ----

local Hotplug = {}
Hotplug.__index = Hotplug

--- @param machine? table { online(), positions(), now() } another than this one
function M.new(machine)
  machine = machine or MACHINE
  return setmetatable({ machine = machine, online = machine.online(),
    on = machine.positions() }, Hotplug)
end

-- What happened after the CPUs were found offline belongs to the time after it.
local function places_at(self, ns)
  return self.pending and ns > self.pending.ns and self.pending.after or self.on
end

--- Takes a step of the vector allocator, in order.
--- @param step table as of shark.remap.records @param ns number when
function Hotplug:feed(step, ns)
  if step.irq and step.on_cpu and step.name == "vector_update" then
    places_at(self, ns)[step.irq] = tostring(step.on_cpu)
  end
end

local function without(cpus, others)
  local gone = {}
  for _, cpu in ipairs(cpus) do
    gone[#gone + 1] = not cpulist.contains(others, { cpu }) and cpu or nil
  end
  return gone
end

--- Looks at the CPUs. What went offline is to be judged when all steps of before are fed.
--- @return number? ns when CPUs were found offline, nil for none or where others are yet to be judged
function Hotplug:look()
  if self.pending then
    return nil
  end
  local now = self.machine.online()
  local gone = without(self.online, now)
  self.online = now
  if #gone > 0 then
    local to = self.machine.positions()
    self.pending = { gone = gone, ns = self.machine.now(), to = to, after = setmetatable({}, { __index = to }) }
    return self.pending.ns
  end
end

local function was_on(place, cpus)
  local on = place and cpulist.parse(place)
  return on and #on > 0 and cpulist.contains(cpus, on)
end

local function compare(self)
  local pending = self.pending
  local record = {
    kind = "cpu", what = "offline", cpu = pending.gone[1], cpus = pending.gone, moved = {}, waiting = {},
  }
  for irq, from in pairs(self.on) do
    local to = pending.to[irq]
    if was_on(from, pending.gone) and to then
      local list = was_on(to, pending.gone) and record.waiting or record.moved
      list[#list + 1] = { irq = irq, from = from, to = to }
    end
  end
  for _, list in ipairs { record.moved, record.waiting } do
    table.sort(list, function(a, b) return a.irq < b.irq end)
  end
  return record
end

-- Where everything is now, with what events have told since.
local function go_on(self)
  local after = self.pending.after
  self.on = self.pending.to
  for irq, place in pairs(after) do
    self.on[irq] = place
  end
  self.pending = nil
end

--- What moved without an event as the CPUs that look() found went offline.
--- @return table record { kind = "cpu", what = "offline", cpu, cpus, moved = {{irq, from, to}} without an event,
---   waiting = the same, of managed interrupts that were shut down until the CPU is back }
function Hotplug:judge()
  local record = compare(self)
  go_on(self)
  return record
end

return M
