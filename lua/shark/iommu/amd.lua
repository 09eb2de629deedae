--- AMD's IOMMUs as kernel objects: struct amd_iommu, its registers, and the entries
-- of the interrupt remapping tables, one for each device.
-- Source: drivers/iommu/amd/amd_iommu_types.h, iommu.c, init.c.

local amdvi = require "shark.decode.amdvi"
local bytes = require "shark.decode.bytes"
local globals = require "shark.kernel.globals"
local irte = require "shark.decode.irte"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"
local must = require "shark.kernel.must"
local physical = require "shark.kernel.physical"
local register = require "shark.decode.register"

local bits, hex = register.bits, register.hex

local M = {}

local LIVE = {
  { "control", amdvi.offsets.CONTROL, amdvi.control }, { "status", amdvi.offsets.STATUS, amdvi.status },
  { "efr", amdvi.offsets.EFR, amdvi.efr },
}

local function add_live(unit, iommu, missing)
  for _, entry in ipairs(LIVE) do
    local text, message = k.read(k.raw(iommu, "mmio_base") + entry[2], 8)
    if not text then
      missing[#missing + 1] = { what = "live registers of " .. unit.name, why = message }
      return
    end
    unit[entry[1]] = entry[3](bytes.u64(text, 0))
  end
end

-- Since 6.8 amd_iommu.features is 0 and amd_iommu_efr has what all units share.
local function features(iommu)
  if iommu.features ~= 0 then
    return amdvi.efr(iommu.features)
  end
  local value = globals.get("amd_iommu_efr", "u64")
  return value and value ~= 0 and amdvi.efr(value) or nil
end

-- GAEn of the control register says which entries the hardware expects.
local function format_in_hardware(iommu)
  local text = k.read(k.raw(iommu, "mmio_base") + amdvi.offsets.CONTROL, 8)
  if not text then
    return nil
  end
  return amdvi.control(bytes.u64(text, 0)).fields.GAEn == 1 and "amd128" or "amd32"
end

local FORMATS = { irte_prepare = "amd32", irte_ga_prepare = "amd128" }

-- The table's format: by the function that fills an entry in, as functions have
-- names on every kernel; where all names are hidden, by the hardware.
local function format_of(iommu)
  local ops = iommu.irte_ops
  local prepare = ops and ops.prepare
  return FORMATS[prepare] or prepare and format_in_hardware(iommu) or nil
end

local WORDS = { amd32 = "32-bit entries", amd128 = "128-bit entries" }

--- What a struct amd_iommu says of a unit.
--- @param iommu table kernel object @param missing table[] what could not be read is added
--- @return table unit { kind = "amd", name, segment, device, reg_phys, efr?, control?, status?, entries }
function M.unit(iommu, missing)
  local unit = {
    kind = "amd", name = irte.unit_name("amd", iommu.index), device = irte.source(iommu.devid),
    segment = iommu.pci_seg and iommu.pci_seg.id, reg_phys = hex(iommu.mmio_phys), object = hex(k.addressof(iommu)),
    entries = WORDS[format_of(iommu)], efr = features(iommu),
  }
  add_live(unit, iommu, missing)
  return unit
end

local SIZES = { amd32 = 4, amd128 = 16 }

--- The entry of a device's table, live.
--- @return table? entry see shark.decode.irte @return string? message
--- @param x2apic? boolean destinations are those of x2APICs
function M.table_entry(iommu, remap_table, index, x2apic)
  local format = format_of(iommu)
  if not format then
    return nil, "the format of the table's entries is not known"
  end
  local size = SIZES[format]
  local text, message = k.read(k.raw(remap_table, "table") + index * size, size)
  if not text then
    return nil, message
  end
  return irte.decode(format, text, x2apic)
end

-- Tables indexed by device id: of the unit's PCI segment since 6.0, before that of
-- all units.
local GLOBAL = {
  irq_lookup_table = { "irq_lookup_table", "struct irq_remap_table **" },
  dev_table = { "amd_iommu_dev_table", "struct dev_table_entry *" },
  rlookup_table = { "amd_iommu_rlookup_table", "struct amd_iommu **" },
  last_bdf = { "amd_iommu_last_bdf", "u16" },
}

local function of_segment(iommu, field)
  if k.has_field("struct amd_iommu_pci_seg", field) then
    return iommu.pci_seg[field]
  end
  return must(k.var(GLOBAL[field][1], GLOBAL[field][2])):value()
end

local INT_CONTROL = { [0] = "interrupts aborted", "interrupts forwarded unmapped", "interrupts remapped", "reserved" }

-- The device table entry says which interrupt table the hardware uses
-- (AMD IOMMU spec, 2.2.2.1: IV, IntTabLen, IntTabRoot, IntCtl).
local function device_entry(iommu, devid, remap_table)
  local entry = of_segment(iommu, "dev_table")[devid].data[2]
  local root = bits(entry, 6, 51) * 64ULL
  local address = physical.address(k.raw(remap_table, "table"))
  local live = address and root == address
  return {
    raw = hex(entry), valid = bits(entry, 0) == 1, entries = 2 ^ bits(entry, 1, 4), table_phys = hex(root),
    control = INT_CONTROL[bits(entry, 60, 61)], table_live = live,
    words = ("device table entry: %s, table at %s of %d entries%s"):format(INT_CONTROL[bits(entry, 60, 61)], hex(root),
      2 ^ bits(entry, 1, 4), live == false and ", NOT the kernel's" or live and ", the same as the kernel's" or ""),
  }
end

-- Pointers of a unit's segment, one for each device id, as numbers.
local function lookup_table(iommu)
  local lookup = of_segment(iommu, "irq_lookup_table")
  return lookup and must(k.read(k.addressof(lookup), (of_segment(iommu, "last_bdf") + 1) * 8)) or ""
end

-- The present entries of a table: index -> entry.
local function present_entries(iommu, remap_table, count)
  local size, found = SIZES[format_of(iommu)], {}
  local text = must(k.read(k.raw(remap_table, "table"), count * size))
  for index = 0, count - 1 do
    local entry = irte.decode(format_of(iommu), text:sub(index * size + 1, index * size + size))
    found[index] = entry.present and entry or nil
  end
  return found
end

--- Iterates over the devices of a unit that have an interrupt table: the device
--- ("00:14.0") and its present entries { [index] = entry }. Raises what the
--- machine refuses.
function M.tables(iommu)
  local text, devid = lookup_table(iommu), -1
  return function()
    repeat
      devid = devid + 1
      if (devid + 1) * 8 > #text then
        return nil
      end
    until bytes.u64(text, devid * 8) ~= 0 and of_segment(iommu, "rlookup_table")[devid] == iommu
    local remap_table = must(k.cast("struct irq_remap_table", bytes.u64(text, devid * 8)))
    -- The device table entry says how long the table is.
    local count = 2 ^ bits(of_segment(iommu, "dev_table")[devid].data[2], 1, 4)
    return irte.source(devid), present_entries(iommu, remap_table, count)
  end
end

-- The unit of an interrupt: since 6.0 in the chip data; always its domain's.
local function unit_of(data, domain)
  if k.has_field("struct amd_ir_data", "iommu") then
    return data.iommu
  end
  return must(k.cast("struct amd_iommu", k.raw(domain, "host_data")))
end

local function read_copy(data, format, x2apic)
  local entry = k.raw(data, "entry")
  if entry == 0 then
    return nil, "there is none"
  elseif not format then
    return nil, "the format of its entries is not known"
  end
  local text, message = k.read(entry, SIZES[format])
  if not text then
    return nil, message
  end
  return irte.decode(format, text, x2apic)
end

local function read_unit(iommu)
  local missing = {}
  return { unit = M.unit(iommu, missing), missing = missing }
end

-- One unit remaps many interrupts: its registers are read once in a look at many.
local function seen_unit(iommu, missing)
  local read = memory.remember("amd_iommu " .. k.hex(iommu), read_unit, iommu)
  for _, entry in ipairs(read.missing) do
    missing[#missing + 1] = entry
  end
  return read.unit
end

-- Are destinations those of x2APICs? The register says so, or else the kernel, which set it
-- (drivers/iommu/amd/init.c, IRQ_REMAP_X2APIC_MODE).
local function has_x2apic(unit)
  if unit.control then
    return unit.control.fields.XTEn == 1
  end
  return globals.get("amd_iommu_xt_mode", "int") == 1
end

--- The IRTE of an interrupt, from its chip data.
--- @param address ffi.cdata* of a struct amd_ir_data @param domain table its irq_domain
--- @return table irte { device, iommu = name, index, device_entry, cached?, live?, differs? }
--- @return table unit
function M.irte(address, missing, domain)
  local data = must(k.copy(must(k.cast("struct amd_ir_data", address))))
  local iommu, link = unit_of(data, domain), data.irq_2_irte
  local unit = seen_unit(iommu, missing)
  local remap_table = must(of_segment(iommu, "irq_lookup_table"))[link.devid]
  local found = { iommu = unit.name, device = irte.source(link.devid), index = link.index }
  local x2apic = has_x2apic(unit)
  local message
  found.cached, message = read_copy(data, format_of(iommu), x2apic)
  if not found.cached then
    missing[#missing + 1] = { what = "the kernel's copy of the IRTE", why = message }
  end
  if remap_table then
    found.device_entry = device_entry(iommu, link.devid, remap_table)
    found.live, message = M.table_entry(iommu, remap_table, link.index, x2apic)
  else
    message = "the device has no interrupt remapping table"
  end
  if not found.live then
    missing[#missing + 1] = { what = "the live IRTE", why = message }
  end
  return found, unit
end

return M
