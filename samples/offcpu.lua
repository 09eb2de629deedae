-- offcpu: how long tasks were off their CPU, by the stack that they left it with
local cli = require "shark.cli"
local probe = require "shark.probe"
local probetable = require "shark.probetable"

local NAME = "offcpu"

local parser = cli.parser(NAME, "How long tasks were off their CPU, by name and kernel stack: where they waited.")
cli.options(parser, { "pid", "sort", "top", { "us", default = "1" } })
cli.add_run_options(parser)
local options = parser:parse()

local only, least_ns = options.pid or -1, options.us * 1000
local off = probe.sum("comm", "stack", { unit = "ns" })
local since = probe.map("tid", "i64", { entries = 16384 })
local stacks = probe.map("tid", "i64", { entries = 16384 })

local function switched(_, prev, next)
  if prev.pid > 0 and (only < 0 or prev.tgid == only) then
    since[prev.pid], stacks[prev.pid] = now(), stack()
  end
  local began, where = since[next.pid], stacks[next.pid]
  if began then
    local ns = now() - began
    if where and ns >= least_ns then off[str(next.comm)][where]:add(ns) end
    since[next.pid], stacks[next.pid] = nil, nil
  end
end

probetable.run {
  name = NAME, options = options, counted = off, title = "off the CPU",
  session = probetable.attach(NAME, { { "sched_switch", switched } }),
}
