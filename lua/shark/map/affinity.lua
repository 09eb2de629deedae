--- The affinity of an interrupt in words: asked for, in force, on its way.

local cpulist = require "shark.decode.cpulist"

local M = {}

local function cpus(list)
  return (list:find("[,-]") and "CPUs " or "CPU ") .. list
end

-- Since 6.12 a move waits for the next interrupt more often: the write succeeds,
-- /proc/irq/N/smp_affinity shows the new mask, and nothing has moved yet
-- (kernel/irq/manage.c, irq_set_affinity_locked(), IRQD_SETAFFINITY_PENDING).
local function pending(affinity)
  if affinity.pending == affinity.effective then
    return ("PENDING: %s was asked for again, where it arrives already"):format(cpus(affinity.pending))
  end
  return ("PENDING: the move to %s waits for the next interrupt, which still arrives on %s"):format(
    cpus(affinity.pending), cpus(affinity.effective))
end

local function contains(all, some)
  local a, b = cpulist.parse(all), cpulist.parse(some)
  return not a or not b or cpulist.contains(a, b)
end

-- What has not been read says nothing: an empty mask is said to be empty.
local function said(list)
  return not list and "unknown" or list == "" and "no CPU" or cpus(list)
end

--- @param affinity table { asked, effective, pending?, managed? } lists of CPUs as text
--- @return string[] words
function M.words(affinity)
  local words = { "asked for " .. said(affinity.asked), "in force " .. said(affinity.effective) }
  if affinity.managed then
    words[#words + 1] = "managed: set by the driver's core, user space cannot change it"
  end
  if affinity.pending then
    words[#words + 1] = pending(affinity)
  elseif affinity.asked and affinity.effective and affinity.effective ~= ""
    and not contains(affinity.asked, affinity.effective) then
    words[#words + 1] = ("NOT where it was asked for: it still arrives on %s; a move waits for the next interrupt")
      :format(cpus(affinity.effective))
  end
  return words
end

return M
