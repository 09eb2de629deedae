---@meta shark.text.acpi
-- Of the module's docstrings; written by make reference.

local M = {}

---@param dmar table from acpi.parse()
---@return string[] lines
function M.dmar(dmar) end

---@param ivrs table from acpi.parse()
---@return string[] lines
function M.ivrs(ivrs) end

return M
