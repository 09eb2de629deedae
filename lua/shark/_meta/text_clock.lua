---@meta shark.text.clock
-- Of the module's docstrings; written by make reference.

local M = {}

--- "12:34:56.123456", local time.
---@param ts_ns integer|ffi.cdata* of an event
---@return string
function M.text(ts_ns) end

--- Seconds since 1970 for JSON, to the nanosecond.
---@param ts_ns integer|ffi.cdata* of an event
function M.json(ts_ns) end

return M
