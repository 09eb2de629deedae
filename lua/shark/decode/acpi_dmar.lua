--- The ACPI table DMAR: Intel's remapping units and the devices that each is for.
-- Source: VT-d spec, chapter 8.

local bytes = require "shark.decode.bytes"
local register = require "shark.decode.register"
local structures = require "shark.decode.structures"

local bit_of = function(value, n) return register.bits(value, n) == 1 end

local M = {}

local FIXED = 48 -- header, host address width, flags, reserved

-- Device scope types (8.3.1).
local SCOPES = { "PCI endpoint", "PCI bridge", "IO-APIC", "HPET", "ACPI device" }

local function path_of(text, offset, length)
  local path = {}
  for at = offset + 6, offset + length - 2, 2 do
    path[#path + 1] = { device = bytes.u8(text, at), fn = bytes.u8(text, at + 1) }
  end
  return path
end

-- "00:1c.0/00.1": the start bus, then a device and function for every bridge.
local function path_text(bus, path)
  local hops = {}
  for i, hop in ipairs(path) do
    hops[i] = ("%02x.%x"):format(hop.device, hop.fn)
  end
  return ("%02x:%s"):format(bus, table.concat(hops, "/"))
end

local function scope(text, offset, kind, length)
  if length < 6 or length % 2 ~= 0 then
    structures.corrupt("the device scope at byte %d has length %d", offset, length)
  end
  local bus, path = bytes.u8(text, offset + 5), path_of(text, offset, length)
  return {
    type = kind, kind = SCOPES[kind] or ("type %d"):format(kind), id = bytes.u8(text, offset + 4), bus = bus,
    path = path, device = path_text(bus, path),
  }
end

local function scope_head(text, offset, limit)
  structures.at_least("device scope", offset, limit - offset, 6)
  return bytes.u8(text, offset), bytes.u8(text, offset + 1)
end

local function scopes(text, offset, limit)
  local list = {}
  structures.each(text, offset, limit, scope_head, function(...)
    list[#list + 1] = scope(...)
  end)
  return list
end

local KINDS = {
  [0] = { name = "DRHD", fixed = 16, scopes = true, decode = function(text, at)
    local flags = bytes.u8(text, at + 4)
    return {
      flags = flags, include_all = bit_of(flags, 0), pages = 2 ^ register.bits(bytes.u8(text, at + 5), 0, 3),
      segment = bytes.u16(text, at + 6), base = bytes.u64(text, at + 8),
    }
  end },
  { name = "RMRR", fixed = 24, scopes = true, decode = function(text, at)
    return { segment = bytes.u16(text, at + 6), base = bytes.u64(text, at + 8), limit = bytes.u64(text, at + 16) }
  end },
  { name = "ATSR", fixed = 8, scopes = true, decode = function(text, at)
    local flags = bytes.u8(text, at + 4)
    return { flags = flags, all_ports = bit_of(flags, 0), segment = bytes.u16(text, at + 6) }
  end },
  { name = "RHSA", fixed = 20, decode = function(text, at)
    return { base = bytes.u64(text, at + 8), proximity_domain = bytes.u32(text, at + 16) }
  end },
  { name = "ANDD", fixed = 8, decode = function(text, at, length)
    return { number = bytes.u8(text, at + 7), object = bytes.text(text, at + 8, length - 8) }
  end },
  { name = "SATC", fixed = 8, scopes = true, decode = function(text, at)
    local flags = bytes.u8(text, at + 4)
    return { flags = flags, atc_required = bit_of(flags, 0), segment = bytes.u16(text, at + 6) }
  end },
  { name = "SIDP", fixed = 8, scopes = true, decode = function(text, at)
    return { segment = bytes.u16(text, at + 6) }
  end },
}

local function structure(text, at, kind, length)
  local known = KINDS[kind]
  if not known then
    return { type = kind, name = ("type %d"):format(kind), length = length }
  end
  structures.at_least(known.name, at, length, known.fixed)
  local decoded = known.decode(text, at, length)
  decoded.type, decoded.name = kind, known.name
  if known.scopes then
    decoded.scopes = scopes(text, at + known.fixed, at + length)
  end
  return decoded
end

local function head(text, offset, limit)
  structures.at_least("structure", offset, limit - offset, 4)
  return bytes.u16(text, offset), bytes.u16(text, offset + 2)
end

--- Decodes the bytes of the table; called by acpi.parse().
--- @return table dmar { address_bits, flags, intr_remap, x2apic_opt_out, dma_opt_in,
---   structures = {{ name = "DRHD"|"RMRR"|"ATSR"|"RHSA"|"ANDD"|"SATC"|"SIDP"|"type N", ... }} }; addresses are
---   uint64_t; scopes = {{ kind, id, bus, path = {{device, fn}}, device = "00:1f.0" }}
function M.parse(text)
  structures.at_least("table", 0, #text, FIXED)
  local flags = bytes.u8(text, 37)
  local dmar = {
    address_bits = bytes.u8(text, 36) + 1, flags = flags, intr_remap = bit_of(flags, 0),
    x2apic_opt_out = bit_of(flags, 1), dma_opt_in = bit_of(flags, 2), structures = {},
  }
  structures.each(text, FIXED, #text, head, function(...)
    table.insert(dmar.structures, structure(...))
  end)
  return dmar
end

return M
