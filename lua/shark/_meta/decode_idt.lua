---@meta shark.decode.idt
-- Of the module's docstrings; written by make reference.

local M = {}

--- Decodes a gate of 16 bytes.
---@return table gate { address (uint64_t), segment, ist, type, dpl, present }
function M.decode(text) end

return M
