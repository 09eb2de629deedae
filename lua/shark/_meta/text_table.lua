---@meta shark.text.table
-- Of the module's docstrings; written by make reference.

local M = {}

--- Renders rows as a table.
---@param columns table[] { title, field, left = align left, format = fun(value): string }
---@param rows table[] each a table with the fields of the columns
---@return string text the lines, title first, without a newline at the end
function M.render(columns, rows) end

return M
