-- hardirqs: time in hard interrupt handlers, by IRQ, action and CPU
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local interrupts = require "shark.interrupts"
local irq = require "shark.irq"
local table_text = require "shark.table"

local NAME = "hardirqs"

local parser = cli.parser(NAME, "Time in hard interrupt handlers, by IRQ, action and CPU, counted in the kernel.")
parser:option("-i --irq", "This IRQ only."):argname("IRQ"):convert(cli.number)
parser:option("-c --cpu", "This CPU only."):argname("CPU"):convert(cli.number)
parser:flag("--hist", "Print a histogram of each row.")
cli.add_trace_options(parser)
local options = parser:parse()

local session, message = irq.hardirq { irq = options.irq, cpu = options.cpu, way = options.way }
if not session then
  cli.fail(NAME, message)
end

local columns = {
  { title = "IRQ", field = "irq" },
  { title = "CPU", field = "cpu" },
  { title = "CHIP", field = "chip", left = true },
  { title = "ACTION", field = "action", left = true },
  { title = "COUNT", field = "count", format = fmt.count },
  { title = "PER-S", field = "rate", format = fmt.rate },
  { title = "TOTAL-US", field = "total_ns", format = fmt.microseconds },
  { title = "AVG-US", field = "avg_ns", format = fmt.microseconds },
  { title = "P99-US", field = "p99_ns", format = fmt.microseconds },
  { title = "MAX-US", field = "max_ns", format = fmt.microseconds },
  { title = "NONE", field = "none", format = fmt.count },
}

local function key(row)
  return ("%d %d %s"):format(row.irq, row.cpu, row.action)
end

local function by_key(rows)
  local map = {}
  for _, row in ipairs(rows) do
    map[key(row)] = row
  end
  return map
end

-- What a row has more than before. The kernel keeps one maximum, since the start.
local function since(row, before)
  if not before then
    return row
  end
  local delta = { irq = row.irq, cpu = row.cpu, action = row.action, max_ns = row.max_ns }
  for _, field in ipairs { "count", "total_ns", "none", "handled", "wake_thread" } do
    delta[field] = row[field] - before[field]
  end
  delta.hist = row.hist:since(before.hist)
  return delta
end

-- Chip, averages and percentiles; in JSON the histogram as {lo, hi, count}.
local function complete(row, seconds, chips)
  local entry = chips[row.irq] or {}
  row.chip, row.hwirq, row.flow = entry.chip, entry.hwirq, entry.flow
  row.rate = row.count / seconds
  row.avg_ns = row.total_ns / row.count
  row.p50_ns, row.p99_ns = row.hist:percentile(50), row.hist:percentile(99)
  row.bars = options.hist and row.hist:bars { format = fmt.duration }
  row.hist = row.hist:buckets()
  return row
end

local window_start = shark.gettimeofday()
local trace_start = window_start

local function report(before)
  local rows, list = session:read(), {}
  local chips = interrupts.read() or {}
  local now = shark.gettimeofday()
  local seconds = (now - (before and window_start or trace_start)) / 1e6
  local map = by_key(rows)
  for _, row in ipairs(rows) do
    local delta = since(row, before and before[key(row)])
    if delta.count > 0 then
      local copy = setmetatable({}, { __index = delta })
      for field, value in pairs(delta) do
        copy[field] = value
      end
      list[#list + 1] = complete(copy, seconds, chips)
    end
  end
  window_start = now
  return { rows = list }, map
end

local function show(what)
  if what.report == "interval" then
    print(("\n%s  (MAX-US since the start)"):format(os.date("%H:%M:%S")))
  else
    print(("\nhard interrupt handlers, %.1f s"):format(what.seconds))
  end
  print(table_text.render(columns, what.rows))
  for _, row in ipairs(what.rows) do
    if row.bars then
      print(("\nIRQ %d %s, CPU %d\n%s"):format(row.irq, row.action, row.cpu, row.bars))
    end
  end
end

cli.run {
  name = NAME,
  options = options,
  session = session,
  report = report,
  show = show,
  order = { "report", "seconds", "rows", "irq", "cpu", "chip", "hwirq", "flow", "action", "count",
    "rate", "total_ns", "avg_ns", "p50_ns", "p99_ns", "max_ns", "none", "handled", "wake_thread",
    "hist", "lo", "hi", "attached", "lost" },
}
