---@meta shark.schedule
-- Of the module's docstrings; written by make reference.

local M = {}

--- Seconds on the monotonic clock, since an arbitrary moment.
---@return number
function M.now() end

--- Calls report() at every multiple of the interval, and stop() at the duration.
--- With both, every whole interval has its report before stop(), also where the
--- loop is so late that it ends after its time; without a duration, reports that
--- nobody could make in time are left out.
---@param plan table
---   interval  number?  seconds
---   duration  number?  seconds
---   report    fun()
---   stop      fun()
---   now       fun(): number  in place of M.now
---   after     fun(callback, seconds)  in place of a timer
function M.run(plan) end

return M
