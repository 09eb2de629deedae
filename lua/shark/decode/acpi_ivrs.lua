--- The ACPI table IVRS: AMD's IOMMUs and the devices they serve.
-- Source: AMD IOMMU spec, chapter 5.2.

local bytes = require "shark.decode.bytes"
local irte = require "shark.decode.irte"
local register = require "shark.decode.register"
local structures = require "shark.decode.structures"

local bits = register.bits

local M = {}

local FIXED = 48 -- header, IVinfo, reserved

local SETTINGS = register.define { -- of a device entry
  { "INITPass", 0, 0, "INIT passes" },
  { "EIntPass", 1, 1, "ExtINT passes" },
  { "NMIPass", 2, 2, "NMI passes" },
  { "SysMgt", 4, 5, function(v) return v ~= 0 and ("system management %d"):format(v) or nil end },
  { "Lint0Pass", 6, 6, "LINT0 passes" },
  { "Lint1Pass", 7, 7, "LINT1 passes" },
}

local IVHD_FLAGS = register.define {
  { "HtTunEn", 0, 0, "HyperTransport tunnel" },
  { "PassPW", 1, 1, "posted writes pass" },
  { "ResPassPW", 2, 2, "response passes posted writes" },
  { "Isoc", 3, 3, "isochronous" },
  { "IotlbSup", 4, 4, "device TLBs" },
  { "Coherent", 5, 5, "coherent" },
  { "PreFSup", 6, 6, "prefetch" },
  { "PPRSup", 7, 7, "page requests" },
}

-- ---- device entries (5.2.2) ----

local KINDS = {
  [0] = "padding", [1] = "all", [2] = "select", [3] = "range start", [4] = "range end", [0x40] = "padding",
  [0x42] = "alias", [0x43] = "alias range start", [0x46] = "extended", [0x47] = "extended range start",
  [0x48] = "special", [0xf0] = "ACPI device",
}
local SPECIAL = { "IO-APIC", "HPET" }

local function entry_head(text, offset, limit)
  local kind = bytes.u8(text, offset)
  if kind == 0xf0 then -- as long as the name it holds
    structures.at_least("device entry", offset, limit - offset, 22)
    return kind, 22 + bytes.u8(text, offset + 21)
  elseif kind >= 0xc0 then
    return kind, 32
  end
  return kind, ({ [0] = 4, 8, 16 })[bits(kind, 6, 7)]
end

-- More about an entry, by its type.
local details = {
  [0x42] = function(entry, text, at) entry.alias = irte.source(bytes.u16(text, at + 5)) end,
  [0x48] = function(entry, text, at)
    entry.handle, entry.variety = bytes.u8(text, at + 4), bytes.u8(text, at + 7)
    entry.special = SPECIAL[entry.variety] or ("variety %d"):format(entry.variety)
    entry.device = irte.source(bytes.u16(text, at + 5))
  end,
  [0x46] = function(entry, text, at) entry.extended = bytes.u32(text, at + 4) end,
  [0xf0] = function(entry, text, at, length)
    entry.hid, entry.cid = bytes.text(text, at + 4, 8), bytes.text(text, at + 12, 8)
    local format = bytes.u8(text, at + 20) -- 1: an integer, 2: a string
    entry.uid = format == 1 and length >= 30 and tostring(bytes.u64(text, at + 22)):gsub("ULL", "")
      or format == 2 and bytes.text(text, at + 22, length - 22) or nil
  end,
}
details[0x43], details[0x47] = details[0x42], details[0x46]

local function entry_of(text, at, kind, length)
  local settings = SETTINGS(bytes.u8(text, at + 3))
  local entry = {
    type = kind, kind = KINDS[kind] or ("type 0x%02x"):format(kind), device = irte.source(bytes.u16(text, at + 1)),
    settings = settings.words,
  }
  if details[kind] then
    details[kind](entry, text, at, length)
  end
  return entry
end

local function entries(text, offset, limit)
  local list = {}
  structures.each(text, offset, limit, entry_head, function(source, at, kind, length)
    if KINDS[kind] ~= "padding" then
      list[#list + 1] = entry_of(source, at, kind, length)
    end
  end)
  return list
end

-- ---- blocks ----

-- IVHD: type 10h has 24 fixed bytes, 11h and 40h 40, with the feature registers.
local function ivhd(text, at, kind, length)
  local fixed = kind == 0x10 and 24 or 40
  structures.at_least("IVHD", at, length, fixed)
  local info = bytes.u16(text, at + 18)
  local block = {
    name = "IVHD", flags = IVHD_FLAGS(bytes.u8(text, at + 1)), device = irte.source(bytes.u16(text, at + 4)),
    capability = bytes.u16(text, at + 6), base = bytes.u64(text, at + 8), segment = bytes.u16(text, at + 16),
    msi_number = bits(info, 0, 4), unit_id = bits(info, 8, 12), attributes = bytes.u32(text, at + 20),
  }
  if kind ~= 0x10 then
    block.efr, block.efr2 = bytes.u64(text, at + 24), bytes.u64(text, at + 32)
  end
  block.entries = entries(text, at + fixed, at + length)
  return block
end

local function ivmd(text, at, _, length)
  structures.at_least("IVMD", at, length, 32)
  local flags = bytes.u8(text, at + 1)
  return {
    name = "IVMD", flags = flags, unity = bits(flags, 0) == 1, readable = bits(flags, 1) == 1,
    writable = bits(flags, 2) == 1, exclusion = bits(flags, 3) == 1, device = irte.source(bytes.u16(text, at + 4)),
    last_device = irte.source(bytes.u16(text, at + 6)), base = bytes.u64(text, at + 16),
    bytes = bytes.u64(text, at + 24),
  }
end

local blocks = { [0x10] = ivhd, [0x11] = ivhd, [0x40] = ivhd, [0x20] = ivmd, [0x21] = ivmd, [0x22] = ivmd }

local function head(text, offset, limit)
  structures.at_least("block", offset, limit - offset, 4)
  return bytes.u8(text, offset), bytes.u16(text, offset + 2)
end

local function block_of(text, at, kind, length)
  local block = blocks[kind] and blocks[kind](text, at, kind, length)
    or { name = ("type 0x%02x"):format(kind), length = length }
  block.type = kind
  return block
end

--- Decodes the bytes of the table; called by acpi.parse().
---
--- A unit may be described several times, by an IVHD of each type; the kernel
--- takes the highest type it knows.
--- @return table ivrs { efr_support, dma_remap, physical_bits, virtual_bits, blocks = {{ name = "IVHD", type,
---   flags, device, capability, base, segment, entries = {{kind, device, settings, ...}}, efr } |
---   { name = "IVMD", unity, readable, writable, exclusion, device, base, bytes }} }; addresses are uint64_t
function M.parse(text)
  structures.at_least("table", 0, #text, FIXED)
  local info = bytes.u32(text, 36)
  local ivrs = {
    info = info, efr_support = bits(info, 0) == 1, dma_remap = bits(info, 1) == 1, physical_bits = bits(info, 8, 14),
    virtual_bits = bits(info, 15, 21), blocks = {},
  }
  structures.each(text, FIXED, #text, head, function(...)
    table.insert(ivrs.blocks, block_of(...))
  end)
  return ivrs
end

return M
