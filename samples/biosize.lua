-- biosize: sizes of block requests, as histograms by task
local cli = require "shark.cli"
local probe = require "shark.probe"
local probetable = require "shark.probetable"

local NAME = "biosize"

local parser = cli.parser(NAME, "Sizes of requests to disks as they are handed to the driver, by the task that did it.")
cli.options(parser, {
  "sort", "top",
  { "key", more = "comm, pid, cpu, or NAME=EXPRESSION with rq, the request.", default = { "comm" } },
})
cli.add_run_options(parser)
local options = parser:parse()

local keys, expressions = probetable.keys(options.key)
keys[#keys + 1] = { unit = "bytes" }
local sizes = probe.hist(unpack(keys))
-- Since 5.11 the queue is no argument of its own any more.
local asked = probe.describe "block_rq_issue" or { arguments = {} }
local last = asked.arguments[#asked.arguments] or { name = "rq" }
local body = ("local rq = %s; sizes[%s]:add(rq.__data_len)"):format(last.name, table.concat(expressions, "]["))

probetable.run {
  name = NAME, options = options, counted = sizes, title = "sizes of block requests",
  session = probetable.attach(NAME, {
    { "block_rq_issue", probetable.handler(NAME, "block_rq_issue", body, { sizes = sizes }) },
  }),
}
