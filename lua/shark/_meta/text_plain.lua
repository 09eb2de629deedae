---@meta shark.text.plain
-- Of the module's docstrings; written by make reference.

---@param value any
---@return any copy
local function M(value) end

return M
