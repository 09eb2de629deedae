--- Requests that an IOMMU refused; shark.remap.trace has the documentation.

local bit = require "bit"
local fault_words = require "shark.decode.fault_words"
local irte = require "shark.decode.irte"
local register = require "shark.decode.register"
local session = require "shark.trace.session"

local bits = register.bits

local M = {}

local PAGE = 0xfffffffffffff000ULL

local function unit_name(vendor, number)
  return (vendor == "amd" and "ivhd" or "dmar") .. number
end

-- VT-d spec 11.4.14: the fault recording register.
local function decode_intel(event)
  local low, high = event.record[0], event.record[1]
  local reason, is_interrupt = fault_words.intel(event.reason)
  local fault = { reason = reason, what = is_interrupt and "interrupt" or "DMA" }
  if is_interrupt then
    fault.index = bits(low, 48, 63)
  else
    fault.address = bit.band(low, PAGE)
    fault.access = bits(high, 62) == 1 and "read" or "write"
    fault.pasid = bits(high, 31) == 1 and bits(high, 40, 59) or nil
  end
  return fault
end

-- drivers/iommu/amd/iommu.c, iommu_print_event(); flags: IOMMU spec 2.5.3.
local IO_PAGE_FAULT = 2

local function decode_amd(event)
  local low, is_page_fault = event.record[0], event.reason == IO_PAGE_FAULT
  local is_interrupt = is_page_fault and bits(low, 51) == 1
  return {
    reason = fault_words.amd(event.reason, is_interrupt), what = is_interrupt and "interrupt" or "DMA",
    address = event.record[1], access = is_page_fault and (bits(low, 53) == 1 and "write" or "read") or nil,
  }
end

local function decoded(event)
  local fault = event.is_amd == 1 and decode_amd(event) or decode_intel(event)
  fault.source = irte.source(event.source)
  fault.unit = unit_name(event.is_amd == 1 and "amd" or "intel", event.unit)
  fault.raw = { register.hex(event.record[0]), register.hex(event.record[1]) }
  return fault
end

local function row_of(vendor)
  return function(row)
    local unit, reason = bits(row.key[0], 32, 63), bits(row.key[0], 0, 31)
    return {
      unit = unit_name(vendor, unit), source = irte.source(row.id), cpu = row.cpu, count = tonumber(row.count),
      code = reason, reason = vendor == "amd" and fault_words.amd(reason) or (fault_words.intel(reason)),
      last_ns = tonumber(row.max_ns), overflows = tonumber(row.tally[0]),
    }
  end
end

local function kind_of(vendor)
  return session.define {
    provider = "fault_" .. vendor,
    event = "struct shark_fault_event",
    decode = row_of(vendor),
    by = { "unit", "source", "code" },
    sums = { "count", "overflows" },
    maxima = { "last_ns" },
    hidden = { "unit", "source", "reason", "is_amd" },
    fields = { decoded = function(_, event) return decoded(event) end },
  }
end

local kinds = {}

--- @param vendor "intel"|"amd"
function M.open(vendor, options)
  kinds[vendor] = kinds[vendor] or kind_of(vendor)
  return session.open(kinds[vendor], options)
end

return M
