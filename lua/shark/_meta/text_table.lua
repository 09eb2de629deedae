---@meta shark.text.table
-- Of the module's docstrings; written by make reference.

local M = {}

--- A table as lines.
---@param columns table[] { title, field, left = align left, format = fun(value): string }; and
---   rank = 1, 2, ...: how soon it is left out where there is no room, the highest first (0: last);
---   cut = true, or so many columns that it keeps: its texts may be cut;
---   most = true: its largest value is what one looks for
---@param rows table[] each a table with the fields of the columns
---@param room? integer columns of the terminal; any number if nil
---@param colour? table as shark.text.colour; none if nil
---@return string[] lines title first
---@return string[] titles of columns that were left out
function M.lines(columns, rows, room, colour) end

--- A table as text.
---@param columns table[] as lines() takes them
---@param rows table[]
---@param room? integer columns of the terminal
---@return string text the lines, without a newline at the end
function M.render(columns, rows, room) end

--- The column of a name, whole names before those without their units: WAIT-US is no WAIT.
---@param columns table[] as lines() takes them
---@param name string title or field, with or without its unit, in letters of either size
---@return table? column
---@return string? message names the columns there are
function M.find(columns, name) end

--- Rows in the order of a column: numbers from the largest, those by which things are called (key = true) from
--- the smallest, texts by letter; what has none comes last, and equals stay as they are.
---@param columns table[] as lines() takes them
---@param rows table[]
---@param name string of a column, as find() takes it
---@return table[]? sorted a new list
---@return string? message names the columns there are
function M.sorted(columns, rows, name) end

return M
