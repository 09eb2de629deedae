-- softirqs: how long softirqs wait and run, by CPU, and who raises them
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local irq = require "shark.irq"
local rowtable = require "shark.rowtable"

local NAME = "softirqs"

local parser = cli.parser(NAME, "How long softirqs wait after their raise, how long they run (without what " ..
  "interrupts them), and who raises them; counted in the kernel.")
cli.options(parser, { "softirq", "cpu", "sort", "top", "hist" })
parser:flag("--fast", "Run time only: watches neither raises nor interrupts.")
cli.add_trace_options(parser, "softirq")
local options = parser:parse()

local function open()
  return irq.softirq {
    softirq = tonumber(options.softirq) or options.softirq, cpu = options.cpu, way = options.way,
    wait = not options.fast, context = not options.fast, audit = true,
  }
end

local ok, session, message = pcall(open)
if not ok then
  parser:error((session:gsub("^[^:]+:%d+: ", "")))
elseif not session then
  cli.fail(NAME, message)
end

-- "IRQ 36 (1009), task (3)": the most frequent first.
local function raisers(raised_by)
  local list = {}
  for by, count in pairs(raised_by) do
    list[#list + 1] = { by = by, count = count }
  end
  table.sort(list, function(a, b) return a.count > b.count or (a.count == b.count and a.by < b.by) end)
  return list
end

local function text_of(list)
  local parts = {}
  for i, raiser in ipairs(list) do
    parts[i] = i <= 3 and ("%s (%.0f)"):format(raiser.by, raiser.count) or nil
  end
  return table.concat(parts, ", ") .. (#list > 3 and ", ..." or "")
end

local columns = {
  { title = "SOFTIRQ", field = "softirq", left = true },
  rowtable.CPU,
  rowtable.COUNT, rowtable.RATE, rowtable.TOTAL, rowtable.AVERAGE, rowtable.P99, rowtable.MAX,
}
if not options.fast then
  for _, column in ipairs {
    { title = "INTR-US", field = "interrupted_ns", format = fmt.microseconds, rank = 6 },
    { title = "KSOFTIRQD", field = "ksoftirqd", format = fmt.count, rank = 2 },
    { title = "WAIT-US", field = "wait_avg_ns", format = fmt.microseconds, rank = 5 },
    { title = "WAIT99-US", field = "wait_p99_ns", format = fmt.microseconds, rank = 3 },
    { title = "RAISED BY", field = "raisers", left = true, format = text_of, cut = true },
  } do
    columns[#columns + 1] = column
  end
end

rowtable.run {
  name = NAME,
  options = options,
  session = session,
  title = "softirqs",
  columns = columns,
  label = function(row) return ("%s, CPU %d"):format(row.softirq, row.cpu) end,
  complete = function(row)
    row.wait_avg_ns = row.waits > 0 and row.wait_ns / row.waits or nil
    row.wait_p99_ns = row.wait_hist:percentile(99)
    row.raisers = raisers(row.raised_by)
    row.raised_by = nil
  end,
  more = { "wait_avg_ns", "wait_p99_ns", "raisers", "by" },
}
