-- sysvecs: time in system vectors (local timer, IPIs, thermal, errors) and NMIs, by CPU
local cli = require "shark.cli"
local irq = require "shark.irq"
local rowtable = require "shark.rowtable"

local NAME = "sysvecs"

local parser = cli.parser(NAME, "Time in the handlers of system vectors (local timer, reschedule, call function, " ..
  "irq work, thermal, errors) and NMIs, by vector and CPU, counted in the kernel.")
cli.options(parser, { "vector", "cpu", "sort", "top", "hist" })
cli.add_trace_options(parser, "vector")
local options = parser:parse()

local session, message = irq.vector {
  vector = options.vector, cpu = options.cpu, way = options.way, audit = true,
}
if not session then
  cli.fail(NAME, message)
end

rowtable.run {
  name = NAME,
  options = options,
  session = session,
  title = "system vectors",
  columns = {
    { title = "VECTOR", field = "vector", key = true },
    { title = "NAME", field = "name", left = true },
    rowtable.CPU,
    rowtable.COUNT, rowtable.RATE, rowtable.TOTAL, rowtable.AVERAGE, rowtable.P99, rowtable.MAX,
    { title = "NMI HANDLER", field = "handler", left = true, cut = true, rank = 5 },
  },
  label = function(row) return ("%s, CPU %d"):format(row.name, row.cpu) end,
}
