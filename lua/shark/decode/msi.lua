--- Message signalled interrupts in words: what a device writes, and where to.
-- Sources: Intel SDM 3A, 11.11 (compatibility format); VT-d spec, 5.1.2 (remappable
-- format); AMD IOMMU spec, 2.2.5 (an index in the data).

local apic = require "shark.decode.apic"
local register = require "shark.decode.register"

local bits, hex = register.bits, register.hex

local M = {}

local DELIVERY = { [0] = "fixed", "lowest priority", "SMI", "reserved (3)", "NMI", "INIT", "reserved (6)", "ExtINT" }

local function remappable(address, data)
  local handle = bits(address, 5, 19) + bits(address, 2) * 2 ^ 15
  local shv = bits(address, 3) == 1
  -- The sub-handle counts only if the address says so (SHV).
  local subhandle = shv and bits(data, 0, 15) or 0
  return {
    format = "remappable", handle = handle, shv = shv, subhandle = subhandle, index = handle + subhandle,
    words = ("VT-d remappable: handle %d, %s, IRTE %d"):format(handle,
      shv and ("sub-handle %d"):format(subhandle) or "no sub-handle", handle + subhandle),
  }
end

local function compatibility(address, data)
  local decoded = {
    -- Bits 11:5 extend the destination where the hypervisor offers it
    -- (KVM_FEATURE_MSI_EXT_DEST_ID, arch/x86/include/asm/msi.h destid_8_14).
    format = "compatibility", dest = bits(address, 12, 19) + bits(address, 5, 11) * 256,
    dest_mode = bits(address, 2) == 1 and "logical" or "physical", redirection_hint = bits(address, 3) == 1,
    vector = bits(data, 0, 7), delivery = DELIVERY[bits(data, 8, 10)],
    trigger = bits(data, 15) == 1 and "level" or "edge",
  }
  decoded.words = ("not remapped: vector %d to %s, %s, %s"):format(decoded.vector,
    apic.words(decoded.dest, decoded.dest_mode), decoded.delivery, decoded.trigger)
  return decoded
end

local function amd(_, data)
  local index = bits(data, 0, 10)
  local words = ("AMD, remapped: IRTE %d of the device's table"):format(index)
  return { format = "AMD remapped", index = index, words = words }
end

--- An interrupt message.
---
--- An AMD IOMMU remaps messages that look like compatibility format: only who
--- knows that it is on can tell.
--- @param address integer|ffi.cdata* 32 or 64 bits @param data integer
--- @param iommu? "intel"|"amd" what stands between device and CPU
--- @return table message { format = "remappable"|"compatibility"|"AMD remapped"|"unused"|"other", words,
---   address = "0x..", data = "0x.." }; remappable: handle, shv, subhandle, index of the IRTE;
---   compatibility: vector, dest, dest_mode, delivery, trigger; AMD: index
function M.decode(address, data, iommu)
  local decoded
  if bits(address, 0, 63) == 0 then
    decoded = { format = "unused", words = "no message set" }
  elseif bits(address, 20, 31) ~= 0xfee then
    decoded = { format = "other", words = "not an interrupt of this CPU architecture (address not 0xfee.....)" }
  elseif bits(address, 4) == 1 then
    decoded = remappable(address, data)
  else
    decoded = (iommu == "amd" and amd or compatibility)(address, data)
  end
  decoded.address, decoded.data = hex(address), hex(data)
  return decoded
end

return M
