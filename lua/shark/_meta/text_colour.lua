---@meta shark.text.colour
-- Of the module's docstrings; written by make reference.

local M = {}

--- A title.
---@param text string made fit before
---@return string
function M.title(text) end

--- The largest of its column.
---@param text string made fit before
---@return string
function M.most(text) end

--- What was lost, and what is wrong.
---@param text string made fit before
---@return string
function M.warning(text) end

return M
