-- trace: a line for each hit of a probe, with the fields you choose
local cli = require "shark.cli"
local clock = require "shark.text.clock"
local probetable = require "shark.probetable"

local NAME = "trace"

local parser = cli.parser(NAME, "Prints a line for each hit of a probe: the time, and what you choose of it.")
parser:argument("probe", "block_rq_issue, sched:sched_switch, 'vfs_read()', ...; 'shark args PROBE' has its arguments.")
cli.options(parser, {
  { "field", more = "comm, tid, pid, cpu, uid, stack, irq, vector, softirq, or NAME=EXPRESSION of Lua with the " ..
    "probe's arguments." }, "where",
})
cli.add_run_options(parser)
local options = parser:parse()
local fields = #options.field > 0 and options.field or { "comm", "pid", "cpu" }

local OWN = { time = true, ts_ns = true, report = true }

local names, expressions = probetable.keys(fields)
local columns = { { title = "TIME", field = "time", width = 18 } }
local sent = { "ts_ns = now()" }
for i, name in ipairs(names) do
  local field = name:match("^[%w_]+")
  if OWN[field] then
    parser:error(("a field cannot be named '%s'"):format(field))
  end
  columns[i + 1] = { title = field:upper(), field = field, width = 16 }
  sent[i + 1] = ("%s = %s"):format(field, expressions[i])
end
local body = ("if %s then emit { %s } end"):format(options.where or "true", table.concat(sent, ", "))

probetable.lines {
  name = NAME, options = options, columns = columns, what = "hits",
  session = probetable.attach(NAME, { { options.probe, probetable.handler(NAME, options.probe, body) } }),
  prepare = function(record)
    record.time = options.json and clock.json(record.ts_ns) or clock.text(record.ts_ns)
  end,
}
