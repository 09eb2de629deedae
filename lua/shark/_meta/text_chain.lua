---@meta shark.text.chain
-- Of the module's docstrings; written by make reference.

local M = {}

--- The steps as lines of text, the one that decided marked.
---@param steps shark.ChainStep[]
---@param decisive? shark.ChainStep
---@return string[] lines
function M.lines(steps, decisive) end

return M
