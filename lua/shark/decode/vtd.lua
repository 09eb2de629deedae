--- Registers of an Intel VT-d remapping unit in words.
-- Source: Intel Virtualization Technology for Directed I/O, section 11.4.

local register = require "shark.decode.register"

local bits, hex = register.bits, register.hex

local M = {}

-- Offsets of registers in a unit's page (VT-d spec, 11.4).
M.offsets = { VER = 0x0, CAP = 0x8, ECAP = 0x10, GSTS = 0x1c, FSTS = 0x34, FECTL = 0x38, IRTA = 0xb8 }

local function guest_widths(sagaw)
  local widths = {}
  for i, width in ipairs { "30-bit", "39-bit", "48-bit", "57-bit" } do
    if bits(sagaw, i - 1) == 1 then
      widths[#widths + 1] = width
    end
  end
  return #widths > 0 and "second-level tables " .. table.concat(widths, ", ") or nil
end

local function large_pages(value)
  local sizes = {}
  for i, size in ipairs { "2 MiB", "1 GiB" } do
    if bits(value, i - 1) == 1 then
      sizes[#sizes + 1] = size
    end
  end
  return #sizes > 0 and "pages of " .. table.concat(sizes, " and ") or nil
end

--- Capability register (11.4.2).
--- @type fun(value: integer|ffi.cdata*): shark.Register
M.cap = register.define {
  { "ND", 0, 2, function(v) return v < 7 and ("%d domains"):format(2 ^ (4 + 2 * v)) or nil end },
  { "AFL", 3, 3, "advanced fault logging" },
  { "RWBF", 4, 4, "write buffer must be flushed" },
  { "PLMR", 5, 5, "protected low memory" },
  { "PHMR", 6, 6, "protected high memory" },
  { "CM", 7, 7, "caching mode (emulated: not-present entries are cached)" },
  { "SAGAW", 8, 12, guest_widths },
  { "MGAW", 16, 21, function(v) return ("guest addresses of %d bits"):format(v + 1) end },
  { "ZLR", 22, 22, "zero-length reads" },
  { "FRO", 24, 33, function(v) return "fault records at " .. hex(v * 16) end },
  { "SLLPS", 34, 37, large_pages },
  { "PSI", 39, 39, "page-selective invalidation" },
  { "NFR", 40, 47, function(v) return ("%d fault record%s"):format(v + 1, v > 0 and "s" or "") end },
  { "MAMV", 48, 53 },
  { "DWD", 54, 54, "drains writes" },
  { "DRD", 55, 55, "drains reads" },
  { "FL1GP", 56, 56, "first-level pages of 1 GiB" },
  { "PI", 59, 59, "posts interrupts" },
  { "FL5LP", 60, 60, "first-level tables of 5 levels" },
  { "ECMDS", 61, 61, "enhanced commands" },
  { "ESIRTPS", 62, 62, "setting the interrupt table invalidates caches" },
  { "ESRTPS", 63, 63, "setting the root table invalidates caches" },
}

--- Extended capability register (11.4.3).
--- @type fun(value: integer|ffi.cdata*): shark.Register
M.ecap = register.define {
  { "C", 0, 0, "coherent page walks" },
  { "QI", 1, 1, "queued invalidation" },
  { "DT", 2, 2, "device TLBs" },
  { "IR", 3, 3, function(v) return v == 1 and "remaps interrupts" or "does NOT remap interrupts" end },
  { "EIM", 4, 4, function(v) return v == 1 and "x2APIC destinations (EIM)" or "xAPIC destinations only (no EIM)" end },
  { "PT", 6, 6, "pass-through" },
  { "SC", 7, 7, "snoop control" },
  { "IRO", 8, 17, function(v) return "IOTLB registers at " .. hex(v * 16) end },
  { "MHMV", 20, 23 },
  { "MTS", 25, 25, "memory types" },
  { "NEST", 26, 26, "nested translation" },
  { "PRS", 29, 29, "page requests" },
  { "ERS", 30, 30, "execute requests" },
  { "SRS", 31, 31, "supervisor requests" },
  { "NWFS", 33, 33, "no-write flag" },
  { "EAFS", 34, 34, "extended accessed flag" },
  { "PSS", 35, 39 },
  { "PASID", 40, 40, "PASIDs" },
  { "DIT", 41, 41, "device TLB throttling" },
  { "PDS", 42, 42, "page request draining" },
  { "SMTS", 43, 43, "scalable mode" },
  { "VCS", 44, 44, "virtual commands" },
  { "SLADS", 45, 45, "second-level accessed and dirty bits" },
  { "SLTS", 46, 46, "second-level translation" },
  { "FLTS", 47, 47, "first-level translation" },
  { "SMPWCS", 48, 48, "scalable-mode page walks are coherent" },
  { "RPS", 49, 49, "requests without PASID" },
}

-- Global command and status register number their bits alike (11.4.4, 11.4.5).
local function global(names)
  return register.define {
    { names[1], 31, 31, "DMA remapping on" },
    { names[2], 30, 30, "root table set" },
    { names[3], 29, 29, "fault log set" },
    { names[4], 28, 28, "advanced fault logging on" },
    { names[5], 27, 27, "write buffer being flushed" },
    { names[6], 26, 26, "queued invalidation on" },
    { names[7], 25, 25, "interrupts remapped" },
    { names[8], 24, 24, "interrupt table set" },
    { names[9], 23, 23, "compatibility-format interrupts pass" },
  }
end

--- Global command register, as the kernel keeps it in intel_iommu.gcmd (11.4.4).
--- @type fun(value: integer|ffi.cdata*): shark.Register
M.gcmd = global { "TE", "SRTP", "SFL", "EAFL", "WBF", "QIE", "IRE", "SIRTP", "CFI" }

--- Global status register (11.4.5).
--- @type fun(value: integer|ffi.cdata*): shark.Register
M.gsts = global { "TES", "RTPS", "FLS", "AFLS", "WBFS", "QIES", "IRES", "IRTPS", "CFIS" }

local irta = register.define {
  { "S", 0, 3, function(v) return ("%d entries"):format(2 ^ (v + 1)) end },
  { "EIME", 11, 11, function(v) return v == 1 and "32-bit (x2APIC) destinations" or "8-bit (xAPIC) destinations" end },
}

--- Interrupt remapping table address register (11.4.25).
--- @return shark.Register with address (uint64_t, physical), entries, eim
function M.irta(value)
  local decoded = irta(value)
  decoded.address = bits(value, 12, 63) * 4096ULL
  decoded.entries = 2 ^ (decoded.fields.S + 1)
  decoded.eim = decoded.fields.EIME == 1
  if bits(value, 0, 63) == 0 then
    decoded.words = { "not set" }
    return decoded
  end
  table.insert(decoded.words, 1, "table at " .. hex(decoded.address))
  return decoded
end

--- Fault status register (11.4.9).
--- @type fun(value: integer|ffi.cdata*): shark.Register
M.fsts = register.define {
  { "PFO", 0, 0, "faults were lost (overflow)" },
  { "PPF", 1, 1, "a fault is pending" },
  { "AFO", 2, 2, "advanced fault log overflow" },
  { "APF", 3, 3, "advanced fault pending" },
  { "IQE", 4, 4, "invalidation queue error" },
  { "ICE", 5, 5, "invalidation completion error" },
  { "ITE", 6, 6, "invalidation time-out" },
  { "FRI", 8, 15 },
}

--- Fault event control register (11.4.10).
--- @type fun(value: integer|ffi.cdata*): shark.Register
M.fectl = register.define {
  { "IM", 31, 31, "fault interrupt masked" },
  { "IP", 30, 30, "fault interrupt pending" },
}

--- Version register (11.4.1): "1.0".
function M.version(value)
  return ("%d.%d"):format(bits(value, 4, 7), bits(value, 0, 3))
end

return M
