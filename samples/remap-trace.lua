-- remap-trace: IRTEs written, affinity asked and pending, vectors taken and freed, IOMMU faults
local cli = require "shark.cli"
local clock = require "shark.text.clock"
local fmt = require "shark.fmt"
local json = require "shark.json"
local out = require "shark.text.out"
local remap_story = require "shark.story"
local rows_of = require "shark.rows"
local rowtable = require "shark.rowtable"

local NAME = "remap-trace"

local parser = cli.parser(NAME, "Prints what changes in interrupt remapping, as it happens: entries of its tables " ..
  "(old and new, who asked, how long it took), affinity that is asked for, pending and in force, vectors taken " ..
  "and given back, and requests that the IOMMU refused.")
cli.options(parser, { { "irq", more = "And all faults." }, { "kind", choices = remap_story.KINDS }, "stack" })
parser:flag("--matrix", "Also irq_matrix:*, what each step takes from a CPU.")
parser:flag("--summary", "No lines, only what they come to at the end.")
cli.add_trace_options(parser, { "irte_intel", "irte_amd", "affinity", "vecalloc" })
local options = parser:parse()

local ORDER = { "report", "kind", "time", "ts_ns", "irq", "cpu", "name", "what", "unit", "device", "source", "index",
  "why", "before", "after", "text", "cpus", "was_on", "is_on", "pending", "vector", "on_cpu", "prev_vector", "prev_cpu",
  "moved", "waiting", "reason", "ns", "flush_ns", "wait_ns", "error", "by" }

local function print_record(record, ns)
  if options.summary then
    return
  end
  if options.json then
    record.report, record.time, record.ts_ns = "event", clock.json(ns), ns
    out.json(record, ORDER)
    return
  end
  out.line("%s  CPU %-3d %s", clock.text(ns), record.cpu, remap_story.text(record))
  for _, frame in ipairs(record.stack or {}) do
    out.line("    0x%s : %s", frame.address, frame.name)
  end
end

local function kinds()
  local wanted = {}
  for _, kind in ipairs(options.kind) do
    wanted[kind] = true
  end
  return next(wanted) and wanted or nil
end

local story = remap_story.open({
  irq = options.irq, kinds = kinds(), stacks = options.stack, matrix = options.matrix, way = options.way,
}, print_record)

