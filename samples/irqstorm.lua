-- irqstorm: which interrupts come how often and in bursts, who hogs which CPU, and what to do
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local irq = require "shark.irq"
local out = require "shark.text.out"
local rowtable = require "shark.rowtable"
local schedule = require "shark.schedule"
local storm = require "shark.storm"

local NAME = "irqstorm"
local SAMPLE_MS = 20 -- bursts are told apart at this distance

local parser = cli.parser(NAME, "Rates and bursts of interrupts, softirqs and system vectors, the share of each " ..
  "CPU's time they take, and what can be done about it.")
cli.options(parser, { "sort", { "top", default = "10" } })
parser:flag("--per-cpu", "The CPUs' shares only, and the advice.")
cli.add_trace_options(parser, "softirq") -- the ways of all three
local options = parser:parse()

-- ---- sessions ----

local kinds = {
  { name = "hardirq", open = irq.hardirq },
  { name = "softirq", open = irq.softirq },
  { name = "vector", open = irq.vector },
}
for _, kind in ipairs(kinds) do
  local message
  kind.session, message = kind.open { way = options.way, audit = true }
  if not kind.session then
    cli.fail(NAME, message)
  end
end

for _, kind in ipairs(kinds) do
  kind.peaks = storm.peaks(kind.session, SAMPLE_MS / 1e3)
end

local function sample()
  for _, kind in ipairs(kinds) do
    kind.peaks:sample(schedule.now())
  end
end

set_interval(sample, SAMPLE_MS)

-- ---- figures of a window ----

local function hardirq_source(row)
  return { kind = "IRQ", id = row.irq, name = ("IRQ %d %s"):format(row.irq, row.action), none = row.none }
end

local function softirq_source(row)
  return { kind = "softirq", id = row.number, name = "softirq " .. row.softirq, ksoftirqd = row.ksoftirqd }
end

local function vector_source(row)
  local handler = row.handler and (" %s"):format(row.handler) or ""
  return { kind = "vector", id = row.vector, name = row.name .. handler }
end

local source_of = { hardirq = hardirq_source, softirq = softirq_source, vector = vector_source }

local function add_source(list, kind, row, before, is_total, seconds)
  local source = source_of[kind.name](row)
  source.cpu = row.cpu
  source.count = row.count - (before and before.count or 0)
  if source.count == 0 then
    return
  end
  source.total_ns = row.total_ns - (before and before.total_ns or 0)
  source.rate, source.share = source.count / seconds, source.total_ns / 1e9 / seconds
  source.none = source.none and source.none - (before and before.none or 0)
  source.ksoftirqd = source.ksoftirqd and source.ksoftirqd - (before and before.ksoftirqd or 0)
  local key = kind.session:key(row)
  kind.peaks:note(key, source.rate)
  source.peak_rate = kind.peaks:of(key, is_total)
  source.max_ns = row.max_ns
  list[#list + 1] = source
end

local function cpus_of(sources)
  local by_cpu, list = {}, {}
  for _, source in ipairs(sources) do
    local cpu = by_cpu[source.cpu]
    if not cpu then
      cpu = { cpu = source.cpu, share = 0, device_count = 0, most = 0 }
      by_cpu[source.cpu], list[#list + 1] = cpu, cpu
    end
    cpu.share = cpu.share + source.share
    cpu.device_count = cpu.device_count + (source.kind == "IRQ" and source.count or 0)
    if source.share > cpu.most then
      cpu.most, cpu.top = source.share, source.name
    end
  end
  table.sort(list, function(a, b) return a.cpu < b.cpu end)
  return list
end

local function measure(before, seconds)
  sample()
  local sources, rows_now = {}, {}
  for _, kind in ipairs(kinds) do
    for _, row in ipairs(kind.session:read()) do
      local key = kind.name .. " " .. kind.session:key(row)
      add_source(sources, kind, row, before and before[key], not before, seconds)
      rows_now[key] = row
    end
    kind.peaks:end_window()
  end
  table.sort(sources, function(a, b) return a.share > b.share end)
  local figures = { seconds = seconds, sources = sources, cpus = cpus_of(sources) }
  figures.advice = storm.advice(figures)
  return figures, rows_now
end

-- ---- text ----

local function percent(share)
  return ("%.1f%%"):format(share * 100)
end

local SOURCES = {
  { title = "SOURCE", field = "name", left = true, cut = true },
  rowtable.CPU, rowtable.COUNT, rowtable.RATE,
  { title = "PEAK-S", field = "peak_rate", format = fmt.rate, rank = 1 },
  { title = "OF-CPU", field = "share", format = percent, most = true },
  rowtable.MAX,
}
local CPUS = {
  rowtable.CPU,
  { title = "IN-INTERRUPTS", field = "share", format = percent, most = true },
  { title = "DEVICE-IRQS", field = "device_count", format = fmt.count },
  { title = "MOST IN", field = "top", left = true, cut = true },
}

local function show(what)
  out.line("\n%s, %.1f s", what.report == "interval" and os.date("%H:%M:%S") or "interrupts", what.window)
  if not options.per_cpu then
    local top, left_out = cli.arranged(NAME, options, SOURCES, what.sources)
    out.table(SOURCES, top, { left_out = left_out })
    out.line("")
  end
  out.table(CPUS, what.cpus)
  for _, line in ipairs(what.advice) do
    out.warn("! %s", line)
  end
  if #what.advice == 0 then
    out.line("nothing out of the ordinary")
  end
end

cli.arranged(NAME, options, SOURCES, {}) -- before the trace: of a wrong column one learns now
cli.run {
  name = NAME,
  title = "interrupts",
  options = options,
  sessions = kinds,
  report = function(before, seconds)
    local figures, kept = measure(before, seconds)
    return { window = figures.seconds, sources = figures.sources, cpus = figures.cpus, advice = figures.advice }, kept
  end,
  show = show,
  order = { "window", "sources", "kind", "id", "name", "cpu", "count", "rate", "peak_rate", "share", "total_ns",
    "max_ns",
    "none", "ksoftirqd", "cpus", "device_count", "top", "most", "advice" },
}
