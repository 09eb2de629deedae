--- Interrupt remapping table entries in words: Intel's 128 bits, AMD's 32 and 128.

local apic = require "shark.decode.apic"
local bytes = require "shark.decode.bytes"
local register = require "shark.decode.register"

local bits, hex = register.bits, register.hex

local M = {}

-- ---- Intel: VT-d spec, 9.10 (remapped) and 9.11 (posted) ----

local DELIVERY = { [0] = "fixed", "lowest priority", "SMI", "reserved (3)", "NMI", "INIT", "reserved (6)", "ExtINT" }

--- "00:03.0" of a 16-bit requester id: bus, device, function.
--- @param id integer @return string
function M.source(id)
  return ("%02x:%02x.%d"):format(bits(id, 8, 15), bits(id, 3, 7), bits(id, 0, 2))
end

-- Which requests may use the entry (SVT, SQ, SID).
local function validation(svt, sq, sid)
  if svt == 0 then
    return "not verified"
  elseif svt == 1 then
    local ignoring = { [0] = "", " ignoring function bit 2", " ignoring function bits 2:1", " ignoring the function" }
    return ("verified against %s%s"):format(M.source(sid), ignoring[sq])
  elseif svt == 2 then
    return ("verified against buses %02x to %02x"):format(bits(sid, 8, 15), bits(sid, 0, 7))
  end
  return "reserved validation type 3"
end

local function add_source(entry, high)
  entry.sid, entry.sq, entry.svt = bits(high, 0, 15), bits(high, 16, 17), bits(high, 18, 19)
  entry.source = M.source(entry.sid)
  entry.validation = validation(entry.svt, entry.sq, entry.sid)
end

local function add_remapped(entry, low, eim)
  entry.vector = bits(low, 16, 23)
  entry.dest_mode = bits(low, 2) == 1 and "logical" or "physical"
  entry.redirection_hint = bits(low, 3) == 1
  entry.trigger = bits(low, 4) == 1 and "level" or "edge"
  entry.delivery = DELIVERY[bits(low, 5, 7)]
  -- Without EIM only bits 15:8 of the field are the destination (9.10, DST).
  entry.dest, entry.wide = eim and bits(low, 32, 63) or bits(low, 40, 47), eim or nil
end

local function add_posted(entry, low, high)
  entry.vector = bits(low, 16, 23)
  entry.urgent = bits(low, 14) == 1
  entry.descriptor = bits(high, 32, 63) * 4294967296ULL + bits(low, 38, 63) * 64ULL
end

-- Posted to a guest, or since 6.11 with intremap=posted_msi to the host itself, whose
-- CPU then gets a notification and finds the vector in its descriptor.
local POSTED_TO = {
  guest = "virtual vector %d of a guest", host = "vector %d of the host (posted MSI: it arrives as a notification)",
  unknown = "vector %d of a guest, or of the host",
}

