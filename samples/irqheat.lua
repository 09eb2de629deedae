-- irqheat: heat map of handler or softirq times, a line for each slice of time
local cli = require "shark.cli"
local heat = require "shark.text.heat"
local hist = require "shark.hist"
local irq = require "shark.irq"
local out = require "shark.text.out"
local terminal = require "shark.text.terminal"

local NAME = "irqheat"
local FIRST, LAST = 7, 26 -- 128 ns to 67 ms and more: powers of two of nanoseconds

local parser = cli.parser(NAME, "Heat map in the terminal: how long interrupt handlers or softirqs take, over time.")
cli.options(parser, { "irq", "softirq", "cpu" })
parser:flag("--wait", "With --softirq: the time from raise to start.")
cli.add_trace_options(parser, { "hardirq", "softirq" })
local options = parser:parse()
options.interval = options.interval or 1

local function open()
  if options.softirq then
    return irq.softirq { softirq = tonumber(options.softirq) or options.softirq, cpu = options.cpu,
      way = options.way, context = false, wait = options.wait or false, audit = true }
  end
  return irq.hardirq { irq = options.irq, cpu = options.cpu, way = options.way, audit = true }
end

if options.wait and not options.softirq then
  parser:error "--wait is for --softirq"
end
local ok, session, message = pcall(open)
if not ok then
  parser:error((session:gsub("^[^:]+:%d+: ", "")))
elseif not session then
  cli.fail(NAME, message)
end

local coloured = terminal.is_coloured()
local field = options.wait and "wait_hist" or "hist"

local function all_rows()
  local sum = hist.new()
  for _, row in ipairs(session:read()) do
    sum:merge(row[field])
  end
  return sum
end

local last = hist.new()

local function report(before)
  local now = all_rows()
  local slice = before and now:since(last) or now
  last = now
  return {
    slice = slice, count = slice:count(), p50_ns = slice:percentile(50), p99_ns = slice:percentile(99),
    hist = slice:buckets(),
  }, before
end

if not options.json then
  out.line("%-8s  %s", "", heat.scale(FIRST, LAST))
end

cli.run {
  name = NAME,
  title = options.softirq and "softirqs" or "interrupt handlers",
  options = options,
  session = session,
  report = function(before)
    local what, kept = report(before)
    what.line = heat.line(heat.columns(what.slice, FIRST, LAST), FIRST, LAST, coloured and not options.json)
    what.slice = nil
    if options.json then
      what.line = nil
    end
    return what, kept
  end,
  show = function(what)
    local label = what.report == "total" and "all" or os.date("%H:%M:%S")
    out.raw(("%-8s |%s| %.0f"):format(label, what.line, what.count))
  end,
  order = { "count", "p50_ns", "p99_ns", "hist", "lo", "hi" },
}
