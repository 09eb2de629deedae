---@meta shark.decode.vtd
-- Of the module's docstrings; written by make reference.

local M = {}

--- Capability register (11.4.2).
---@type fun(value: integer|ffi.cdata*): shark.Register
M.cap = nil

--- Extended capability register (11.4.3).
---@type fun(value: integer|ffi.cdata*): shark.Register
M.ecap = nil

--- Global command register, as the kernel keeps it in intel_iommu.gcmd (11.4.4).
---@type fun(value: integer|ffi.cdata*): shark.Register
M.gcmd = nil

--- Global status register (11.4.5).
---@type fun(value: integer|ffi.cdata*): shark.Register
M.gsts = nil

--- Interrupt remapping table address register (11.4.25).
---@return shark.Register with address (uint64_t, physical), entries, eim
function M.irta(value) end

--- Fault status register (11.4.9).
---@type fun(value: integer|ffi.cdata*): shark.Register
M.fsts = nil

--- Fault event control register (11.4.10).
---@type fun(value: integer|ffi.cdata*): shark.Register
M.fectl = nil

--- Version register (11.4.1): "1.0".
function M.version(value) end

return M
