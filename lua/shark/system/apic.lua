--- Which CPU has which APIC id on this machine.

local apic = require "shark.decode.apic"
local files = require "shark.system.files"

local M = {}

--- CPU by APIC id, from the text of /proc/cpuinfo (arch/x86/kernel/cpu/proc.c).
--- @return table<integer, integer>
function M.parse(text)
  local by_id, cpu = {}, nil
  for line in text:gmatch("[^\n]+") do
    cpu = tonumber(line:match("^processor%s*:%s*(%d+)")) or cpu
    local id = tonumber(line:match("^apicid%s*:%s*(%d+)"))
    if id and cpu then
      by_id[id] = cpu
    end
  end
  return by_id
end

local by_id

--- The CPUs an interrupt can go to.
--- @param dest integer APIC id, or mask @param mode "physical"|"logical"
--- @param is_x2apic? boolean destinations have 32 bits
--- @return integer[] cpus empty for an id that no CPU has
function M.cpus_of(dest, mode, is_x2apic)
  by_id = by_id or M.parse(files.text("/proc/cpuinfo") or "")
  return apic.cpus(dest, mode, is_x2apic, by_id)
end

return M
