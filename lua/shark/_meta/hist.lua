---@meta shark.hist
-- Of the module's docstrings; written by make reference.

local M = {}

---@class shark.Hist
local Hist = {}

--- Lower and upper bound of bucket i (0 to 495): lo <= value < hi.
---@return number lo
---@return number hi
function M.bounds(i) end

--- The bucket a value falls into.
---@param value number from 0 on, below 2^64; exact below 2^53
---@return integer i
function M.bucket(value) end

--- A histogram: empty, or a copy of the kernel's counters (uint64_t[496]).
---@param from? ffi.cdata*
---@param max? integer|ffi.cdata* the largest of their values, if it is known
---@return shark.Hist
function M.new(from, max) end

--- Counts a value, once or n times.
---@param value number from 0 on, below 2^64; exact below 2^53
---@param n? integer
function Hist:add(value, n) end

--- Adds the counts of another histogram to this one.
function Hist:merge(other) end

--- A histogram of its own with the same counts.
---@return shark.Hist
function Hist:copy() end

--- What this histogram has more than an earlier copy of it. Of the maximum only
--- that of both is known.
---@return shark.Hist
function Hist:since(earlier) end

--- How many values it has.
---@return integer
function Hist:count() end

--- The buckets that are not empty, ascending.
---@return { lo: number, hi: number, count: integer }[]
function Hist:buckets() end

--- A value that p percent of the values do not exceed: the largest that its bucket has room
--- for, and never more than the largest value there was. So it is exact or up to an
--- eighth above the exact percentile, and not below it; nil for an empty histogram.
---@param p number 0 to 100
---@return number?
function Hist:percentile(p) end

--- The histogram as bars, the longest for the fullest line.
---@param options? table { format = fun(value): string, most = lines, width = columns }
---@return string text, "" for an empty histogram
function Hist:bars(options) end

return M
