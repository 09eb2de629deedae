--- The message of an MSI interrupt: as the kernel wrote it, and as it is in the
-- device now.
-- Source: include/linux/msi.h, drivers/pci/msi/, PCI spec 6.8 (MSI, MSI-X).

local bytes = require "shark.decode.bytes"
local k = require "shark.kernel"
local msi = require "shark.decode.msi"
local must = require "shark.kernel.must"
local pci_devices = require "shark.kernel.pci"
local system_pci = require "shark.system.pci"

local M = {}

local function address64(low, high)
  return high * 4294967296ULL + low
end

local function kernel_copy(desc, iommu)
  local msg = desc.msg
  return msi.decode(address64(msg.address_lo, msg.address_hi), msg.data, iommu)
end

local pci_part = pci_devices.part_of

local function index_of(desc)
  if k.has_field("struct msi_desc", "msi_index") then
    return desc.msi_index
  end
  return pci_part(desc).msi_attrib.entry_nr
end

-- An entry of the MSI-X table is address, upper address, data, control.
local function read_msix(desc, index, iommu)
  local text, message = k.read(k.raw(pci_part(desc), "mask_base") + index * 16, 16)
  if not text then
    return nil, message
  end
  local live = msi.decode(address64(bytes.u32(text, 0), bytes.u32(text, 4)), bytes.u32(text, 8), iommu)
  return live, bytes.u32(text, 12) % 2 == 1
end

-- Offset of the MSI capability in a device's configuration space.
local function find_msi(config)
  local at = bytes.u8(config, 0x34)
  for _ = 1, 48 do
    if at < 0x40 or at + 24 > #config then
      return nil
    elseif bytes.u8(config, at) == 5 then
      return at
    end
    at = bytes.u8(config, at + 1)
  end
end

-- Several messages of one device have one address, and data that counts up.
local function read_msi(pci, offset, iommu)
  local config, message = system_pci.config(pci)
  local at = config and #config >= 64 and find_msi(config)
  if not at then
    return nil, message or "no MSI capability in what its configuration space shows"
  end
  local wide = math.floor(bytes.u16(config, at + 2) / 128) % 2 == 1
  local address = address64(bytes.u32(config, at + 4), wide and bytes.u32(config, at + 8) or 0)
  return msi.decode(address, bytes.u16(config, at + (wide and 12 or 8)) + offset, iommu)
end

local function same(a, b)
  return a.address == b.address and a.data == b.data
end

local function add_live(found, desc, pci, iommu, missing)
  local live, more
  if found.kind == "MSI-X" then
    live, more = read_msix(desc, found.index, iommu)
  else
    live, more = read_msi(pci, 0, iommu)
  end
  if not live then
    missing[#missing + 1] = { what = "the message in the device", why = more }
    return
  end
  found.live, found.masked = live, more or nil
  found.differs = not same(live, found.cached) or nil
end

--- The message of an interrupt.
--- @param desc table kernel object, struct msi_desc
--- @param irq integer
--- @param iommu? "intel"|"amd" what remaps it
--- @return table msi { kind = "MSI-X"|"MSI"|"platform MSI", index?, cached, live?, masked?, differs? }
function M.read(desc, irq, iommu, missing)
  desc = must(k.copy(desc))
  local pci = pci_devices.address(desc.dev)
  local found = { kind = "platform MSI", cached = kernel_copy(desc, iommu) }
  if not pci then
    return found
  end
  local is_msix = pci_part(desc).msi_attrib.is_msix == 1
  found.kind, found.index = is_msix and "MSI-X" or "MSI", is_msix and index_of(desc) or irq - desc.irq
  -- Of several MSI messages the descriptor keeps the first.
  if found.kind == "MSI-X" or desc.nvec_used == 1 then
    add_live(found, desc, pci, iommu, missing)
  end
  return found
end

return M
