--- Why an IOMMU refused a request, in words.

local M = {}

-- VT-d spec 7.1.3, reasons of legacy mode; their names in the kernel are in
-- drivers/iommu/intel/dmar.c.
local INTEL = {
  [0x01] = "the bus has no root entry (not present)",
  [0x02] = "the device has no context entry (not present)",
  [0x03] = "the device's context entry is invalid",
  [0x04] = "the address is beyond what the IOMMU translates (MGAW)",
  [0x05] = "no mapping of the address that allows writing",
  [0x06] = "no mapping of the address that allows reading",
  [0x07] = "a page table points to an invalid address",
  [0x08] = "the root table's address is invalid",
  [0x09] = "a root entry points to an invalid context table",
  [0x0a] = "reserved bits are set in the root entry",
  [0x0b] = "reserved bits are set in the context entry",
  [0x0c] = "reserved bits are set in a page table entry",
  [0x0d] = "the device may not send translated requests",
  [0x20] = "reserved bits are set in the interrupt's message",
  [0x21] = "the index is beyond the remapping table",
  [0x22] = "the table entry is not present",
  [0x23] = "the remapping table cannot be read",
  [0x24] = "reserved bits are set in the table entry",
  [0x25] = "an interrupt in compatibility format, which is blocked",
  [0x26] = "the table entry is for another source",
  [0x27] = "the posted interrupt descriptor cannot be read",
  [0x28] = "reserved bits are set in the posted interrupt descriptor",
}

local FIRST_OF_INTERRUPTS, LAST_OF_INTERRUPTS = 0x20, 0x2f

-- AMD IOMMU spec 2.5.
local AMD = {
  [0x1] = "the device table entry is invalid",
  [0x2] = "no mapping of the address that allows it",
  [0x3] = "the device table cannot be read",
  [0x4] = "a page table cannot be read",
  [0x5] = "an invalid command",
  [0x6] = "the command buffer cannot be read",
  [0x7] = "the device does not answer an invalidation",
  [0x8] = "the device sent an invalid request",
  [0x9] = "the device sent an invalid page request",
  [0xd] = "the page belongs to somebody else (RMP)",
  [0xe] = "the RMP table cannot be read",
}

--- @param reason integer fault reason of VT-d
--- @return string words @return boolean is_interrupt an interrupt was refused, not a memory access
function M.intel(reason)
  return INTEL[reason] or ("reason 0x%02x of the VT-d specification"):format(reason),
    reason >= FIRST_OF_INTERRUPTS and reason <= LAST_OF_INTERRUPTS
end

--- @param kind integer type of the event @param interrupt boolean its flag I, of a page fault
--- @return string words
function M.amd(kind, interrupt)
  if kind == 2 and interrupt then
    return "no table entry that lets the interrupt pass"
  end
  return AMD[kind] or ("event type 0x%x of the AMD IOMMU specification"):format(kind)
end

return M