local function words_of_intel(entry)
  if not entry.present then
    return { "NOT present: interrupts that use it are faults" .. (entry.fault_disabled and ", not recorded" or "") }
  end
  local words = { "present", entry.format }
  if entry.format == "posted" then
    words[#words + 1] = POSTED_TO[entry.posted_to or "unknown"]:format(entry.vector)
    words[#words + 1] = "descriptor at " .. hex(entry.descriptor) .. (entry.urgent and ", urgent" or "")
  else
    words[#words + 1] = ("vector %d"):format(entry.vector)
    words[#words + 1] = "to " .. apic.words(entry.dest, entry.dest_mode, entry.wide)
    words[#words + 1] = entry.delivery .. (entry.redirection_hint and ", redirection hint" or "")
    words[#words + 1] = entry.trigger
  end
  words[#words + 1] = "source " .. entry.validation
  words[#words + 1] = entry.fault_disabled and "faults not recorded" or nil
  return words
end

--- Intel's 128-bit entry.
--- @param low integer|ffi.cdata* bits 63:0 @param high integer|ffi.cdata* bits 127:64
--- @param eim? boolean destinations have 32 bits (IRTA.EIME)
--- @param posted_to? "guest"|"host" of a posted entry, if that is known
--- @return table entry { format = "remapped"|"posted", present, fault_disabled, vector, sid, source, svt, sq,
---   validation, raw = {low, high}, words }; remapped: dest (APIC id, or mask), dest_mode, wide (of x2APICs),
---   delivery, trigger,
---   redirection_hint; posted: descriptor (uint64_t, physical), urgent
function M.intel(low, high, eim, posted_to)
  local entry = {
    raw = { hex(low), hex(high) }, present = bits(low, 0) == 1, fault_disabled = bits(low, 1) == 1,
    format = bits(low, 15) == 1 and "posted" or "remapped",
  }
  if entry.format == "posted" then
    add_posted(entry, low, high)
    entry.posted_to = posted_to
  else
    add_remapped(entry, low, eim)
  end
  add_source(entry, high)
  entry.words = words_of_intel(entry)
  return entry
end

-- ---- AMD: IOMMU spec 2.2.5 (interrupt remapping tables), amd_iommu_types.h ----

local AMD_TYPES = { [0] = "fixed", "arbitrated" }

local function amd_common(value, format)
  return {
    format = format, present = bits(value, 0) == 1, fault_disabled = bits(value, 1) == 1,
  }
end

local function add_amd_remapped(entry, value)
  local kind = bits(value, 2, 4)
  entry.delivery = AMD_TYPES[kind] or ("reserved (%d)"):format(kind)
  entry.eoi = bits(value, 5) == 1
  entry.dest_mode = bits(value, 6) == 1 and "logical" or "physical"
end

local function words_of_amd(entry)
  if not entry.present then
    return { "NOT present: interrupts that use it are aborted" ..
      (entry.fault_disabled and ", not recorded" or "") }
  end
  local words = { "present", entry.format, ("vector %d"):format(entry.vector) }
  if entry.format == "guest" then
    words[#words + 1] = ("virtual APIC at %s, tag %s"):format(hex(entry.root), hex(entry.tag))
    words[#words + 1] = ("guest %s on APIC id %d"):format(entry.running and "runs" or "does not run", entry.dest)
  else
    words[#words + 1] = "to " .. apic.words(entry.dest, entry.dest_mode, entry.wide)
    words[#words + 1] = entry.delivery .. (entry.eoi and ", EOI requested" or "")
  end
  words[#words + 1] = entry.fault_disabled and "faults not recorded" or nil
  return words
end

--- AMD's 32-bit entry (union irte).
--- @param value integer
--- @return table entry { format = "remapped", present, fault_disabled, vector, dest, dest_mode, delivery, eoi,
---   raw = {value}, words }
function M.amd32(value)
  local entry = amd_common(value, "remapped")
  entry.raw = { hex(value) }
  add_amd_remapped(entry, value)
  entry.dest, entry.vector = bits(value, 8, 15), bits(value, 16, 23)
  entry.words = words_of_amd(entry)
  return entry
end

--- AMD's 128-bit entry (struct irte_ga), for the host or for a guest's virtual APIC.
--- @param low integer|ffi.cdata* bits 63:0 @param high integer|ffi.cdata* bits 127:64
--- @param x2apic? boolean destinations are those of x2APICs; nil: if they need more than 8 bits
--- @return table entry as amd32(); or format = "guest": root (uint64_t, physical), tag, running
function M.amd128(low, high, x2apic)
  local guest = bits(low, 7) == 1
  local entry = amd_common(low, guest and "guest" or "remapped")
  entry.raw = { hex(low), hex(high) }
  entry.vector = bits(high, 0, 7)
  entry.dest = bits(low, 8, 31) + bits(high, 56, 63) * 2 ^ 24
  entry.wide = x2apic or x2apic == nil and entry.dest > 255 or nil
  if guest then
    entry.running, entry.tag = bits(low, 6) == 1, bits(low, 32, 63)
    entry.root = bits(high, 12, 51) * 4096ULL
  else
    add_amd_remapped(entry, low)
  end
  entry.words = words_of_amd(entry)
  return entry
end

-- ---- bytes of a table ----

local SIZES = { intel = 16, amd32 = 4, amd128 = 16 }

--- An entry from its bytes, as they lie in the table.
--- @param kind "intel"|"amd32"|"amd128" @param text string of bytes @param eim? boolean see intel(), amd128()
--- @param posted_to? string see intel()
--- @return table? entry @return string? message @return string? name "EBADMSG" for a wrong length
function M.decode(kind, text, eim, posted_to)
  local size = SIZES[kind] or error(("no kind of entry '%s': intel, amd32 or amd128"):format(tostring(kind)), 2)
  if #text ~= size then
    return nil, ("an entry of kind %s has %d bytes, not %d"):format(kind, size, #text), "EBADMSG"
  elseif kind == "amd32" then
    return M.amd32(bytes.u32(text, 0))
  end
  return M[kind](bytes.u64(text, 0), bytes.u64(text, 8), eim, posted_to)
end

--- What the kernel calls an IOMMU: "dmar0", "ivhd0" (/sys/class/iommu).
--- @param vendor "intel"|"amd" @param number integer @return string
function M.unit_name(vendor, number)
  return (vendor == "amd" and "ivhd" or "dmar") .. number
end

return M
