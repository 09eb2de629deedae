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

local function shark(...)
  return { tool.build .. "/shark", ... }
end

local function bpftrace(program)
  return { "bpftrace", "-q", "-e", program }
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
