---@meta shark.fmt
-- Of the module's docstrings; written by make reference.

local M = {}

--- Nanoseconds with three significant digits: "950ns", "1.23us", "12.3ms", "45.6s".
---@param ns number
---@return string
function M.duration(ns) end

--- Microseconds with one digit, for columns that shall line up.
---@param ns number
---@return string
function M.microseconds(ns) end

--- A count without an exponent.
---@param n number
---@return string
function M.count(n) end

--- A rate: one digit below 10, none above.
---@param n number
---@return string
function M.rate(n) end

--- Text that others chose, made fit for a terminal: one line of UTF-8; what is not shown as
--- it is (control characters, what turns or hides text, broken UTF-8) becomes "\\xNN".
---@param value any
---@return string
function M.printable(value) end

return M
