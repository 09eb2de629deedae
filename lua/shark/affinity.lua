--- Affinity of an IRQ as it was asked for, as it is, and where its interrupts
--- really came: does it all fit?

local cpulist = require "shark.decode.cpulist"
local cpus_now = require "shark.system.cpus"
local files = require "shark.system.files"

local M = {}

-- "0-1,4" as a set.
local function parse(list)
  local cpus = {}
  for first, last in (list or ""):gmatch("(%d+)%-?(%d*)") do
    for cpu = tonumber(first), tonumber(last) or tonumber(first) do
      cpus[cpu] = true
    end
  end
  return cpus
end

local function has_any(some, all)
  for cpu in pairs(some) do
    if all[cpu] then
      return true
    end
  end
  return false
end

--- What /proc says of an IRQ. The kernel shows the mask that is pending as the one
--- asked for (kernel/irq/proc.c, show_irq_affinity()), so a pending one shows in
--- that the CPU in force is none of it.
--- @param irq integer
--- @return table? state { asked, effective: "0-1,4"; nil where the kernel does not tell }
function M.read(irq)
  local asked = files.line(("/proc/irq/%d/smp_affinity_list"):format(irq))
  return asked and { asked = asked, effective = files.line(("/proc/irq/%d/effective_affinity_list"):format(irq)) }
end

--- CPUs that are online, as a list: "0-3"; "" where the kernel does not tell.
--- @return string
function M.online()
  return cpulist.format(cpus_now.online() or {})
end

-- Interrupts that came where nobody wanted them: neither on a CPU in force at the
-- start or the end, nor on one it moved to meanwhile.
local function strays(entry)
  local cpus, count = {}, 0
  local expected = parse(entry.effective)
  for _, list in ipairs { entry.effective_before or "", table.concat(entry.moved_to or {}, ",") } do
    for cpu in pairs(parse(list)) do
      expected[cpu] = true
    end
  end
  for cpu, n in pairs(entry.arrived) do
    if not expected[cpu] then
      cpus[#cpus + 1], count = cpu, count + n
    end
  end
  table.sort(cpus)
  return cpus, count
end

local function total(arrived)
  local sum = 0
  for _, n in pairs(arrived) do
    sum = sum + n
  end
  return sum
end

--- One word and a sentence on an IRQ.
--- @param entry table { asked, effective, effective_before (lists), online (list), arrived = { [cpu] = interrupts },
---   moved_to? = { cpu }, pending? = left pending by the last request seen }
--- @return string code "ok"|"quiet"|"pending"|"offline"|"moved"|"stray"|"unknown" @return string text
function M.verdict(entry)
  local asked, effective = parse(entry.asked), parse(entry.effective)
  local n = total(entry.arrived)
  local cpus, stray = strays(entry)
  if not entry.effective or entry.effective == "" then
    return "unknown", "the kernel does not tell which CPU is in force"
  elseif stray > 0 then
    return "stray", ("%d of %d came on CPU %s, which was not in force"):format(stray, n, table.concat(cpus, ","))
  elseif not has_any(asked, parse(entry.online)) then
    return "offline", ("no CPU asked for is online; it is on CPU %s"):format(entry.effective)
  elseif entry.pending or not has_any(effective, asked) then
    return "pending", ("still on CPU %s; moves to CPU %s when interrupts come"):format(entry.effective, entry.asked)
  elseif #(entry.moved_to or {}) > 0 or entry.effective ~= (entry.effective_before or entry.effective) then
    return "moved", ("moved to CPU %s meanwhile"):format(entry.effective)
  elseif n == 0 then
    return "quiet", "as asked; no interrupt came"
  end
  return "ok", ("as asked; all %d came on CPU %s"):format(n, entry.effective)
end

return M
