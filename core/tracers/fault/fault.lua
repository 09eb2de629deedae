--- Requests that an IOMMU refused; shark.remap.trace has the documentation.

local bit = require "bit"
local C = require "shark.events"
local fault_words = require "shark.decode.fault_words"
local irte = require "shark.decode.irte"
local register = require "shark.decode.register"
local session = require "shark.trace.session"

local bits = register.bits

local PAGE = 0xfffffffffffff000ULL

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
  fault.unit = irte.unit_name(event.is_amd == 1 and "amd" or "intel", event.unit)
  fault.raw = { register.hex(event.record[0]), register.hex(event.record[1]) }
  return fault
end

local function reason_of(row)
  return bits(row.key[C.SHARK_FAULT_UNIT_AND_REASON], 0, 31)
end

local function rows_of(vendor)
  local words = vendor == "amd" and fault_words.amd or fault_words.intel
  return {
    { "unit", 'the IOMMU: "dmar0", "ivhd0"', key = true, type = "string",
      from = function(row) return irte.unit_name(vendor, bits(row.key[C.SHARK_FAULT_UNIT_AND_REASON], 32, 63)) end },
    { "source", "the device that asked: 01:00.0", key = true, type = "string",
      from = function(row) return irte.source(row.id) end },
    { "code", "reason, as the IOMMU numbers it", key = true, from = reason_of },
    { "reason", "reason, in words", type = "string", from = function(row) return (words(reason_of(row))) end },
    { "cpu", "where the kernel looked" },
    { "count", "requests refused", sum = "add" },
    { "last_ns", "the last time, CLOCK_MONOTONIC", sum = "max", unit = "ns" },
    { "overflows", "times that the IOMMU had no room for all", at = "tally[SHARK_FAULT_OVERFLOWS]", sum = "add" },
  }
end

local EVENTS = {
  { "ts_ns", "when the kernel looked, CLOCK_MONOTONIC", unit = "ns" },
  { "decoded", "unit, source, what, reason, address or index, access, pasid, raw", type = "shark.Fault",
    from = function(_, event) return decoded(event) end },
  { "record", "as the IOMMU wrote it, from 0 on; in a copy from 1 on", type = "uint64_t[2]" },
  { "cpu", "where the kernel looked" },
  { "lost", "1: the IOMMU had no room for all" },
}

local function kind_of(vendor)
  return session.define {
    provider = "fault_" .. vendor,
    call = "remap.faults",
    class = "Fault",
    title = "Faults of IOMMUs",
    about = "Requests of devices that an IOMMU refused.",
    source = "the kernel's handler of the IOMMU's own interrupt",
    event = "struct shark_fault_event",
    rows = rows_of(vendor),
    events = EVENTS,
  }
end

return { intel = kind_of "intel", amd = kind_of "amd" }
