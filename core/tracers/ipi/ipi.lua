--- Inter-processor interrupts; shark.irq has the documentation.

local audit = require "shark.trace.audit"
local C = require "shark.events"
local hist = require "shark.hist"
local session = require "shark.trace.session"
local stack = require "shark.trace.stack"
local vector = require "shark.tracers.vector"

local M = {}

local LINES = { RES = true, CAL = true }

local function decode_send(row)
  return {
    what = "sent", vector = row.id, name = vector.name_of(row.id), cpu = row.cpu,
    callsite = stack.name_of(row.key[0]), callback = row.key[1] ~= 0 and stack.name_of(row.key[1]) or nil,
    count = tonumber(row.count), coalesced = tonumber(row.tally[0]),
  }
end

local function decode_receive(row)
  local sender = tonumber(row.key[0])
  return {
    what = "received", vector = row.id, name = vector.name_of(row.id), cpu = row.cpu,
    sender = sender > 0 and sender - 1 or nil, count = tonumber(row.count),
    total_ns = sender > 0 and tonumber(row.total_ns) or nil, max_ns = sender > 0 and tonumber(row.max_ns) or nil,
    hist = sender > 0 and hist.new(row.hist, row.max_ns) or nil,
  }
end

local kind = session.define {
  provider = "ipi",
  event = "struct shark_event",
  decode = function(row)
    return row.what == C.SHARK_SEND and decode_send(row) or decode_receive(row)
  end,
  by = { "what", "vector", "cpu", "sender", "callsite", "callback" },
  hidden = { "id", "irq", "ret" },
  sums = { "count", "total_ns", "coalesced" },
  fields = {
    name = function(_, event) return vector.name_of(event.vector) end,
  },
  audit = {
    source = "/proc/interrupts",
    seen = function(self)
      return audit.sum(self, function(row) return row.what == C.SHARK_WAIT and vector.line_of(row.id) end)
    end,
    kernel = function(options, text) return vector.kernel_counts(options, text, LINES) end,
  },
}

function M.open(options)
  return session.open(kind, options)
end

return M
