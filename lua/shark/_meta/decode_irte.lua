---@meta shark.decode.irte
-- Of the module's docstrings; written by make reference.

local M = {}

--- "00:03.0" of a 16-bit requester id: bus, device, function.
---@param id integer
---@return string
function M.source(id) end

--- Intel's 128-bit entry.
---@param low integer|ffi.cdata* bits 63:0
---@param high integer|ffi.cdata* bits 127:64
---@param eim? boolean destinations have 32 bits (IRTA.EIME)
---@param posted_to? "guest"|"host" of a posted entry, if that is known
---@return table entry { format = "remapped"|"posted", present, fault_disabled, vector, sid, source, svt, sq,
---   validation, raw = {low, high}, words }; remapped: dest (APIC id, or mask), dest_mode, wide (of x2APICs),
---   delivery, trigger,
---   redirection_hint; posted: descriptor (uint64_t, physical), urgent
function M.intel(low, high, eim, posted_to) end

--- AMD's 32-bit entry (union irte).
---@param value integer
---@return table entry { format = "remapped", present, fault_disabled, vector, dest, dest_mode, delivery, eoi,
---   raw = {value}, words }
function M.amd32(value) end

--- AMD's 128-bit entry (struct irte_ga), for the host or for a guest's virtual APIC.
---@param low integer|ffi.cdata* bits 63:0
---@param high integer|ffi.cdata* bits 127:64
---@param x2apic? boolean destinations are those of x2APICs; nil: if they need more than 8 bits
---@return table entry as amd32(); or format = "guest": root (uint64_t, physical), tag, running
function M.amd128(low, high, x2apic) end

--- An entry from its bytes, as they lie in the table.
---@param kind "intel"|"amd32"|"amd128"
---@param text string of bytes
---@param eim? boolean see intel(), amd128()
---@param posted_to? string see intel()
---@return table? entry
---@return string? message
---@return string? name "EBADMSG" for a wrong length
function M.decode(kind, text, eim, posted_to) end

--- What the kernel calls an IOMMU: "dmar0", "ivhd0" (/sys/class/iommu).
---@param vendor "intel"|"amd"
---@param number integer
---@return string
function M.unit_name(vendor, number) end

return M
