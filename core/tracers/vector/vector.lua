--- System vectors of the local APIC; shark.irq has the documentation.

local audit = require "shark.trace.audit"
local C = require "shark.events"
local session = require "shark.trace.session"
local vectors = require "shark.system.vectors"

local M = {}

local NMI = vectors.NMI

local function handled(row)
  return row.id == NMI and tonumber(row.tally[C.SHARK_VECTOR_HANDLED]) or nil
end

local kind = session.define {
  provider = "vector",
  call = "irq.vector",
  class = "Vector",
  title = "System vectors and NMIs",
  about = "Time in the handlers of system vectors (local timer, reschedule, call function, irq work, thermal, ...) " ..
    "and NMIs, by vector and CPU.",
  source = "tracepoints irq_vectors:* (arch/x86/include/asm/trace/irq_vectors.h) and nmi:nmi_handler; how().skipped " ..
    "names those that this kernel does not have",
  event = "struct shark_event",
  rows = {
    { "vector", "its number; NMIs are 2", at = "id", key = true },
    { "name", "what it is for", type = "string", from = function(row) return vectors.name_of(row.id) end },
    { "cpu", "the CPU that it was handled on", key = true },
    { "handler", "symbol of an NMI's handler: each has a row", key = true, at = "key[SHARK_VECTOR_HANDLER]",
      symbol = true, type = "string?" },
    { "count", "runs of the handler that ended", sum = "add" },
    { "total_ns", "their time in all", sum = "add", unit = "ns" },
    { "max_ns", "the longest of them", sum = "max", unit = "ns" },
    { "handled", "events that an NMI's handler says it handled", from = handled, sum = "add", type = "integer?" },
    { "hist", "the times of the runs", sum = "hist", unit = "ns", type = "shark.Hist" },
  },
  -- NMIs have none.
  events = {
    { "ts_ns", "when the handler was entered, CLOCK_MONOTONIC", unit = "ns" },
    { "ns", "how long it ran, without what interrupted it", unit = "ns" },
    { "vector", "its number" },
    { "name", "what it is for", type = "string", from = function(_, event) return vectors.name_of(event.vector) end },
    { "cpu", "the CPU it ran on" },
    { "stack", "for session:stack(); negative: none" },
  },
  audit = {
    source = "/proc/interrupts",
    seen = function(self)
      return audit.sum(self, function(row) return vectors.line_of(row.id) end)
    end,
    kernel = vectors.kernel_counts,
  },
}

M.open = kind.open

return M
