--- The interrupt map: one interrupt's way from the device to its handler, through
-- interrupt remapping, the CPU's vector and the descriptor.

local affinity = require "shark.map.affinity"
local irqmap_system = require "shark.map.system"
local progress = require "shark.text.progress"
local walk = require "shark.map.walk"

local M = {}

-- { [cpu] = count } as a list that JSON keeps in order.
local function counts_list(counts)
  local list = {}
  for cpu, count in pairs(counts) do
    list[#list + 1] = { cpu = cpu, count = count }
  end
  table.sort(list, function(a, b) return a.cpu < b.cpu end)
  return list
end

local function complete(map)
  map.counts = counts_list(map.counts)
  map.affinity.words = affinity.words(map.affinity)
  return map
end

local UNREAD = "hierarchy, vector, message, IRTE, handlers"

-- The descriptor can go while we look: then what /proc said is no longer true.
local function gone(irq)
  return nil, ("there is no IRQ %d (any more)"):format(irq), "ENOENT"
end

-- What /proc and /sys have in files for each IRQ is read only where kernel memory
-- did not tell it.
local function without_memory(map, why)
  map.source = "/proc and /sys"
  irqmap_system.add_files(map)
  map.missing[#map.missing + 1] = { what = UNREAD, why = why }
  return complete(map)
end

local function describe(system, irq)
  local map = system:describe(irq)
  if not map then
    return gone(irq)
  end
  map.missing = {}
  local reader, why = walk.reader()
  if not reader then
    return without_memory(map, why)
  end
  local found, message = walk.fill(map)
  if not found then
    return without_memory(map, message)
  end
  map.source = "kernel memory (" .. reader .. ")"
  return complete(map)
end

local function check_number(name, i, value)
  if type(value) ~= "number" or value < 0 or value ~= math.floor(value) then
    error(("bad argument #%d to '%s' (a number from 0 up expected)"):format(i, name), 3)
  end
end

--- Everything that can be told about an IRQ.
---
--- From kernel memory where it can be read, which needs root and a kernel that
--- lets itself be read; from /proc and /sys otherwise; `missing` says what was
--- not found out, and why. A field that is nil was not read: see `missing`.
--- @param irq integer Linux's number, as in /proc/interrupts
--- @return shark.IrqMap? map @return string? message @return string? name "ENOENT": no such IRQ
function M.describe(irq)
  check_number("describe", 1, irq)
  local system, message = irqmap_system.look()
  if not system then
    return nil, message, "ENOENT"
  end
  return walk.look(describe, system, irq)
end

local function describe_all(system)
  local maps, irqs = {}, system:irqs()
  for i, irq in ipairs(irqs) do
    progress.tell("interrupts", i, #irqs)
    maps[#maps + 1] = describe(system, irq) -- nil for one that went meanwhile
  end
  return maps
end

--- The maps of all IRQs, those included that nobody requested.
--- @return shark.IrqMap[]? maps by IRQ, ascending @return string? message
function M.describe_all()
  local system, message = irqmap_system.look()
  if not system then
    return nil, message
  end
  return walk.look(describe_all, system)
end

-- Where the CPU's table cannot be looked up, an interrupt may say that it has
-- the vector.
local function slot_by_irqs(cpu, vector)
  for _, map in ipairs(M.describe_all() or {}) do
    if map.vector and map.vector.cpu == cpu and map.vector.number == vector then
      return { cpu = cpu, vector = vector, state = "used", irq = map.irq, map = map,
        words = ("in use, IRQ %d"):format(map.irq) }
    end
  end
end

--- What a CPU does when this vector arrives: the IRQ it belongs to, as
--- describe(), or what else the vector is for.
--- @param cpu integer @param vector integer 0 to 255
--- @return table? slot { cpu, vector, state, idt, irq?, map? } as vectors() has them
--- @return string? message @return string? name
function M.describe_vector(cpu, vector)
  check_number("describe_vector", 1, cpu)
  check_number("describe_vector", 2, vector)
  if vector > 255 then
    error("bad argument #2 to 'describe_vector' (a vector is at most 255)", 2)
  end
  local slot, message, name = require("shark.map.vectors").slot(cpu, vector)
  if not slot then
    return slot_by_irqs(cpu, vector), message, name
  end
  slot.map = slot.irq and M.describe(slot.irq) or nil
  return slot
end

--- What the vectors of all online CPUs are for, and how many are left.
---
--- counts.free is what the allocator can give of a CPU's vectors; `available` is its own
--- count of them, read at another moment; `reserved` is how many interrupts were promised a
--- vector that they do not have yet. Where the allocator cannot be read, only the vectors that
--- interrupts have are known: then `partial` is true, and `missing` says why.
--- @return shark.Vectors? vectors { cpus = {{ cpu, available, allocated, managed, managed_allocated,
---   counts = {[state] = n}, vectors = {slot...} }}, system = {{vector, handler}}, available, reserved, allocated,
---   first, last, missing?, partial? }; slots as those of describe_vector(), without their map
--- @return string? message @return string? name
function M.vectors()
  local vectors = require "shark.map.vectors"
  local found, message, name = vectors.read()
  if found then
    return found
  end
  local partial = vectors.of_irqs(M.describe_all() or {})
  if not partial then
    return nil, message, name
  end
  partial.missing = { { what = "vectors that are free, kept for managed interrupts or the system's", why = message } }
  return partial
end

--- How many vectors each CPU has left: the allocator's counts, at the cost of a few reads.
--- @return table? left { cpus = {{ cpu, available, allocated, managed, managed_allocated }}, available, reserved,
---   allocated }, as vectors() has them @return string? message @return string? name
function M.vectors_left()
  return require("shark.map.vectors").left()
end

--- The IRQs with an action of this name, or the one with this number.
--- @param what string "virtio0-req.0", or "26"
--- @return integer[]? irqs @return string? message @return string? name "ENOENT"
function M.find(what)
  local system, message = irqmap_system.look()
  if not system then
    return nil, message, "ENOENT"
  end
  local number = tonumber(what)
  if number and system:has(number) then
    return { number }
  end
  local found = system:find(what)
  if #found > 0 then
    return found
  end
  return nil, ("no IRQ %s in /proc/interrupts%s"):format(number and "" .. what or ("with an action '%s'"):format(what),
    number and "" or "; actions are its last column"), "ENOENT"
end

return M
