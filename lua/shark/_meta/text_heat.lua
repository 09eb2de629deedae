---@meta shark.text.heat
-- Of the module's docstrings; written by make reference.

local M = {}

--- The counts of a histogram by power of two: counts[e] of values from 2^e up.
---@param hist shark.Hist
---@param first integer exponent
---@param last integer
---@return table<integer, integer>
function M.columns(hist, first, last) end

--- One line: the columns' marks.
---@param counts table from columns()
---@param first integer
---@param last integer
---@param coloured boolean for a terminal
---@return string
function M.line(counts, first, last, coloured) end

--- A map as SVG: time from left to right, latency upwards.
---@param slices table[] { label, counts = from columns() }
---@param first integer exponent
---@param last integer
---@param title string
---@return string svg
function M.svg(slices, first, last, title) end

--- The scale below or above the lines: where some of the columns begin.
---@param first integer exponent
---@param last integer
---@return string
function M.scale(first, last) end

return M
