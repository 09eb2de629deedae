---@meta shark.text.graph
-- Of the module's docstrings; written by make reference.

local M = {}

---@param maps shark.IrqMap[]
---@return string text for dot(1)
function M.dot(maps) end

---@param maps shark.IrqMap[]
---@return string text of an SVG file
function M.svg(maps) end

return M
