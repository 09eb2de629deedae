-- ipis: who sends inter-processor interrupts to whom, and how long they are under way
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local irq = require "shark.irq"
local rowtable = require "shark.rowtable"

local NAME = "ipis"

local parser = cli.parser(NAME, "Inter-processor interrupts: sent by which CPU and from where in the kernel, " ..
  "received by which, and how long they were under way; counted in the kernel.")
cli.options(parser, { { "cpu", more = "What is sent to it and received by it." }, "sort", "top", "hist" })
cli.add_trace_options(parser, "ipi")
local options = parser:parse()

local session, message = irq.ipi { cpu = options.cpu, way = options.way, audit = true }
if not session then
  cli.fail(NAME, message)
end

local function cpu_text(cpu)
  return cpu and tostring(cpu) or "?"
end

rowtable.run {
  name = NAME,
  options = options,
  session = session,
  title = "inter-processor interrupts",
  columns = {
    { title = "IPI", field = "name", left = true },
    { title = "FROM", field = "from", key = true },
    { title = "TO", field = "to", key = true },
    rowtable.COUNT, rowtable.RATE,
    rowtable.AVERAGE, rowtable.P99, rowtable.MAX,
    { title = "PENDING", field = "coalesced", format = fmt.count, rank = 3 },
    { title = "SENT FROM", field = "callsite", left = true, cut = 24 },
  },
  label = function(row) return ("%s, CPU %s to CPU %s"):format(row.name, row.from, row.to) end,
  complete = function(row)
    row.from = row.what == "sent" and tostring(row.cpu) or cpu_text(row.sender)
    row.to = row.what == "received" and tostring(row.cpu) or "-"
  end,
}
