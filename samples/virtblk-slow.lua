-- virtblk-slow: a line for every virtio-blk request that took too long, with all its stages
local cli = require "shark.cli"
local clock = require "shark.text.clock"
local fmt = require "shark.fmt"
local out = require "shark.text.out"
local virtblk = require "shark.virtblk"

local NAME = "virtblk-slow"

local parser = cli.parser(NAME, "Prints each virtio-blk request that took at least so long: which of its stages " ..
  "did, who issued it, and the interrupt that ended it.")
cli.options(parser, { { "us", default = "1000" }, "disk", { "cpu", more = "The one where requests complete." } })
cli.add_trace_options(parser, "virtblk")
local options = parser:parse()

local session, message = virtblk.requests {
  device = options.disk, cpu = options.cpu, way = options.way, slower_than_us = options.us, audit = not options.cpu,
}
if not session then
  cli.fail(NAME, message)
end

local ORDER = { "report", "time", "ts_ns", "device", "queue", "op", "sector", "bytes", "ns", "stages", "stage",
  "from", "to", "comm", "pid", "tid", "first_seen", "issue_cpu", "cpu", "completed_in", "irq", "depth", "requeues",
  "status" }

local function stages_text(stages)
  local parts = {}
  for i, stage in ipairs(stages) do
    parts[i] = ("%s %s"):format(stage.stage, fmt.duration(stage.ns))
  end
  return table.concat(parts, ", ")
end

local function place(request)
  local irq = request.irq and ("IRQ %d"):format(request.irq) or "interrupt not seen"
  local seen = request.first_seen ~= "issued" and ", not seen before it was " .. request.first_seen or ""
  return ("%s, CPU %s -> %d, %s%s"):format(irq, request.issue_cpu or "?", request.cpu, request.completed_in, seen)
end

local function new_count()
  return { slow = 0, slowest_ns = 0 }
end

local total, recent = new_count(), new_count() -- of all the time, and since the last report

local function count_request(count, request)
  count.slow, count.slowest_ns = count.slow + 1, math.max(count.slowest_ns, request.ns)
end

session:on(function(event)
  local request = virtblk.copy(event)
  count_request(total, request)
  count_request(recent, request)
  if options.json then
    request.report, request.time = "slow", clock.json(request.ts_ns)
    out.json(request, ORDER)
    return
  end
  out.line("%s  %s queue %d  %s %s  %s  = %s  %s (%d)  %s%s%s", clock.text(request.ts_ns), request.device,
    request.queue, request.op, virtblk.extent(request), fmt.duration(request.ns), stages_text(request.stages),
    request.comm, request.pid, place(request), request.requeues > 0 and ", requeued " .. request.requeues or "",
    request.status ~= "ok" and ", " .. request.status or "")
end)

cli.run {
  name = NAME,
  title = ("virtio-blk requests of %d us and more"):format(options.us),
  options = options,
  session = session,
  report = function(before)
    local count = before and recent or total
    local report = { threshold_us = options.us, slow = count.slow, slowest_ns = count.slowest_ns }
    recent = new_count()
    if not before then
      report.open, report.open_unknown = session:open_requests()
    end
    return report, before
  end,
  is_empty = function(report) return report.slow == 0 end,
  show = function(what)
    out.line("%d took %d us or more%s", what.slow, options.us,
      what.slow > 0 and ", the slowest " .. fmt.duration(what.slowest_ns) or "")
    if what.open and #what.open > 0 then
      out.line("%d issued and not completed; shark virtblk lists them", #what.open)
    end
  end,
  order = { "threshold_us", "slow", "slowest_ns", "open", "open_unknown", "ts_ns", "device", "queue", "op",
    "sector", "bytes", "ns" },
}
