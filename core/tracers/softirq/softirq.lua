--- Softirqs; shark.irq has the documentation.

local audit = require "shark.trace.audit"
local bit = require "bit"
local C = require "shark.events"
local interrupts = require "shark.system.interrupts"
local session = require "shark.trace.session"
local softirqs = require "shark.system.softirqs"
local vectors = require "shark.system.vectors"

local M = {}

local name_of = softirqs.name_of

-- ---- who raised ----

local function split(asked_by)
  return tonumber(bit.rshift(asked_by, 32)), tonumber(bit.band(asked_by, 0xffffffffULL))
end

-- "IRQ 36", "vector 236 (local timer)", "softirq TIMER", "task".
local function asker(asked_by, tid)
  local kind, id = split(asked_by)
  if kind == C.SHARK_HARDIRQ then
    return "IRQ " .. id
  elseif kind == C.SHARK_VECTOR then
    return vectors.name_of(id)
  elseif kind == C.SHARK_SOFTIRQ then
    return "softirq " .. name_of(id)
  end
  return tid and "task " .. id or "task"
end

local function raised_by(row)
  return { [asker(row.key[C.SHARK_SOFTIRQ_RAISED_BY])] = tonumber(row.count) }
end

-- ---- what /proc/softirqs counts ----

local function seen(self)
  return audit.sum(self, function(row)
    return row.what == C.SHARK_RUN and name_of(row.id)
  end)
end

local function kernel(options, text)
  local counts = interrupts.counts(interrupts.read_softirqs(text), options.cpu)
  if not options.softirq then
    return counts
  end
  local name = type(options.softirq) == "number" and name_of(options.softirq) or options.softirq
  return { [name] = counts[name] }
end

-- ---- the kind ----

local RUN, WAIT = C.SHARK_RUN, C.SHARK_WAIT

local kind = session.define {
  provider = "softirq",
  call = "irq.softirq",
  class = "Softirq",
  title = "Softirqs",
  about = "Softirqs by number and CPU: how long from the raise to the start, how long they ran.",
  source = "tracepoints irq:softirq_raise, softirq_entry, softirq_exit (kernel/softirq.c); with context also " ..
    "irq:irq_handler_* and irq_vectors:*",
  event = "struct shark_deferred_event",
  rows = {
    { "softirq", "name, as in /proc/softirqs", from = function(row) return name_of(row.id) end, type = "string" },
    { "number", "its number", at = "id", key = true },
    { "cpu", "the CPU it ran on", key = true },
    { "count", "runs that ended", of = RUN, sum = "add", default = 0 },
    { "total_ns", "their time in all, without interrupted_ns", of = RUN, sum = "add", default = 0, unit = "ns" },
    { "max_ns", "the longest of them", of = RUN, sum = "max", default = 0, unit = "ns" },
    { "interrupted_ns", "taken from them by interrupts", at = "nested_ns", of = RUN, sum = "add", default = 0,
      unit = "ns" },
    { "ksoftirqd", "runs in the thread ksoftirqd, not after an interrupt", at = "tally[SHARK_SOFTIRQ_IN_KSOFTIRQD]",
      of = RUN, sum = "add", default = 0 },
    { "waits", "runs whose raise was seen", at = "count", of = WAIT, sum = "add", default = 0 },
    { "wait_ns", "time from the raise to the start, in all", at = "total_ns", of = WAIT, sum = "add", default = 0,
      unit = "ns" },
    { "wait_max_ns", "the longest of these", at = "max_ns", of = WAIT, sum = "max", default = 0, unit = "ns" },
    { "coalesced", "raises of a softirq that was pending already", at = "tally[SHARK_SOFTIRQ_COALESCED]", of = WAIT,
      sum = "add", default = 0 },
    { "raise_unseen", "runs whose raise was not seen", at = "tally[SHARK_SOFTIRQ_RAISE_UNSEEN]", of = RUN, sum = "add",
      default = 0 },
    { "raised_by", '"IRQ 36", "local timer", "softirq TIMER", "task" -> count', from = raised_by, of = WAIT,
      sum = "by name", default = {}, type = "table<string, integer>" },
    { "hist", "the times of the runs", of = RUN, sum = "hist", default = {}, unit = "ns", type = "shark.Hist" },
    { "wait_hist", "the times from raise to start", at = "hist", of = WAIT, sum = "hist", default = {}, unit = "ns",
      type = "shark.Hist" },
  },
  events = {
    { "ts_ns", "when it was entered, CLOCK_MONOTONIC", unit = "ns" },
    { "ns", "how long it ran, without nested_ns", unit = "ns" },
    { "wait_ns", "since it was raised; 0: the raise was not seen", unit = "ns" },
    { "nested_ns", "taken by interrupts meanwhile", unit = "ns" },
    { "softirq", "its number" },
    { "name", "its name, as in /proc/softirqs", type = "string",
      from = function(_, event) return name_of(event.softirq) end },
    { "cpu", "the CPU it ran on" },
    { "ksoftirqd", "1: ran in the thread ksoftirqd, not after an interrupt" },
    { "raised_by", '"IRQ 36", "local timer", "softirq TIMER", "task 1234"; "?": not seen', type = "string",
      from = function(_, event) return event.wait_ns > 0 and asker(event.asked_by, true) or "?" end },
    { "stack", "of the raise, for session:stack(); negative: none" },
  },
  options = {
    softirq = { type = "integer|string", text = 'this softirq only: "NET_RX" or its number' },
  },
  audit = { source = "/proc/softirqs", seen = seen, kernel = kernel },
}

-- Softirqs may be named.
local function with_number(options)
  if type(options) ~= "table" or type(options.softirq) ~= "string" then
    return options
  end
  local copy = {}
  for name, value in pairs(options) do
    copy[name] = value
  end
  copy.softirq = softirqs.number_of(options.softirq)
  if not copy.softirq then
    error(("no such softirq: '%s'"):format(options.softirq), 3)
  end
  return copy
end

function M.open(options)
  return session.open(kind, with_number(options))
end
kind.open = M.open

return M
