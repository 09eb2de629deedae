--- Entries of interrupt remapping tables that are written; shark.remap.trace has
--- the documentation.

local apic = require "shark.system.apic"
local bit = require "bit"
local C = require "shark.events"
local ffi = require "ffi"
local hist = require "shark.hist"
local irte = require "shark.decode.irte"
local register = require "shark.decode.register"
local session = require "shark.trace.session"

local bits = register.bits

local M = {}

-- In the order of the enum in core/events.h.
local REASONS = { [0] = "set affinity", "activate", "deactivate", "post to a guest", "other" }

local function unit_name(vendor, number)
  return (vendor == "amd" and "ivhd" or "dmar") .. number
end

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

local function row_of(vendor)
  return function(row)
    local place, tally = row.key[0], row.tally
    return {
      irq = row.id ~= 0xffffffff and row.id or nil, unit = unit_name(vendor, bits(place, 32, 63)),
      device = vendor == "amd" and irte.source(bits(place, 16, 31)) or nil,
      index = vendor == "amd" and bits(place, 0, 15) or bits(place, 0, 31),
      what = REASONS[tonumber(row.key[1])], cpu = row.cpu, count = tonumber(row.count),
      total_ns = tonumber(row.total_ns), max_ns = tonumber(row.max_ns), hist = hist.new(row.hist, row.max_ns),
      flushes = tonumber(tally[0]), flush_ns = tonumber(tally[1]), refused = tonumber(tally[2]),
      unchanged = tonumber(tally[3]),
    }
  end
end

local function has(flag)
  return function(_, event) return bit.band(event.flags, flag) ~= 0 end
end

local fields = {
  task = function(_, event) return ffi.string(event.comm) end,
  reason = function(_, event) return REASONS[event.what] end,
  unit_name = function(_, event) return unit_name(is_amd(event.format) and "amd" or "intel", event.unit) end,
  device_name = function(_, event) return is_amd(event.format) and irte.source(event.device) or nil end,
  no_old = has(C.SHARK_IRTE_NO_OLD),
  no_time = has(C.SHARK_IRTE_NO_TIME),
  before = function(_, event)
    if bit.band(event.flags, C.SHARK_IRTE_NO_OLD) == 0 then
      return entry_of(event.old, event.format)
    end
  end,
  after = function(_, event) return entry_of(event.now, event.format) end,
}

local function kind_of(vendor)
  return session.define {
    provider = "irte_" .. vendor,
    event = "struct shark_irte_event",
    decode = row_of(vendor),
    by = { "irq", "unit", "device", "index", "what", "cpu" },
    sums = { "count", "total_ns", "flushes", "flush_ns", "refused", "unchanged" },
    hidden = { "what", "flags", "format", "unit", "device" },
    fields = fields,
  }
end

local kinds = {}

--- @param vendor "intel"|"amd"
function M.open(vendor, options)
  kinds[vendor] = kinds[vendor] or kind_of(vendor)
  return session.open(kinds[vendor], options)
end

return M
