---@meta shark.probe
-- Of the module's docstrings; written by make reference.

local M = {}

--- Counts by key: n[comm()]:add(), or n:add() without keys; add(3) counts three.
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.count(...) end

--- Sums by key: total[comm()]:add(bytes).
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.sum(...) end

--- Histograms by key, of eight buckets for each power of two: bytes[comm()]:add(n).
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.hist(...) end

--- The largest values by key: big[comm()]:add(n).
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.max(...) end

--- The smallest values by key: small[comm()]:add(n).
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.min(...) end

--- A map of numbers that handlers read and write: started[tid()] = now(), and = nil to delete. Scripts have
--- get(key, ...), set(key, ..., value) and delete(key, ...).
---@param ... string|table keys, then the type of the values: "i64", "u64", "ptr"; then options
---@return shark.probe.Aggregate
function M.map(...) end

--- A number that handlers read and scripts change while they run: limit() is its value, limit:set(8192) changes it.
---@param initial? integer default 0
---@return shark.probe.Aggregate
function M.var(initial) end

return M
