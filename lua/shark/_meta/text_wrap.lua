---@meta shark.text.wrap
-- Of the module's docstrings; written by make reference.

local M = {}

---@param text string
---@param width integer columns; a word that is longer has a line of its own
---@return string[] lines at least one
function M.lines(text, width) end

return M
