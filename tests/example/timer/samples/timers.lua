-- timers: how long the functions of kernel timers run, by function and CPU
local cli = require "shark.cli"
local rowtable = require "shark.rowtable"

local NAME = "timers"

local parser = cli.parser(NAME, "How long the functions of kernel timers run, counted in the kernel.")
cli.options(parser, { "cpu", "hist" })
cli.add_trace_options(parser, "timer")
local options = parser:parse()

local session, message = shark.trace("timer", { cpu = options.cpu, way = options.way })
if not session then
  cli.fail(NAME, message)
end

rowtable.run {
  name = NAME,
  options = options,
  session = session,
  title = "functions of timers",
  columns = {
    { title = "FUNCTION", field = "func", left = true },
    { title = "CPU", field = "cpu" },
    rowtable.COUNT, rowtable.RATE, rowtable.TOTAL, rowtable.AVERAGE, rowtable.P99, rowtable.MAX,
  },
  label = function(row) return ("%s, CPU %d"):format(row.func, row.cpu) end,
}