if #story.sessions == 0 then
  local reasons = {}
  for kind, why in pairs(story.unavailable) do
    reasons[#reasons + 1] = ("%s: %s"):format(kind, why.message)
  end
  table.sort(reasons)
  cli.fail(NAME, table.concat(reasons, "; "))
end

-- What cannot be seen here is said before anything else, not shown as nothing.
local function announce()
  local traced = {}
  for _, kind in ipairs(remap_story.KINDS) do
    local why = story.unavailable[kind]
    if why then
      out.line("not traced: %s: %s", kind, why.message)
    end
  end
  for i, entry in ipairs(story.sessions) do
    traced[i] = entry.name
  end
  out.line("tracing: %s", table.concat(traced, ", "))
end

if not options.json then
  announce()
end

set_interval(function() story:flush() end, 50):unref()

-- ---- the summary ----

local function average(row)
  return row.total_ns / row.count
end

local function with(rows, complete)
  for _, row in ipairs(rows or {}) do
    complete(row)
    row.hist = row.hist and row.hist:buckets() or nil
  end
  return rows
end

local function has_count(row)
  return row.count > 0
end

local function has_life(life)
  local sum = #life.unmatched
  for _, field in ipairs(remap_story.VECTOR_COUNTS) do
    sum = sum + life[field]
  end
  return sum > 0
end

-- What there is in it: rows of a kind of trace, and the lives of vectors.
local SPECS = {
  irtes = { kind = "irte", is_shown = has_count }, affinities = { kind = "affinity", is_shown = has_count },
  faults = { kind = "fault", is_shown = has_count }, vectors = { is_shown = has_life },
}

-- Functions: what tells its rows apart, and what one has more than before.
local function comparison_of(spec)
  local session = story.by_kind[spec.kind]
  if session then
    return function(row) return session:key(row) end, function(row, before) return session:since(row, before) end
  end
  return function(life) return life.irq end, function(life, before)
    local more = rows_of.since(life, before, { sums = remap_story.VECTOR_COUNTS })
    -- Those said before stay said.
    more.unmatched = { unpack(life.unmatched, before and #before.unmatched + 1 or 1) }
    return more
  end
end

local function copy_of(fields)
  return rows_of.since(fields)
end

local function rows_since(rows, before, spec, key, since)
  local list = {}
  for _, row in ipairs(rows) do
    local more = since(row, before and before[key(row)])
    list[#list + 1] = spec.is_shown(more) and more or nil
  end
  return list
end

-- The summary of what came since `before`, and what to compare the next one with.
local function summary_since(before)
  local summary = story:summary()
  local kept = { events = copy_of(story.counts), unseen = summary.unseen }
  for name, spec in pairs(SPECS) do
    local rows, key, since = summary[name], comparison_of(spec)
    if rows then
      kept[name] = rows_of.by_key(rows, key)
      summary[name] = rows_since(rows, before and before[name], spec, key, since)
    end
  end
  summary.unseen = summary.unseen and summary.unseen - (before and before.unseen or 0)
  summary.events = rows_of.since({ events = story.counts }, before, { counts = { "events" } }).events
  return summary, kept
end

local function report(before)
  story:flush(not before)
  local summary, kept = summary_since(before)
  with(summary.irtes, function(row)
    row.avg_ns, row.p99_ns = average(row), row.hist:percentile(99)
    row.flush_avg_ns = row.flushes > 0 and row.flush_ns / row.flushes or nil
  end)
  with(summary.affinities, function(row)
    row.avg_ns, row.p99_ns = average(row), row.hist:percentile(99)
  end)
  summary.events = json.object(summary.events)
  summary.unavailable = next(story.unavailable) and story.unavailable or nil
  summary.out_of_order = story.timeline.out_of_order
  return summary, kept
end

local function is_empty(what)
  for name in pairs(SPECS) do
    if what[name] and #what[name] > 0 then
      return false
    end
  end
  return true
end

local function place(row)
  return ("%s/%s%d"):format(row.unit, row.device and row.device .. "/" or "", row.index)
end

local IRTE_COLUMNS = {
  rowtable.IRQ, rowtable.CPU, { title = "IRTE", field = "place", left = true },
  { title = "WHY", field = "what", left = true, cut = true }, rowtable.COUNT,
  { title = "SAME", field = "unchanged", format = fmt.count, rank = 5 },
  { title = "REFUSED", field = "refused", format = fmt.count, rank = 3 },
  rowtable.AVERAGE, rowtable.P99, rowtable.MAX,
  { title = "INVALIDATE-US", field = "flush_avg_ns", format = fmt.microseconds, rank = 4 },
}
local AFFINITY_COLUMNS = {
  rowtable.IRQ, rowtable.CPU,
  { title = "AFFINITY", field = "what", left = true },
  rowtable.COUNT,
  { title = "LEFT-PENDING", field = "left_pending", format = fmt.count, rank = 3 },
  { title = "REPLACED", field = "replaced", format = fmt.count, rank = 4 },
  { title = "FAILED", field = "failed", format = fmt.count },
  rowtable.AVERAGE, rowtable.P99, rowtable.MAX,
}
local function list_text(list)
  return #list > 0 and table.concat(list, "; ") or "-"
end
local VECTOR_COLUMNS = {
  rowtable.IRQ, { title = "SET-UP", field = "set_up", rank = 4 }, { title = "ALLOC", field = "allocated" },
  { title = "FAILED", field = "failed" }, { title = "MOVED", field = "moved" },
  { title = "UNSEEN", field = "unseen", rank = 3 }, { title = "CLEANED", field = "cleaned", rank = 5 },
  { title = "CLEARED", field = "cleared", rank = 6 }, { title = "TORN-DOWN", field = "torn_down", rank = 7 },
  { title = "NOW", field = "now", left = true },
  { title = "MOVE IN PROGRESS FROM", field = "moving", format = list_text, left = true, cut = true, rank = 1 },
  { title = "UNMATCHED", field = "unmatched", format = list_text, left = true, cut = true, rank = 2 },
}
local CPU_COLUMNS = {
  rowtable.CPU, { title = "VECTORS-LEFT", field = "available" },
  { title = "ALLOCATED", field = "allocated" }, { title = "MANAGED", field = "managed" },
  { title = "MANAGED-IN-USE", field = "managed_allocated" },
}
local FAULT_COLUMNS = {
  { title = "IOMMU", field = "unit", left = true }, { title = "SOURCE", field = "source", left = true },
  rowtable.COUNT, { title = "CODE", field = "code", rank = 1 },
  { title = "REASON", field = "reason", left = true, cut = true },
}

local function section(columns, rows, what)
  if not rows then
    return
  elseif #rows == 0 then
    out.line("\nno %s", what)
  else
    out.line("")
    out.table(columns, rows)
  end
end

local function show(what)
  if what.report == "interval" then
    out.line("\n%s  (MAX-US since the start)", os.date("%H:%M:%S"))
  end
  for _, row in ipairs(what.irtes or {}) do
    row.place = place(row)
  end
  for _, row in ipairs(what.vectors or {}) do
    row.now = row.vector and ("%d of CPU %d"):format(row.vector, row.on_cpu) or nil
  end
  section(IRTE_COLUMNS, what.irtes, "IRTE was written")
  section(AFFINITY_COLUMNS, what.affinities, "affinity was asked for")
  section(VECTOR_COLUMNS, what.vectors, "vector was taken, moved or given back")
  if what.unseen and what.unseen > 0 then
    out.line("%d IRQs moved without an event when CPUs went offline: the kernel emits none on a CPU that is going",
      what.unseen)
  end
  section(CPU_COLUMNS, what.cpus, "CPU's vectors changed")
  section(FAULT_COLUMNS, what.faults, "request was refused by an IOMMU")
  if what.out_of_order > 0 then
    out.line("%d lines are out of order: too many were waiting", what.out_of_order)
  end
  out.line("")
end

cli.run {
  name = NAME,
  title = "interrupt remapping",
  options = options,
  sessions = story.sessions,
  report = report,
  is_empty = is_empty,
  show = show,
  order = ORDER,
}
