--- Destinations of interrupts: APIC ids, and masks of them.

local bit = require "bit"
local cpulist = require "shark.decode.cpulist"

local M = {}

local function bits_of(mask, count)
  local set = {}
  for i = 0, count - 1 do
    set[#set + 1] = bit.band(bit.rshift(mask, i), 1) == 1 and i or nil
  end
  return set
end

-- In flat mode a bit's number is the CPU's (init_apic_ldr()).
local function flat(mask)
  return bits_of(mask, 8)
end

-- The logical id of an x2APIC is its cluster (APIC id / 16) and a bit for the CPU
-- in it (Intel SDM 3A, 11.12.10.2). Returns APIC ids, cluster and mask.
local function clustered(dest)
  local cluster, mask = math.floor(dest / 65536), dest % 65536
  local ids = bits_of(mask, 16)
  for i, id in ipairs(ids) do
    ids[i] = cluster * 16 + id
  end
  return ids, cluster, mask
end

--- What a destination names.
--- @param dest integer APIC id, or mask @param mode "physical"|"logical"
--- @param is_x2apic? boolean destinations have 32 bits
--- @return integer[]? ids APIC ids @return integer[]? cpus in place of them, where it names CPUs (flat mode)
function M.targets(dest, mode, is_x2apic)
  if mode ~= "logical" then
    return { dest }
  elseif not is_x2apic then
    return nil, flat(dest)
  end
  return (clustered(dest))
end

--- The CPUs that a destination names.
--- @param dest integer @param mode "physical"|"logical" @param is_x2apic? boolean destinations have 32 bits
--- @param by_id table<integer, integer> CPU by APIC id
--- @return integer[] cpus empty for an id that no CPU has
function M.cpus(dest, mode, is_x2apic, by_id)
  local ids, cpus = M.targets(dest, mode, is_x2apic)
  cpus = cpus or {}
  for _, id in ipairs(ids or {}) do
    cpus[#cpus + 1] = by_id[id]
  end
  return cpus
end

local function list(what, numbers)
  return #numbers == 0 and ("no %s"):format(what)
    or ("%s%s %s"):format(what, #numbers > 1 and "s" or "", cpulist.format(numbers))
end

--- A destination in words. In logical mode it is a mask: flat, of CPUs; of an x2APIC
--- those of a cluster.
--- @param dest integer @param mode "physical"|"logical" @param is_x2apic? boolean destinations have 32 bits
--- @return string words "physical APIC id 3", "logical APIC mask 0x3 (CPUs 0-1)",
---   "logical x2APIC mask 0x3 of cluster 1 (APIC ids 16-17)"
function M.words(dest, mode, is_x2apic)
  if mode ~= "logical" then
    return ("physical APIC id %d"):format(dest)
  elseif not is_x2apic then
    return ("logical APIC mask 0x%x (%s)"):format(dest, list("CPU", flat(dest)))
  end
  local ids, cluster, mask = clustered(dest)
  return ("logical x2APIC mask 0x%x of cluster %d (%s)"):format(mask, cluster, list("APIC id", ids))
end

return M
