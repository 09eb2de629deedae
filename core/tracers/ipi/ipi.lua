--- Inter-processor interrupts; shark.irq has the documentation.

local audit = require "shark.trace.audit"
local C = require "shark.events"
local hist = require "shark.hist"
local session = require "shark.trace.session"
local vectors = require "shark.system.vectors"

local LINES = { RES = true, CAL = true }

local SEND, RECEIVE = C.SHARK_SEND, C.SHARK_WAIT

-- nil: its sending was not seen, so there is no time.
local function sender_of(row)
  local sender = tonumber(row.key[C.SHARK_IPI_SENDER])
  return sender > 0 and sender - 1 or nil
end

local function if_sent(field)
  return function(row)
    return sender_of(row) and tonumber(row[field])
  end
end

return session.define {
  provider = "ipi",
  call = "irq.ipi",
  class = "Ipi",
  title = "Inter-processor interrupts",
  about = "Inter-processor interrupts: sent by whom, received where, and how long they were under way.",
  source = "tracepoints ipi:ipi_send_cpu and ipi_send_cpumask (kernel/smp.c, since 6.4; before, who sent is not " ..
    "seen) and irq_vectors:*",
  event = "struct shark_event",
  rows = {
    { "what", '"sent" or "received"', key = true, type = '"sent"|"received"',
      from = function(row) return row.what == SEND and "sent" or "received" end },
    { "vector", "251, 252 or 253", at = "id", key = true },
    { "name", "what the vector is for", type = "string", from = function(row) return vectors.name_of(row.id) end },
    { "cpu", "of sent the sender, of received the receiver", key = true },
    { "sender", "the CPU that sent; nil: not seen", of = RECEIVE, key = true, from = sender_of, type = "integer?" },
    { "callsite", "symbol of the code that sent", at = "key[SHARK_IPI_CALLSITE]", symbol = true, of = SEND, key = true,
      type = "string?" },
    { "callback", "symbol of the function that the receiver is to call", at = "key[SHARK_IPI_CALLBACK]", symbol = true,
      of = SEND, key = true, type = "string?" },
    { "count", "how many", sum = "add" },
    { "coalesced", "sent while one was pending already", at = "tally[SHARK_IPI_COALESCED]", of = SEND, sum = "add",
      type = "integer?" },
    { "total_ns", "time under way in all; nil: the sending was not seen", of = RECEIVE, from = if_sent "total_ns",
      sum = "add", unit = "ns", type = "integer?" },
    { "max_ns", "the longest of these", of = RECEIVE, from = if_sent "max_ns", sum = "max", unit = "ns",
      type = "integer?" },
    { "hist", "the times under way", of = RECEIVE, sum = "hist", unit = "ns", type = "shark.Hist?",
      from = function(row) return sender_of(row) and hist.new(row.hist, row.max_ns) end },
  },
  events = {
    { "ts_ns", "when it arrived, CLOCK_MONOTONIC", unit = "ns" },
    { "ns", "how long it was under way", unit = "ns" },
    { "vector", "251, 252 or 253" },
    { "name", "what the vector is for", type = "string",
      from = function(_, event) return vectors.name_of(event.vector) end },
    { "sender", "the CPU that sent it" },
    { "cpu", "the CPU that it arrived on" },
    { "stack", "for session:stack(); negative: none" },
  },
  options = { vector = { type = "251|252|253" } },
  audit = {
    source = "/proc/interrupts",
    seen = function(self)
      return audit.sum(self, function(row) return row.what == C.SHARK_WAIT and vectors.line_of(row.id) end)
    end,
    kernel = function(options, text) return vectors.kernel_counts(options, text, LINES) end,
  },
}
