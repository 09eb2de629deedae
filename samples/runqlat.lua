-- runqlat: how long tasks that can run wait for a CPU, as histograms
local cli = require "shark.cli"
local probe = require "shark.probe"
local probetable = require "shark.probetable"

local NAME = "runqlat"

local parser = cli.parser(NAME, "How long tasks wait for a CPU from when they can run: woken up, or made to give " ..
  "way to another.")
parser:flag("--tasks", "A histogram for each task's name.")
cli.options(parser, { "pid", "sort", "top" })
cli.add_run_options(parser)
local options = parser:parse()

local by_task, pid = options.tasks or false, options.pid or -1
local waits = by_task and probe.hist("comm", { unit = "ns" }) or probe.hist { unit = "ns" }
local since = probe.map("tid", "i64", { entries = 16384 })

local function enqueued(task)
  if task.pid > 0 and (pid < 0 or task.tgid == pid) then since[task.pid] = now() end
end

-- Who is preempted on the way to sleep has a state other than 0, and still waits for a CPU.
local function switched(preempt, prev, next)
  local state = probe.has(prev, "__state") and prev.__state or prev.state
  if preempt or state == 0 then enqueued(prev) end
  local began = since[next.pid]
  if began then
    local ns = now() - began
    if by_task then waits[str(next.comm)]:add(ns) else waits:add(ns) end
    since[next.pid] = nil
  end
end

probetable.run {
  name = NAME, options = options, counted = waits, title = "waiting for a CPU",
  session = probetable.attach(NAME,
    { { "sched_wakeup", enqueued }, { "sched_wakeup_new", enqueued }, { "sched_switch", switched } }),
}
