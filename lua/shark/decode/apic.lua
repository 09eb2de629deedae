--- APIC ids and destinations of interrupts as CPUs.

local bit = require "bit"

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

local function cpu_of_id(id)
  if not by_id then
    local file = io.open("/proc/cpuinfo")
    by_id = file and M.parse(file:read("*a")) or {}
    if file then
      file:close()
    end
  end
  return by_id[id]
end

-- The logical id of an x2APIC is its cluster (id / 16) and a bit for the CPU in
-- it; in flat mode the bit's number is the CPU's (init_apic_ldr()).
local function cpus_of_mask(mask, is_x2apic)
  local cpus = {}
  for i = 0, is_x2apic and 15 or 7 do
    if bit.band(bit.rshift(mask, i), 1) == 1 then
      local cpu = i
      if is_x2apic then
        cpu = cpu_of_id(math.floor(mask / 65536) * 16 + i)
      end
      cpus[#cpus + 1] = cpu
    end
  end
  return cpus
end

--- The CPUs an interrupt can go to.
--- @param dest integer APIC id, or mask @param mode "physical"|"logical"
--- @param is_x2apic? boolean destinations have 32 bits
--- @return integer[] cpus empty for an id that no CPU has
function M.cpus_of(dest, mode, is_x2apic)
  if mode == "logical" then
    return cpus_of_mask(dest, is_x2apic)
  end
  return { cpu_of_id(dest) }
end

return M
