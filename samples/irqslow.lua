-- irqslow: a line with a kernel stack for every handler or softirq that took too long
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local irq = require "shark.irq"
local out = require "shark.text.out"
local uv = require "uv"

local NAME = "irqslow"

local parser = cli.parser(NAME, "Prints each interrupt handler and softirq that took at least so long, with the " ..
  "kernel stack: where the interrupt hit, or where the softirq was raised.")
parser:option("-u --us", "Microseconds from which one is slow."):argname("US"):default("100"):convert(cli.number)
parser:option("-k --kind", "Only these."):choices { "hardirq", "softirq", "vector" }
parser:option("-c --cpu", "This CPU only."):argname("CPU"):convert(cli.number)
parser:flag("--no-stack", "Without stacks.")
cli.add_trace_options(parser, { "tp_btf", "raw_tp", "tp" })
local options = parser:parse()

local KINDS = { "hardirq", "softirq", "vector" }

-- CLOCK_MONOTONIC, which events have, to the time of day.
local clock_offset_us = shark.gettimeofday() - tonumber(uv.hrtime()) / 1e3

local function time_of(event)
  return (tonumber(event.ts_ns) / 1e3 + clock_offset_us) / 1e6
end

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

local ORDER = { "kind", "time", "cpu", "ns", "irq", "action", "softirq", "vector", "name", "raised_by", "wait_ns",
  "interrupted_ns", "stack", "address", "slow", "slowest_ns", "threshold_us" }

local function print_event(kind, session, e)
  local record, text = describe[kind](e)
  local stack = not options.no_stack and e.stack >= 0 and session:stack(e.stack) or nil
  local time, ns = time_of(e), tonumber(e.ns)
  if options.json then
    record.report, record.kind, record.time, record.cpu, record.ns = "slow", kind, time, e.cpu, ns
    record.stack = stack and stack:frames()
    out.json(record, ORDER)
    return
  end
  local clock = os.date("%H:%M:%S", math.floor(time)) .. (".%06d"):format(time % 1 * 1e6)
  out.line("%s  CPU %d  %s  %s", clock, e.cpu, fmt.duration(ns), text)
  if stack then
    out.lines((tostring(stack):gsub("[^\n]+", "    %0")))
  end
end

local sessions, counts = {}, {}

local function watch(kind)
  local session, message = irq[kind] {
    cpu = options.cpu, at_least_ns = options.us * 1000, stacks = not options.no_stack, audit = true,
    way = (kind == "hardirq" or options.way ~= "tp_btf") and options.way or nil,
  }
  if not session then
    cli.fail(NAME, message)
  end
  local count = { slow = 0, slowest_ns = 0 }
  session:on(function(e)
    count.slow, count.slowest_ns = count.slow + 1, math.max(count.slowest_ns, tonumber(e.ns))
    print_event(kind, session, e)
  end)
  counts[kind] = count
  sessions[#sessions + 1] = { name = kind, session = session }
end

for _, kind in ipairs(KINDS) do
  if not options.kind or options.kind == kind then
    watch(kind)
  end
end

cli.run {
  name = NAME,
  options = options,
  sessions = sessions,
  report = function()
    local report = { threshold_us = options.us }
    for kind, count in pairs(counts) do
      report[kind] = count
    end
    return report
  end,
  show = function(what)
    for _, kind in ipairs(KINDS) do
      local count = what[kind]
      if count then
        out.line("%s: %d took %d us or more%s", kind, count.slow, options.us,
          count.slow > 0 and ", the slowest " .. fmt.duration(count.slowest_ns) or "")
      end
    end
  end,
  order = { "threshold_us", "hardirq", "softirq", "vector", "slow", "slowest_ns" },
}
