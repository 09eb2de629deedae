-- irqslow: a line with a kernel stack for every handler or softirq that took too long
local cli = require "shark.cli"
local clock = require "shark.text.clock"
local fmt = require "shark.fmt"
local irq = require "shark.irq"
local out = require "shark.text.out"
local providers = require "shark.providers"
local timeline = require "shark.timeline"

local NAME = "irqslow"

local parser = cli.parser(NAME, "Prints each interrupt handler and softirq that took at least so long, in the order " ..
  "in which they began, with the kernel stack: where the interrupt hit, or where the softirq was raised. Times are " ..
  "their own, without what interrupted them. A softirq is slow when it ran, or waited to run, so long.")
cli.options(parser, { { "us", default = "100" }, { "kind", choices = { "hardirq", "softirq", "vector" } }, "cpu" })
parser:flag("--no-stack", "Without stacks.")
cli.add_trace_options(parser, { "hardirq", "softirq" })
local options = parser:parse()

local KINDS = { "hardirq", "softirq", "vector" }

local describe = {
  hardirq = function(e)
    return { irq = e.irq, action = e.action }, ("IRQ %d %s"):format(e.irq, e.action)
  end,
  softirq = function(e)
    local wait_ns = e.wait_ns > 0 and tonumber(e.wait_ns) or nil
    local text = ("softirq %s, raised by %s"):format(e.name, e.raised_by)
    return { softirq = e.name, raised_by = e.raised_by, wait_ns = wait_ns, interrupted_ns = tonumber(e.nested_ns) },
      wait_ns and ("%s, waited %s"):format(text, fmt.duration(wait_ns)) or text
  end,
  vector = function(e)
    return { vector = e.vector, name = e.name }, ("vector %d %s"):format(e.vector, e.name)
  end,
}

local ORDER = { "report", "kind", "time", "ts_ns", "cpu", "ns", "irq", "action", "softirq", "vector", "address", "name",
  "raised_by", "wait_ns", "interrupted_ns", "stack" }

-- ---- one event ----

-- The event lives only now, and its stack's number only until another stack takes it.
local function record_of(kind, session, e)
  local record, text = describe[kind](e)
  local stack = not options.no_stack and e.stack >= 0 and session:stack(e.stack) or nil
  record.report, record.kind, record.time, record.ts_ns = "slow", kind, clock.json(e.ts_ns), e.ts_ns + 0ULL
  record.cpu, record.ns, record.stack = e.cpu, tonumber(e.ns), stack and stack:frames()
  return { record = record, text = text, clock = clock.text(e.ts_ns) }
end

local function print_event(event)
  local record = event.record
  if options.json then
    out.json(record, ORDER)
    return
  end
  out.line("%s  CPU %d  %s  %s", event.clock, record.cpu, fmt.duration(record.ns), event.text)
  for _, frame in ipairs(record.stack or {}) do
    out.line("    0x%s : %s", frame.address, frame.name)
  end
end

local held = timeline.new(timeline.HOLD_MS, print_event)
set_interval(function() held:flush() end, timeline.HOLD_MS / 2):unref()

-- ---- sessions ----

local sessions, counts = {}, {} -- counts: of all the time, and since the last report
local threshold_ns = options.us * 1000

local function count_event(count, record)
  count.slow = count.slow + 1
  if record.ns >= threshold_ns then
    count.ran, count.slowest_ns = count.ran + 1, math.max(count.slowest_ns, record.ns)
  end
  if count.waited and (record.wait_ns or 0) >= threshold_ns then
    count.waited, count.longest_wait_ns = count.waited + 1, math.max(count.longest_wait_ns, record.wait_ns or 0)
  end
end

local function new_count(kind)
  local waited = kind == "softirq" and 0 or nil
  return { slow = 0, ran = 0, slowest_ns = 0, waited = waited, longest_wait_ns = waited }
end

local function watch(kind)
  local session, message = irq[kind] {
    cpu = options.cpu, at_least_ns = threshold_ns, stacks = not options.no_stack, audit = true,
    way = providers.way_of(kind, options.way),
  }
  if not session then
    cli.fail(NAME, message)
  end
  counts[kind] = { total = new_count(kind), recent = new_count(kind) }
  session:on(function(e)
    local event = record_of(kind, session, e)
    count_event(counts[kind].total, event.record)
    count_event(counts[kind].recent, event.record)
    held:add(tonumber(e.ts_ns), event, session)
  end)
  held:follow(session)
  sessions[#sessions + 1] = { name = kind, session = session }
end

for _, kind in ipairs(#options.kind > 0 and options.kind or KINDS) do
  if not counts[kind] then
    watch(kind)
  end
end

local function most_text(n, verb, which, most_ns)
  return ("%d %s %d us or more%s"):format(n, verb, options.us,
    n > 0 and (", %s %s"):format(which, fmt.duration(most_ns)) or "")
end

cli.run {
  name = NAME,
  title = ("handlers and softirqs of %d us and more"):format(options.us),
  options = options,
  sessions = sessions,
  report = function(before)
    held:flush(not before)
    local report = { threshold_us = options.us, out_of_order = held.out_of_order }
    for kind, count in pairs(counts) do
      report[kind] = before and count.recent or count.total
      count.recent = new_count(kind)
    end
    return report, before
  end,
  is_empty = function(report)
    local slow = 0
    for kind in pairs(counts) do
      slow = slow + report[kind].slow
    end
    return slow == 0
  end,
  show = function(what)
    if what.out_of_order > 0 then
      out.line("%d lines are out of order: too many were waiting", what.out_of_order)
    end
    for _, kind in ipairs(KINDS) do
      local count = what[kind]
      if count then
        out.line("%s: %s%s", kind, most_text(count.ran, "took", "the slowest", count.slowest_ns),
          count.waited and "; " .. most_text(count.waited, "waited", "the longest", count.longest_wait_ns) or "")
      end
    end
  end,
  order = { "threshold_us", "hardirq", "softirq", "vector", "slow", "ran", "slowest_ns",
    "waited", "longest_wait_ns", "out_of_order" },
}
