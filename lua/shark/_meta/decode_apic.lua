---@meta shark.decode.apic
-- Of the module's docstrings; written by make reference.

local M = {}

--- What a destination names.
---@param dest integer APIC id, or mask
---@param mode "physical"|"logical"
---@param is_x2apic? boolean destinations have 32 bits
---@return integer[]? ids APIC ids
---@return integer[]? cpus in place of them, where it names CPUs (flat mode)
function M.targets(dest, mode, is_x2apic) end

--- The CPUs that a destination names.
---@param dest integer
---@param mode "physical"|"logical"
---@param is_x2apic? boolean destinations have 32 bits
---@param by_id table<integer, integer> CPU by APIC id
---@return integer[] cpus empty for an id that no CPU has
function M.cpus(dest, mode, is_x2apic, by_id) end

--- A destination in words. In logical mode it is a mask: flat, of CPUs; of an x2APIC
--- those of a cluster.
---@param dest integer
---@param mode "physical"|"logical"
---@param is_x2apic? boolean destinations have 32 bits
---@return string words "physical APIC id 3", "logical APIC mask 0x3 (CPUs 0-1)",
---   "logical x2APIC mask 0x3 of cluster 1 (APIC ids 16-17)"
function M.words(dest, mode, is_x2apic) end

return M
