---@meta shark.modules
-- Of the module's docstrings; written by make reference.

local M = {}

return M
