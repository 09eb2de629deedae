--- Entries of interrupt remapping tables that are written; shark.remap.trace has
--- the documentation.

local apic = require "shark.system.apic"
local bit = require "bit"
local C = require "shark.events"
local irte = require "shark.decode.irte"
local register = require "shark.decode.register"
local meaning = require "shark.trace.meaning"
local session = require "shark.trace.session"

local bits = register.bits

local M = {}

-- By SHARK_IRTE_SET_AFFINITY, ... (core/tracers/irte/wire.h).
local REASONS = { [0] = "set affinity", "activate", "deactivate", "post to a guest", "other" }

local function is_amd(format)
  return format ~= C.SHARK_IRTE_INTEL and format ~= C.SHARK_IRTE_INTEL_EIM
end

-- ---- entries ----

local function decode_entry(raw, format)
  local low, high = raw[0], raw[1]
  if format == C.SHARK_IRTE_UNKNOWN then
    return { raw = { register.hex(low), register.hex(high) }, words = { "of a format that no symbol tells" } }
  elseif format == C.SHARK_IRTE_AMD32 then
    return irte.amd32(tonumber(low))
  elseif format == C.SHARK_IRTE_AMD128 then
    return irte.amd128(low, high)
  end
  return irte.intel(low, high, format == C.SHARK_IRTE_INTEL_EIM)
end

-- As shark.decode.irte has it, with the CPUs that the destination means.
local function entry_of(raw, format)
  local entry = decode_entry(raw, format)
  if entry.present and entry.dest then
    entry.cpus = apic.cpus_of(entry.dest, entry.dest_mode or "physical", entry.wide)
  end
  return entry
end

--- An entry in few words: "vector 35 to CPU 1", "not present".
function M.brief(entry)
  if entry.present == nil then
    return entry.raw[2] .. ":" .. entry.raw[1]
  elseif not entry.present then
    return "not present"
  elseif entry.format == "posted" then
    return ("posted, vector %d"):format(entry.vector)
  end
  local cpus = entry.cpus and #entry.cpus > 0 and "CPU " .. table.concat(entry.cpus, ",")
    or ("APIC %s %d"):format(entry.dest_mode == "logical" and "mask" or "id", entry.dest)
  return ("vector %d to %s%s"):format(entry.vector, cpus, entry.format == "guest" and " (guest)" or "")
end

-- ---- the kind ----

local function place_of(row, lowest, highest)
  return bits(row.key[C.SHARK_IRTE_PLACE], lowest, highest)
end

local function rows_of(vendor)
  local amd = vendor == "amd"
  return {
    { "irq", "the IRQ; nil: the entry was written without one", key = true, type = "integer?",
      from = function(row) return row.id ~= 0xffffffff and row.id or nil end },
    { "unit", 'the IOMMU: "dmar0", "ivhd0"', key = true, type = "string",
      from = function(row) return irte.unit_name(vendor, place_of(row, 32, 63)) end },
    { "device", "of AMD, whose table it is: 01:00.0", key = true, type = "string?",
      from = function(row) return amd and irte.source(place_of(row, 16, 31)) or nil end },
    { "index", "place of the entry in its table", key = true,
      from = function(row) return place_of(row, 0, amd and 15 or 31) end },
    { "what", 'why: "set affinity", "activate", "deactivate", "post to a guest", "other"', key = true, type = "string",
      from = function(row) return REASONS[tonumber(row.key[C.SHARK_IRTE_REASON])] end },
    { "cpu", "where it was written", key = true },
    { "count", "writes", sum = "add" },
    { "total_ns", "their time in all, from the request to the end", sum = "add", unit = "ns" },
    { "max_ns", "the longest of them", sum = "max", unit = "ns" },
    { "flushes", "invalidations in them", at = "tally[SHARK_IRTE_FLUSHES]", sum = "add" },
    { "flush_ns", "time in these", at = "tally[SHARK_IRTE_FLUSH_NS]", sum = "add", unit = "ns" },
    { "refused", "writes that ended with an error", at = "tally[SHARK_IRTE_REFUSED]", sum = "add" },
    { "unchanged", "writes of what stood there already", at = "tally[SHARK_IRTE_UNCHANGED]", sum = "add" },
    { "hist", "the times of the writes", sum = "hist", unit = "ns", type = "shark.Hist" },
  }
end

local EVENTS = {
  { "ts_ns", "when it was asked for, CLOCK_MONOTONIC", unit = "ns" },
  { "ns", "from the request to the end", unit = "ns" },
  { "flush_ns", "of it, waiting for the invalidation", unit = "ns" },
  { "irq", "the IRQ; -1: written without one" },
  { "unit_name", 'the IOMMU: "dmar0", "ivhd0"', type = "string",
    from = function(_, event) return irte.unit_name(is_amd(event.format) and "amd" or "intel", event.unit) end },
  { "device_name", "of AMD, whose table it is", type = "string?",
    from = function(_, event) return is_amd(event.format) and irte.source(event.device) or nil end },
  { "index", "place of the entry in its table" },
  { "entries", "that were invalidated, from index on; 0: all" },
  { "flushes", "invalidations in it" },
  { "reason", 'why: "set affinity", "activate", ...', type = "string",
    from = function(_, event) return REASONS[event.what] end },
  { "before", "the entry before, decoded; nil: not known", type = "shark.Irte?", from = function(_, event)
    if bit.band(event.flags, C.SHARK_IRTE_NO_OLD) == 0 then
      return entry_of(event.old, event.format)
    end
  end },
  { "after", "the entry now, decoded", type = "shark.Irte",
    from = function(_, event) return entry_of(event.now, event.format) end },
  { "old", "the entry before: low and high, from 0 on; in a copy from 1 on", type = "uint64_t[2]" },
  { "now", "the entry now, likewise", type = "uint64_t[2]" },
  { "no_old", "what it was before is not known", type = "boolean", flag = C.SHARK_IRTE_NO_OLD },
  { "no_time", "this way sees no start and no end", type = "boolean", flag = C.SHARK_IRTE_NO_TIME },
  { "ret", "0 or a negative errno" },
  { "cpu", "where it was written" },
  { "pid", "the thread that asked, or was interrupted" },
  { "task", "its name", type = "string", from = meaning.task_of },
  { "stack", "for session:stack(); negative: none" },
}

local function kind_of(vendor)
  return session.define {
    provider = "irte_" .. vendor,
    call = "remap.changes",
    class = "Change",
    title = "Entries of remapping tables",
    about = "Entries of interrupt remapping tables that are written.",
    source = "functions of the kernel's drivers of IOMMUs",
    event = "struct shark_irte_event",
    rows = rows_of(vendor),
    events = EVENTS,
  }
end

M.intel, M.amd = kind_of "intel", kind_of "amd"

return M
