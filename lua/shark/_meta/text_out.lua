---@meta shark.text.out
-- Of the module's docstrings; written by make reference.

local M = {}

--- Prints a line: an own format, and its arguments, of which text is made fit.
---@param format string a literal
---@param ... any
function M.line(format, ...) end

--- The same of what is wrong or was lost, so that it is seen.
---@param format string a literal
---@param ... any
function M.warn(format, ...) end

--- Prints several lines: a list of them, or a text whose lines have been made fit
--- one by one, as those of shark.text.tree are.
---@param lines string[]|string
function M.lines(lines) end

--- Prints a table that fits the terminal, and says what of it was left out.
---@param columns table[] as shark.text.table takes them
---@param rows table[]
---@param options? table left_out = so many rows; below = fun(row): string[] lines below each
function M.table(columns, rows, options) end

--- Prints a line of our own that has control sequences, as colours are.
---@param text string
function M.raw(text) end

--- Prints a value as JSON, on a line.
---@param value any
---@param order string[] of fields, see shark.json
function M.json(value, order) end

--- Prints values as print() does, their text made fit.
---@param ... any
function M.values(...) end

--- Prints a line on standard error, after what was printed before.
---@param format string a literal
---@param ... any
function M.complain(format, ...) end

return M
