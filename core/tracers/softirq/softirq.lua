--- Softirqs; shark.irq has the documentation.

local audit = require "shark.trace.audit"
local bit = require "bit"
local C = require "shark.events"
local hist = require "shark.hist"
local interrupts = require "shark.system.interrupts"
local rows = require "shark.trace.rows"
local session = require "shark.trace.session"
local vector = require "shark.tracers.vector"

local M = {}

-- include/linux/interrupt.h, in the order of their numbers from 0; as
-- /proc/softirqs names them (kernel/softirq.c, softirq_to_name).
M.NAMES = { [0] = "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU" }

local NUMBERS = {}
for number, name in pairs(M.NAMES) do
  NUMBERS[name] = number
end

local function name_of(number)
  return M.NAMES[number] or tostring(number)
end

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
    return vector.name_of(id)
  elseif kind == C.SHARK_SOFTIRQ then
    return "softirq " .. name_of(id)
  end
  return tid and "task " .. id or "task"
end

-- ---- rows ----

local function decode_wait(row)
  local count = tonumber(row.count)
  return {
    softirq = name_of(row.id), number = row.id, cpu = row.cpu,
    count = 0, total_ns = 0, max_ns = 0, interrupted_ns = 0, ksoftirqd = 0, raise_unseen = 0,
    hist = hist.new(), waits = count, wait_ns = tonumber(row.total_ns), wait_max_ns = tonumber(row.max_ns),
    coalesced = tonumber(row.tally[0]), wait_hist = hist.new(row.hist, row.max_ns),
    raised_by = { [asker(row.key[0])] = count },
  }
end

local function decode_run(row)
  return {
    softirq = name_of(row.id), number = row.id, cpu = row.cpu,
    count = tonumber(row.count), total_ns = tonumber(row.total_ns), max_ns = tonumber(row.max_ns),
    interrupted_ns = tonumber(row.nested_ns), ksoftirqd = tonumber(row.tally[0]),
    raise_unseen = tonumber(row.tally[1]), hist = hist.new(row.hist, row.max_ns),
    waits = 0, wait_ns = 0, wait_max_ns = 0, coalesced = 0, wait_hist = hist.new(), raised_by = {},
  }
end

local merge_figures = rows.merger {
  sums = { "count", "total_ns", "interrupted_ns", "ksoftirqd", "raise_unseen", "waits", "wait_ns", "coalesced" },
  maxima = { "max_ns", "wait_max_ns" },
  hists = { "hist", "wait_hist" },
}

local function merge(into, row)
  merge_figures(into, row)
  for by, count in pairs(row.raised_by) do
    into.raised_by[by] = (into.raised_by[by] or 0) + count
  end
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

local kind = session.define {
  provider = "softirq",
  event = "struct shark_deferred_event",
  decode = function(row)
    return row.what == C.SHARK_WAIT and decode_wait(row) or decode_run(row)
  end,
  by = { "number", "cpu" },
  hidden = { "id", "irq", "asked_by" },
  merge = merge,
  fields = {
    name = function(_, event) return name_of(event.softirq) end,
    raised_by = function(_, event)
      return event.wait_ns > 0 and asker(event.asked_by, true) or "?"
    end,
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
  copy.softirq = NUMBERS[options.softirq:upper()]
  if not copy.softirq then
    error(("no such softirq: '%s'"):format(options.softirq), 3)
  end
  return copy
end

function M.open(options)
  return session.open(kind, with_number(options))
end

return M
