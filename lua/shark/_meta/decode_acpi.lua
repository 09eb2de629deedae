---@meta shark.decode.acpi
-- Of the module's docstrings; written by make reference.

local M = {}

--- Decodes a table.
---@param signature "DMAR"|"IVRS"|"APIC"
---@param text string the table's bytes
---@return table? table { header, ... } see the decoders
---@return string? message
---@return string? name "EBADMSG" for a table that is truncated or corrupt
function M.parse(signature, text) end

return M
