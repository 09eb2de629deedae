---@meta shark.top
-- Of the module's docstrings; written by make reference.

local M = {}

--- Shows interrupts on the terminal's whole screen, or with options.json as JSON, until it is ended.
---@param options table { irq?, cpu?, way?, interval, duration?, sort? = field of views.list[1], json?, command }
function M.run(options) end

--- The columns that the first view can be ordered by.
---@return table fields by title in lower case
function M.sorts() end

return M
