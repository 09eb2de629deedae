--- What is run: for each job shark's command, and the peers'.
local shell = require "shell"
local tool = require "tool"
local uv = require "uv"

local M = {}

-- Room for events, the same for all who have a choice.
local RING_PAGES = 256
M.RING_BYTES = RING_PAGES * 4096

local HARDIRQ_COUNT = "tracepoint:irq:irq_handler_entry { @ = count(); }"

local HARDIRQ_HIST = [[
tracepoint:irq:irq_handler_entry { @start[cpu, args->irq] = nsecs; }
tracepoint:irq:irq_handler_exit {
  if (@start[cpu, args->irq]) {
    @us[args->irq] = hist(nsecs - @start[cpu, args->irq]);
    delete(@start[cpu, args->irq]);
  }
}]]

-- Softirqs do not nest, so a start for each CPU is enough.
local SOFTIRQ_HIST = [[
tracepoint:irq:softirq_entry { @start[cpu] = nsecs; }
tracepoint:irq:softirq_exit {
  if (@start[cpu]) {
    @ns[args->vec] = hist(nsecs - @start[cpu]);
    delete(@start[cpu]);
  }
}]]

local SOFTIRQ_PRINT = [[
tracepoint:irq:softirq_entry { @start[cpu] = nsecs; }
tracepoint:irq:softirq_exit { printf("%d %d %d\n", args->vec, cpu, nsecs - @start[cpu]); }]]

local SOFTIRQ_SESSION = [[
local session = assert(require("shark.irq").softirq { wait = false, context = false })
set_interval(function() end, 3600 * 1000)]]

-- Opens a session, hands events to a handler for a moment, ends.
local STREAM_BRIEFLY = [[
local session = assert(require("shark.irq").hardirq {})
local n = 0
session:on(function() n = n + 1 end)
set_timeout(shark.stop, 300)]]

-- Handlers in Lua on the tracepoints of system calls; what they do is in probes.bpf.c, too.
local PROBES = [[
local probe = require "shark.probe"
local n, lat, started = probe.count(), probe.hist(), probe.map("tid", "u64")
local function on(name, fn) assert(probe.on(name, fn)) end
%s
set_interval(function() end, 3600 * 1000)]]

local PROBE = {
  filter = 'on("sched_switch", function(_, prev) if prev.pid > 100 then n:add() end end)',
  empty = 'on("sys_enter", function() end)',
  empty_pair = 'on("sys_enter", function() end) on("sys_exit", function() end)',
  count = 'on("sys_enter", function() n:add() end)',
  hist = 'on("sys_enter", function(_, id) lat:add(id) end)',
  startstop = [[
on("sys_enter", function() started[tid()] = now() end)
on("sys_exit", function()
  local t = started[tid()]
  if t then
    lat:add(now() - t)
    started[tid()] = nil
  end
end)]],
}

local PROBE_BPFTRACE = {
  filter = "tracepoint:sched:sched_switch /args->prev_pid > 100/ { @ = count(); }",
  count = "tracepoint:raw_syscalls:sys_enter { @ = count(); }",
  hist = "tracepoint:raw_syscalls:sys_enter { @ = hist(args->id); }",
  startstop = "tracepoint:raw_syscalls:sys_enter { @s[tid] = nsecs; } "
    .. "tracepoint:raw_syscalls:sys_exit /@s[tid]/ { @ = hist(nsecs - @s[tid]); delete(@s[tid]); }",
}

local function shark(...)
  return { tool.build .. "/shark", ... }
end

local function bpftrace(program)
  return { "bpftrace", "-q", "-e", program }
end

local function probe(name)
  return shark("-e", PROBES:format(PROBE[name]))
end

local function probe_commands(name, empty)
  return { shark = probe(name), bpftrace = bpftrace(PROBE_BPFTRACE[name]), empty = probe(empty),
    clang = { tool.path("clock_pair"), tool.path("probe_" .. name .. ".o") } }
end

--- The commands by name. Needs tool.use() before.
function M.commands()
  local perf_data = tool.path("perf.data")
  return {
    hardirqs = {
      shark = shark "hardirqs",
      bpftrace_count = bpftrace(HARDIRQ_COUNT),
      bpftrace_hist = bpftrace(HARDIRQ_HIST),
      bcc = { "hardirqs-bpfcc" },
      libbpf_tools = { shell.libbpf_tool "hardirqs" },
      bare_c = { tool.path("replay"), tool.path("hardirq.calls") },
    },
    open_and_close = {
      shark = shark("-e", 'assert(require("shark.irq").hardirq {}):close()'),
      bpftrace = bpftrace("BEGIN { exit(); } " .. HARDIRQ_COUNT),
    },
    stream = {
      shark = shark("-e", STREAM_BRIEFLY),
    },
    softirqs = {
      shark = shark("-e", SOFTIRQ_SESSION),
      bpftrace = bpftrace(SOFTIRQ_HIST),
      bcc = { "softirqs-bpfcc", "-d" },
      libbpf_tools = { shell.libbpf_tool "softirqs", "-d" },
      clock = { tool.path("clock_pair"), tool.path("clock_pair.o") },
    },
    events = {
      shark = shark("tests/bench/deliver.lua", tostring(M.RING_BYTES)),
      bpftrace = bpftrace(SOFTIRQ_PRINT),
      bcc = { "/usr/bin/python3", "tests/bench/deliver.py", tostring(RING_PAGES) },
      perf = { "perf", "record", "-q", "-a", "-m", tostring(RING_PAGES / 2), "-e", "irq:softirq_entry",
        "-e", "irq:softirq_exit", "-o", perf_data },
      perf_report = { "report", "--stats", "-i", perf_data },
    },
    probes = {
      filter = probe_commands("filter", "empty"),
      count = probe_commands("count", "empty"),
      hist = probe_commands("hist", "empty"),
      startstop = probe_commands("startstop", "empty_pair"),
    },
    drain = {
      shark = { tool.build .. "/shark", { "tests/bench/drain.lua", tool.path("flood"), "on_batch" } },
      each = { tool.build .. "/shark", { "tests/bench/drain.lua", tool.path("flood"), "on" } },
      c = { tool.path("drain"), { tool.path("flood") } },
    },
  }
end

--- What peers read from their environment.
function M.set_environment()
  local headers = tool.path("headers")
  if uv.fs_stat(headers) then
    uv.os_setenv("BCC_KERNEL_SOURCE", headers)
  end
  uv.os_setenv("BPFTRACE_PERF_RB_PAGES", tostring(RING_PAGES))
end

return M
