---@meta shark.decode.msi
-- Of the module's docstrings; written by make reference.

local M = {}

--- An interrupt message.
--- An AMD IOMMU remaps messages that look like compatibility format: only who
--- knows that it is on can tell.
---@param address integer|ffi.cdata* 32 or 64 bits
---@param data integer
---@param iommu? "intel"|"amd" what stands between device and CPU
---@return table message { format = "remappable"|"compatibility"|"AMD remapped"|"unused"|"other", words,
---   address = "0x..", data = "0x.." }; remappable: handle, shv, subhandle, index of the IRTE;
---   compatibility: vector, dest, dest_mode, delivery, trigger; AMD: index
function M.decode(address, data, iommu) end

return M
