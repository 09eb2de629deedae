--- What the table scripts have in common: the rows of a session, as they are or
-- as what was added since the last look, as a text table and as JSON.

local cli = require "shark.cli"
local fmt = require "shark.fmt"
local out = require "shark.text.out"
local rows_of = require "shark.rows"

local M = {}

-- Averages and percentiles; histograms become lists for JSON, bars for text.
local function complete(row, seconds, spec, bars)
  row.rate = row.count / seconds
  row.avg_ns = row.total_ns and row.count > 0 and row.total_ns / row.count or nil
  row.p50_ns = row.hist and row.hist:percentile(50)
  row.p99_ns = row.hist and row.hist:percentile(99)
  if spec.complete then
    spec.complete(row)
  end
  row.bars = bars and row.hist and row.count > 0 and row.hist:bars { format = fmt.duration } or nil
  for _, field in ipairs(spec.hists) do
    row[field] = row[field] and row[field]:buckets()
  end
  return row
end

local function collect(rows, before, seconds, spec, bars)
  local list = {}
  for _, row in ipairs(rows) do
    local delta = spec.session:since(row, before and before[spec.key(row)])
    if spec.is_shown(delta) then
      list[#list + 1] = complete(delta, seconds, spec, bars)
    end
  end
  return list
end

local function show(spec, what)
  if what.report == "interval" then
    out.line("\n%s  (MAX-US since the start)", os.date("%H:%M:%S"))
  else
    out.line("\n%s, %.1f s", spec.title, what.seconds)
  end
  out.table(spec.columns, what.rows, { left_out = what.left_out })
  for _, row in ipairs(what.rows) do
    if row.bars then
      out.line("\n%s", spec.label(row))
      out.lines(row.bars)
    end
  end
  if spec.show_more then
    spec.show_more(what)
  end
end

-- What is reckoned from a field stands after it.
local RECKONED = { count = { "rate" }, total_ns = { "avg_ns", "p50_ns", "p99_ns" } }

-- The order of a row's fields in JSON: that of the tracer, then what the script adds.
local function order_of(kind, more)
  local order = { "rows", "left_out" }
  for _, field in ipairs(kind.order) do
    order[#order + 1] = field
    for _, reckoned in ipairs(RECKONED[field] or {}) do
      order[#order + 1] = reckoned
    end
  end
  for _, list in ipairs { more, { "lo", "hi" } } do
    for _, field in ipairs(list) do
      order[#order + 1] = field
    end
  end
  return order
end

-- Where rows were asked for, JSON says, too, how many there are besides.
local function arrange(spec, report)
  local left_out
  report.rows, left_out = cli.arranged(spec.name, spec.options, spec.columns, report.rows)
  report.left_out = spec.options.top and left_out or nil
end

--- Runs a script that prints a table of a session's rows.
--- @param spec table what shark.cli.run() takes, without report and show; and
---   title     string
---   columns   table[]  as shark.text.table has them
---   key       fun(row): string  default: what tells the session's rows apart
---   more      string[]?  further fields that complete() adds, for their order in JSON
---   label     fun(row): string  heading of the row's histogram
---   prepare   fun(rows)?  called with what read() returned
---   complete  fun(row)?  adds further fields
---   is_shown  fun(row): boolean  default: the row counted something
---   extend    fun(report, is_interval)?  adds to what is reported besides the rows
---   show_more fun(report)?  prints that, below the table
function M.run(spec)
  local kind = spec.session.kind
  spec.hists = kind.hists
  spec.order = order_of(kind, spec.more or {})
  spec.key = spec.key or function(row) return spec.session:key(row) end
  spec.is_shown = spec.is_shown or function(row) return row.count > 0 end
  spec.report = function(before, seconds)
    local rows = spec.session:read()
    if spec.prepare then
      spec.prepare(rows)
    end
    local report = { rows = collect(rows, before, seconds, spec, spec.options.hist) }
    if spec.extend then
      spec.extend(report, before ~= nil)
    end
    arrange(spec, report)
    return report, rows_of.by_key(rows, spec.key)
  end
  spec.show = function(what) show(spec, what) end
  arrange(spec, { rows = {} }) -- before the trace: of a wrong column one learns now
  cli.run(spec)
end

-- ---- columns that several scripts have ----

M.IRQ = { title = "IRQ", field = "irq", key = true }
M.CPU = { title = "CPU", field = "cpu", key = true }
M.COUNT = { title = "COUNT", field = "count", format = fmt.count }
M.RATE = { title = "PER-S", field = "rate", format = fmt.rate, rank = 4 }
M.TOTAL = { title = "TOTAL-US", field = "total_ns", format = fmt.microseconds, rank = 3 }
M.AVERAGE = { title = "AVG-US", field = "avg_ns", format = fmt.microseconds, rank = 2 }
M.P99 = { title = "P99-US", field = "p99_ns", format = fmt.microseconds, rank = 1 }
M.MAX = { title = "MAX-US", field = "max_ns", format = fmt.microseconds, most = true }

return M
