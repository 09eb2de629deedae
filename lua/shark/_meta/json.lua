---@meta shark.json
-- Of the module's docstrings; written by make reference.

local M = {}

--- JSON text of a value, on one line. Integers of 64 bits (FFI) are exact, other numbers as
--- exact as Lua has them. A byte of a text that is no UTF-8 becomes the characters \xNN, and
--- a backslash before what looks like that \x5c; an empty table is a list. Raises for what
--- JSON cannot say: not a number, infinity, functions, two fields of one name.
---@param value any
---@param order? string[] fields in this order, at every level, then the others, by name; without one, rows of
---   read() have their fields in the order of the reference
---@return string
function M.encode(value, order) end

--- The value of a JSON text: objects and lists as tables, null as nil. Numbers are Lua's, whole ones exact up to 2^53.
---@param text string
---@return any value
---@return string? message where it is no JSON
---@return string? name of the error
function M.decode(text) end

--- A copy of a table that is written as an object also when it is empty.
---@param fields table
---@return table
function M.object(fields) end

--- A time that is written as seconds with nine digits after the point, all of them exact.
---@param ns integer|ffi.cdata* nanoseconds, 0 or more
function M.seconds(ns) end

return M
