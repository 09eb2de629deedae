-- latency: histograms of the time between two probes, or between a function's entry and return
local cli = require "shark.cli"
local probe = require "shark.probe"
local probetable = require "shark.probetable"

local NAME = "latency"

local parser = cli.parser(NAME, "Histograms of the time from one probe to another: of a function, from its entry to " ..
  "its return. What belongs together is told by --match.")
parser:argument("probe", "Where the time begins: 'vfs_read()', block_rq_issue, syscalls:sys_enter_read, ...")
parser:option("--to", "Where it ends; of a function, its return without this."):argname("PROBE")
parser:option("--match", "What both have the same, an expression of Lua: rq, tid()."):argname("EXPRESSION")
  :default("tid()")
cli.options(parser, { "sort", "top",
  { "key", more = "comm, tid, pid, cpu, irq, softirq, or NAME=EXPRESSION where it ends." } })
cli.add_run_options(parser)
local options = parser:parse()
options.to = options.to or options.probe:find("%(%)$") and "return " .. options.probe
  or parser:error("'--to' says where the time ends")

local keys, expressions = probetable.keys(options.key)
keys[#keys + 1] = { unit = "ns" }
local given = {
  started = probe.map("what:u64", "i64", { entries = 10240 }), times = probetable.declare(NAME, "hist", keys),
}
local key = #expressions > 0 and ("[%s]"):format(table.concat(expressions, "][")) or ""
local left = ("local what = %s; local began = started[what]; if began then times%s:add(now() - began); " ..
  "started[what] = nil end"):format(options.match, key)

probetable.run {
  name = NAME, options = options, counted = given.times, title = options.probe .. " to " .. options.to,
  session = probetable.attach(NAME, {
    { options.probe, probetable.handler(NAME, options.probe, ("started[%s] = now()"):format(options.match), given) },
    { options.to, probetable.handler(NAME, options.to, left, given) },
  }),
}
