---@meta shark.iommu
-- Of the module's docstrings; written by make reference.

local M = {}

--- The units, with registers and devices.
---@return table[] units {{ name, kind, devices = PCI addresses, and registers as shark.Register }}
---@return shark.Missing[] missing what could not be read
---@return string source
function M.units() end

--- Intel's units as the kernel lists them (dmar_drhd_units).
---@return table[]? drhds {{ object, segment, reg_base, devices_cnt, include_all, ignored, iommu,
---   devices = {{source, name}} }}
---@return string? message
---@return string? name
function M.drhds() end

--- The IOMMUs that are in use (iommu_device_list).
---@return table[]? registered {{ object, name, ops }}
---@return string? message
---@return string? name
function M.registered() end

--- The firmware's tables, decoded; see shark.decode.acpi.
---@return table firmware { dmar?, ivrs?, madt?, missing = { [field] = {message, name} } }
function M.firmware() end

--- Why DMA is translated or not: for Intel and AMD what the kernel asked when it started,
--- and which answer decided. Of the IOMMU in use also its groups.
---@param firmware table of firmware()
---@param drhds? table[] of drhds()
---@return table[] chains {{ kind, verdict, in_use, steps, decisive?, groups? }}
function M.chains(firmware, drhds) end

--- IOMMU groups and what happens to their devices' DMA.
---@return table[] groups {{ id, type, kind = "passthrough" where DMA is not translated, words, devices }}
function M.groups() end

return M
