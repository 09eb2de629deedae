-- virtblk-heat: heat map of virtio-blk request times, a line for each slice of time
local cli = require "shark.cli"
local heat = require "shark.text.heat"
local hist = require "shark.hist"
local out = require "shark.text.out"
local terminal = require "shark.text.terminal"
local virtblk = require "shark.virtblk"

local NAME = "virtblk-heat"
local FIRST, LAST = 10, 33 -- 1 us to 8.6 s and more: powers of two of nanoseconds

local parser = cli.parser(NAME, "Heat map of how long virtio-blk requests, or one of their stages, take over time: " ..
  "in the terminal, and as an SVG picture.")
cli.options(parser, { "disk", "svg" })
parser:option("--stage", "This stage instead of the whole request."):choices(virtblk.STAGES)
parser:option("--op", "This operation only: read, write, flush, discard, ..."):argname("OP")
cli.add_trace_options(parser, "virtblk")
local options = parser:parse()
options.interval = options.interval or 1
if options.svg == "-" then
  parser:error "standard output has the map already: --svg takes a file"
end

local write_file = options.svg and cli.writer(NAME, options.svg)

local session, message = virtblk.requests { device = options.disk, way = options.way, audit = true }
if not session then
  cli.fail(NAME, message)
end

local coloured = terminal.is_coloured()

local function is_wanted(row)
  return (not options.op or row.op == options.op) and
    (options.stage and row.stage == options.stage or not options.stage and row.what == "request")
end

local function all_rows()
  local sum = hist.new()
  for _, row in ipairs(session:read()) do
    if row.hist and is_wanted(row) then
      sum:merge(row.hist)
    end
  end
  return sum
end

local last, slices = hist.new(), {}

local function report(before)
  local now = all_rows()
  local slice = now:since(last)
  slices[#slices + 1] = { label = os.date("%H:%M:%S"), counts = heat.columns(slice, FIRST, LAST), n = slice:count() }
  slice = before and slice or now
  last = now
  local what = {
    stage = options.stage or "whole", count = slice:count(), p50_ns = slice:percentile(50),
    p99_ns = slice:percentile(99), hist = slice:buckets(),
  }
  if not options.json then
    what.line = heat.line(heat.columns(slice, FIRST, LAST), FIRST, LAST, coloured)
  end
  return what, before
end

local function write_svg()
  if slices[#slices].n == 0 then -- what came after the last interval
    slices[#slices] = nil
  end
  local title = ("virtio-blk, %s%s"):format(options.stage and "stage " .. options.stage or "issued to completed",
    options.disk and ", " .. options.disk or "")
  write_file(heat.svg(slices, FIRST, LAST, title))
end

if not options.json then
  out.line("%-8s  %s", "", heat.scale(FIRST, LAST))
end

cli.run {
  name = NAME,
  title = "virtio-blk requests",
  filters = { "op", "stage" },
  options = options,
  session = session,
  report = function(before)
    local what, kept = report(before)
    if not before and write_file then
      write_svg()
    end
    return what, kept
  end,
  show = function(what)
    local label = what.report == "total" and "all" or os.date("%H:%M:%S")
    out.raw(("%-8s |%s| %.0f"):format(label, what.line, what.count))
  end,
  order = { "report", "seconds", "stage", "count", "p50_ns", "p99_ns", "hist", "lo", "hi" },
}
