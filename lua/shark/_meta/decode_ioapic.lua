---@meta shark.decode.ioapic
-- Of the module's docstrings; written by make reference.

local M = {}

--- A redirection entry.
---@param value integer|ffi.cdata* its 64 bits
---@param iommu? "intel"|"amd" what stands between IO-APIC and CPU
---@return table entry { format = "remappable"|"AMD remapped"|"compatibility", vector, masked, trigger, active_low,
---   raw, words; index of the IRTE, or dest, dest_mode and delivery }
function M.decode(value, iommu) end

--- What the kernel keeps of a pin's entry, which is in the hardware only while the
--- interrupt is activated.
---@param value integer|ffi.cdata* its 64 bits
---@param iommu? "intel"|"amd"
---@param activated boolean
---@return table entry as decode() with set_up = true; else { set_up = false, masked = true, words, kept = raw }
function M.kept(value, iommu, activated) end

return M
