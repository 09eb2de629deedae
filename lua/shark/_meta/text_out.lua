---@meta shark.text.out
-- Of the module's docstrings; written by make reference.

local M = {}

--- Prints a line: an own format, and its arguments, of which text is made fit.
---@param format string a literal
---@param ... any
function M.line(format, ...) end

--- Prints several lines: a list of them, or a text whose lines have been made fit
--- one by one, as those of shark.text.table and shark.text.tree are.
---@param lines string[]|string
function M.lines(lines) end

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
