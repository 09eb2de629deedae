---@meta shark.decode.cpulist
-- Of the module's docstrings; written by make reference.

local M = {}

---@param text string "0-3,8"; "" is none
---@return integer[]? cpus ascending
---@return string? message
function M.parse(text) end

--- Of a mask in hexadecimal, as "00000000,0000000f".
---@param text string
---@return integer[] cpus ascending
function M.of_mask(text) end

---@param cpus integer[] ascending
---@return string "0-3,8"; "" for none
function M.format(cpus) end

--- Is every CPU of one list in another?
---@param some integer[]
---@param all integer[]
function M.contains(all, some) end

return M
