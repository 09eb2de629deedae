---@meta shark.top
-- Of the module's docstrings; written by make reference.

local M = {}

--- Shows interrupts on the terminal's whole screen, or with options.json as JSON, until it is ended.
---@param options table { irq?, cpu?, way?, interval, duration?, sort? = field of views.list[1], json?, command }
function M.run(options) end

--- Converter for the option --sort.
---@param text string a column of the first view, as shark.text.table finds it
---@return string? field
---@return string? message
function M.column(text) end

return M
