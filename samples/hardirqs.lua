-- hardirqs: time in hard interrupt handlers, by IRQ, action and CPU
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local irq = require "shark.irq"
local rowtable = require "shark.rowtable"

local NAME = "hardirqs"

local parser = cli.parser(NAME, "Time in hard interrupt handlers, by IRQ, action and CPU, counted in the kernel.")
cli.options(parser, { "irq", "cpu", "sort", "top", "hist" })
cli.add_trace_options(parser, "hardirq")
local options = parser:parse()

local session, message = irq.hardirq {
  irq = options.irq, cpu = options.cpu, way = options.way, audit = true,
}
if not session then
  cli.fail(NAME, message)
end

local chips

rowtable.run {
  name = NAME,
  options = options,
  session = session,
  title = "hard interrupt handlers",
  columns = {
    rowtable.IRQ, rowtable.CPU,
    { title = "CHIP", field = "chip", left = true, rank = 6 },
    { title = "ACTION", field = "action", left = true, cut = true },
    rowtable.COUNT, rowtable.RATE, rowtable.TOTAL, rowtable.AVERAGE, rowtable.P99, rowtable.MAX,
    { title = "NONE", field = "none", format = fmt.count, rank = 5 },
  },
  label = function(row) return ("IRQ %d %s, CPU %d"):format(row.irq, row.action, row.cpu) end,
  prepare = function() chips = irq.interrupts() or {} end,
  complete = function(row)
    local entry = chips[row.irq] or {}
    row.chip, row.hwirq, row.flow = entry.chip, entry.hwirq, entry.flow
  end,
  more = { "chip", "hwirq", "flow" },
}
