-- irqthreads: how long threads of interrupt handlers wait for a CPU and run
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local irq = require "shark.irq"
local rowtable = require "shark.rowtable"

local NAME = "irqthreads"

local parser = cli.parser(NAME, "Threaded interrupt handlers: how long their threads wait for a CPU after being " ..
  "woken, and how long they run; counted in the kernel.")
cli.options(parser, { "irq", "cpu", "sort", "top", "hist" })
cli.add_trace_options(parser, "irqthread")
local options = parser:parse()

local session, message = irq.thread { irq = options.irq, cpu = options.cpu, way = options.way }
if not session then
  cli.fail(NAME, message)
end

rowtable.run {
  name = NAME,
  options = options,
  session = session,
  title = "threads of interrupt handlers",
  columns = {
    rowtable.IRQ, rowtable.CPU,
    { title = "ACTION", field = "action", left = true, cut = true },
    { title = "WAKES", field = "wakes", format = fmt.count, rank = 5 },
    rowtable.COUNT, rowtable.RATE, rowtable.TOTAL, rowtable.AVERAGE, rowtable.P99, rowtable.MAX,
    { title = "PREEMPTED-US", field = "preempted_ns", format = fmt.microseconds, rank = 4 },
    { title = "WAIT-US", field = "wait_avg_ns", format = fmt.microseconds, rank = 2 },
    { title = "WAIT99-US", field = "wait_p99_ns", format = fmt.microseconds, rank = 3 },
    { title = "WAITMAX-US", field = "wait_max_ns", format = fmt.microseconds, most = true },
  },
  label = function(row) return ("IRQ %d %s, CPU %d"):format(row.irq, row.action, row.cpu) end,
  is_shown = function(row) return row.count > 0 or row.wakes > 0 end,
  complete = function(row)
    row.wait_avg_ns = row.waits > 0 and row.wait_ns / row.waits or nil
    row.wait_p99_ns = row.wait_hist:percentile(99)
  end,
  more = { "wait_avg_ns", "wait_p99_ns" },
}
