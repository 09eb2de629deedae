--- Intel's remapping units as kernel objects: struct intel_iommu, its registers, and
-- the entries of its interrupt remapping table.
-- Source: drivers/iommu/intel/iommu.h, dmar.c, irq_remapping.c.

local bytes = require "shark.decode.bytes"
local globals = require "shark.kernel.globals"
local irte = require "shark.decode.irte"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"
local must = require "shark.kernel.must"
local physical = require "shark.kernel.physical"
local register = require "shark.decode.register"
local vtd = require "shark.decode.vtd"

local hex = register.hex

local M = {}

-- A live register, decoded; nil and a line about what is missing where device
-- memory cannot be read.
local function live(iommu, offset, size, decode)
  local text, message = k.read(k.raw(iommu, "reg") + offset, size)
  if not text then
    return nil, message
  end
  return decode(size == 4 and bytes.u32(text, 0) or bytes.u64(text, 0))
end

local LIVE = {
  { "version", vtd.offsets.VER, 4, vtd.version }, { "gsts", vtd.offsets.GSTS, 4, vtd.gsts },
  { "fsts", vtd.offsets.FSTS, 4, vtd.fsts }, { "irta", vtd.offsets.IRTA, 8, vtd.irta },
}

local function add_live(unit, iommu, missing)
  for _, entry in ipairs(LIVE) do
    local decoded, message = live(iommu, entry[2], entry[3], entry[4])
    unit[entry[1]] = decoded
    if not decoded then
      missing[#missing + 1] = { what = "live registers of " .. unit.name, why = message }
      return
    end
  end
end

-- Where the interrupt table is, and does the hardware use that one?
local function add_table(unit, iommu)
  local ir_table = iommu.ir_table
  if not ir_table then
    return
  end
  local address = physical.address(k.raw(ir_table, "base"))
  if not address then
    return
  end
  unit.table_phys = hex(address)
  if unit.irta then
    unit.table_live = unit.irta.address == address
    unit.table_words = unit.table_live and "the same as in IRTA"
      or "NOT the one in IRTA, which is at " .. hex(unit.irta.address)
  else
    unit.table_words = "IRTA was not read"
  end
end

--- "dmar0", of a struct intel_iommu.
function M.name_of(iommu)
  local name = iommu.name -- unsigned char[] on most kernels
  return type(name) == "string" and name or must(k.text(name))
end

--- What a struct intel_iommu says of a unit.
--- @param iommu table kernel object @param missing table[] what could not be read is added
--- @return table unit { kind = "intel", name, segment, reg_phys, irq, seq_id, cap, ecap, gcmd, gsts?, irta?, fsts?,
---   version?, table_phys?, table_live? }; registers as shark.decode.register decodes them
function M.unit(iommu, missing)
  local unit = {
    kind = "intel", name = M.name_of(iommu), segment = iommu.segment, reg_phys = hex(iommu.reg_phys), irq = iommu.irq,
    seq_id = iommu.seq_id, agaw = iommu.agaw, cap = vtd.cap(iommu.cap), ecap = vtd.ecap(iommu.ecap),
    gcmd = vtd.gcmd(iommu.gcmd), object = hex(k.addressof(iommu)),
  }
  add_live(unit, iommu, missing)
  add_table(unit, iommu)
  return unit
end

-- Destinations have 32 bits in x2APIC mode: the register says so, or the kernel.
local function is_eim(irta)
  if irta then
    return irta.eim
  end
  return (globals.get("eim_mode", "int") or 0) ~= 0
end

--- Do the entries of a unit's table have 32-bit destinations?
function M.eim(iommu)
  return is_eim(live(iommu, vtd.offsets.IRTA, 8, vtd.irta))
end

-- INTR_REMAP_TABLE_ENTRIES of drivers/iommu/intel/iommu.h.
local ENTRIES = 65536

--- All of a unit's table, or raises what the machine refuses.
--- @return string bytes
function M.table_bytes(iommu)
  return must(k.read(k.raw(iommu.ir_table, "base"), ENTRIES * 16))
end

local function entry_at(address, eim, posted_to)
  local text, message = k.read(address, 16)
  if not text then
    return nil, message
  end
  return irte.decode("intel", text, eim, posted_to)
end

-- Whom a posted entry of this interrupt is for, where the kernel keeps that.
local function posted_to(link)
  local function is(field)
    return k.has_field("struct irq_2_iommu", field) and link[field] == true
  end
  return is("posted_vcpu") and "guest" or is("posted_msi") and "host" or nil
end

--- The entry of a table at an index, live.
--- @return table? entry see shark.decode.irte @return string? message
function M.table_entry(iommu, index, eim)
  return entry_at(k.raw(iommu.ir_table, "base") + index * 16, eim)
end

local function read_unit(iommu)
  local missing = {}
  return { unit = M.unit(iommu, missing), missing = missing, base = k.raw(iommu.ir_table, "base") }
end

-- One unit remaps many interrupts: its registers are read once in a look at many.
local function unit_of(iommu, missing)
  local read = memory.remember("intel_iommu " .. k.hex(iommu), read_unit, iommu)
  for _, entry in ipairs(read.missing) do
    missing[#missing + 1] = entry
  end
  return read.unit, read.base
end

--- The IRTE of an interrupt, from its chip data.
--- @param address ffi.cdata* of a struct intel_ir_data
--- @return table irte { iommu = name, index, handle, sub_handle, mask, cached, live?, differs? }
--- @return table unit
function M.irte(address, missing)
  local data = must(k.copy(must(k.cast("struct intel_ir_data", address))))
  local link = data.irq_2_iommu
  local unit, base = unit_of(link.iommu, missing)
  local eim = is_eim(unit.irta)
  local found = {
    iommu = unit.name, index = link.irte_index + link.sub_handle, handle = link.irte_index,
    sub_handle = link.sub_handle, mask = link.irte_mask,
  }
  local message
  found.cached, message = entry_at(k.addressof(data.irte_entry), eim, posted_to(link))
  if not found.cached then
    missing[#missing + 1] = { what = "the kernel's copy of the IRTE", why = message }
  end
  found.live, message = entry_at(base + found.index * 16, eim, posted_to(link))
  if not found.live then
    missing[#missing + 1] = { what = "the live IRTE", why = message }
  end
  return found, unit
end

return M
