---@meta shark.decode.amdvi
-- Of the module's docstrings; written by make reference.

local M = {}

--- IOMMU control register, MMIO 0018h.
---@type fun(value: integer|ffi.cdata*): shark.Register
M.control = nil

--- IOMMU status register, MMIO 2020h.
---@type fun(value: integer|ffi.cdata*): shark.Register
M.status = nil

--- Extended feature register, MMIO 0030h.
---@type fun(value: integer|ffi.cdata*): shark.Register
M.efr = nil

return M
