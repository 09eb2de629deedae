--- Threads of interrupt handlers; shark.irq has the documentation.

local C = require "shark.events"
local ffi = require "ffi"
local hist = require "shark.hist"
local session = require "shark.trace.session"

local M = {}

local function decode(row)
  local decoded = {
    irq = row.id, action = ffi.string(row.name), cpu = row.cpu, wakes = 0,
    count = 0, total_ns = 0, max_ns = 0, preempted_ns = 0, hist = hist.new(),
    waits = 0, wait_ns = 0, wait_max_ns = 0, wait_hist = hist.new(),
  }
  local count = tonumber(row.count)
  if row.what == C.SHARK_SEND then
    decoded.wakes = count
  elseif row.what == C.SHARK_WAIT then
    decoded.waits, decoded.wait_ns, decoded.wait_max_ns = count, tonumber(row.total_ns), tonumber(row.max_ns)
    decoded.wait_hist = hist.new(row.hist, row.max_ns)
  else
    decoded.count, decoded.total_ns, decoded.max_ns = count, tonumber(row.total_ns), tonumber(row.max_ns)
    decoded.preempted_ns, decoded.hist = tonumber(row.nested_ns), hist.new(row.hist, row.max_ns)
  end
  return decoded
end

local kind = session.define {
  provider = "irqthread",
  event = "struct shark_deferred_event",
  decode = decode,
  by = { "irq", "action", "cpu" },
  hidden = { "id", "softirq", "asked_by", "ksoftirqd" },
  sums = { "wakes", "count", "total_ns", "preempted_ns", "waits", "wait_ns" },
  maxima = { "max_ns", "wait_max_ns" },
  hists = { "hist", "wait_hist" },
  fields = {
    action = function(self, event)
      return event.row < self.nr_rows and ffi.string(self.rows[event.row].name) or ""
    end,
  },
}

function M.open(options)
  return session.open(kind, options)
end

return M
