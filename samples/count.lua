-- count: how often probes are hit, by any key: task, CPU, stack, or what you write
local cli = require "shark.cli"
local probetable = require "shark.probetable"

local NAME = "count"

local parser = cli.parser(NAME, "Counts hits of tracepoints, functions or other probes, by key; of a pattern, " ..
  "of all that match, each by its name.")
parser:argument("probe", "block_rq_issue, 'block_*', 'syscalls:sys_enter_*', 'vfs_read()', ...")
cli.options(parser, {
  "where", "sort", "top",
  { "key", more = "comm, tid, pid, cpu, uid, stack, irq, vector, softirq, or NAME=EXPRESSION of Lua with the " ..
    "probe's arguments." },
})
cli.add_run_options(parser)
local options = parser:parse()

local names = probetable.names(NAME, options.probe)
local keys, expressions = probetable.keys(options.key)
if #names > 1 or #keys == 0 then
  table.insert(keys, 1, "probe:text(48)")
  table.insert(expressions, 1, "probe_name")
end
local hits = probetable.declare(NAME, "count", keys)
local body = ("if %s then hits[%s]:add() end"):format(options.where or "true", table.concat(expressions, "]["))

local list = {}
for i, name in ipairs(names) do
  list[i] = { name, probetable.handler(NAME, name, body, { hits = hits, probe_name = name }) }
end

probetable.run {
  name = NAME, options = options, session = probetable.attach(NAME, list), counted = hits, title = options.probe,
}
