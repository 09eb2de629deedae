--- Flag words of the interrupt core in words.
-- Values of irq_data's state move between releases: those that do are taken from
-- the kernel's own enum where its types can be asked.

local bit = require "bit"

local M = {}

-- include/linux/interrupt.h, the same since 4.18.
local IRQF = {
  { 0x80, "SHARED" }, { 0x100, "PROBE_SHARED" }, { 0x200, "TIMER" }, { 0x400, "PERCPU" }, { 0x800, "NOBALANCING" },
  { 0x1000, "IRQPOLL" }, { 0x2000, "ONESHOT" }, { 0x4000, "NO_SUSPEND" }, { 0x8000, "FORCE_RESUME" },
  { 0x10000, "NO_THREAD" }, { 0x20000, "EARLY_RESUME" }, { 0x40000, "COND_SUSPEND" }, { 0x80000, "NO_AUTOEN" },
  { 0x100000, "NO_DEBUG" }, { 0x200000, "COND_ONESHOT" },
}

local function names(value, list)
  local words = {}
  for _, flag in ipairs(list) do
    if bit.band(value, flag[1]) ~= 0 then
      words[#words + 1] = flag[2]
    end
  end
  return words
end

--- Flags of an irqaction: { "SHARED", "ONESHOT" }, as IRQF_ names without prefix.
function M.action(value)
  return names(value, IRQF)
end

-- include/linux/irq.h, enum of irqd_is_*: those that are the same in 5.10 to 7.
local IRQD = {
  { 0x200, "activated" }, { 0x400, "not balanced" }, { 0x800, "per CPU" }, { 0x1000, "affinity set" },
  { 0x4000, "wakes the system" }, { 0x10000, "DISABLED" }, { 0x20000, "MASKED" }, { 0x40000, "in progress" },
  { 0x100000, "forwarded to a VCPU" }, { 0x200000, "managed affinity" }, { 0x400000, "started" },
  { 0x800000, "SHUT DOWN (managed, its CPUs are offline)" }, { 0x1000000, "single target" },
  { 0x4000000, "can reserve a vector" }, { 0x100, "affinity change PENDING" },
}

M.SETAFFINITY_PENDING, M.ACTIVATED, M.LEVEL, M.AFFINITY_MANAGED = 0x100, 0x200, 0x2000, 0x200000

--- State of an irq_data (irq_common_data.state_use_accessors).
--- @return string[] words
function M.state(value)
  return names(value, IRQD)
end

return M
