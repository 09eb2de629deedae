--- Targets: handlers written in Lua: until they are attached, and what they cost an event, against
-- bpftrace and against clang's code for the same maps.
local tool = require "tool"
local uv = require "uv"

local M = {}

local SLICES, SLICE_SECONDS = 300, 0.003
local MOST_KIB = 6 * 1024
local BYTECODES, MOST_NS = 200, 2e6

-- The last CPU: bpftrace opens its events on the first, where they cost more.
local CPU = tostring(#uv.cpu_info() - 1)

-- Nanoseconds of a system call, slice by slice.
local function call_times(slices)
  local text, times = tool.output_of(tool.path("calls"), CPU, tostring(slices), tostring(SLICE_SECONDS)), {}
  for calls, ns in text:gmatch("(%d+) (%d+)") do
    times[#times + 1] = tonumber(ns) / tonumber(calls)
  end
  return times
end

-- Other tasks only ever add to a slice's time, so the lowest twentieth of many short ones.
local function low(times)
  table.sort(times)
  return times[math.ceil(#times / 20)]
end

-- What a tracer adds to a system call: less programs that do nothing on the same tracepoints, right before and
-- right afterwards.
local function added(command, empty)
  return function()
    local before = tool.during(empty, function() return call_times(SLICES / 2) end)
    local traced = tool.during(command, function() return call_times(SLICES) end)
    local after = tool.during(empty, function() return call_times(SLICES / 2) end)
    return low(traced) - math.min(low(before), low(after))
  end
end

local function attached(command)
  return function()
    return tool.until_attached(command).attached_ns
  end
end

local function memory(command)
  return function()
    local _, result = tool.during(command, function() end)
    return result.rss_kib
  end
end

local function compile_time()
  local text = tool.output_of(tool.build .. "/shark", "tests/bench/compile.lua")
  local ns, bytecodes = text:match "(%d+) (%d+)"
  return tonumber(ns) / tonumber(bytecodes) * BYTECODES
end

local TITLES = { count = "count", hist = "histogram", startstop = "start and stop" }
local LIMITS = { count = 1 / 10, hist = 1 / 8, startstop = 0.75 }

--- @param commands table see peers.commands()
--- @return table[] targets see bench.lua
function M.targets(commands)
  local probes, list = commands.probes, {}
  local start = probes.filter
  list[1] = { name = "probes/start", title = "a filter and a count, exec to attached, against bpftrace", unit = "ms",
    scale = 1e6, ours = attached(start.shark), theirs = attached(start.bpftrace), at_most = 1 / 10 }
  list[2] = { name = "probes/memory", title = "peak RSS of the same", unit = "MiB", scale = 1024,
    ours = memory(start.shark), most = MOST_KIB }
  list[3] = { name = "probes/compile", title = "compiling 200 bytecodes, the first time in a process", unit = "ms",
    scale = 1e6, ours = compile_time, most = MOST_NS }
  for _, what in ipairs { "count", "hist", "startstop" } do
    local of = probes[what]
    for _, peer in ipairs { "bpftrace", "clang" } do
      list[#list + 1] = { name = ("probes/%s-%s"):format(what, peer),
        title = ("%s, added per event, against %s"):format(TITLES[what], peer), unit = "ns", scale = 1,
        ours = added(of.shark, of.empty), theirs = added(of[peer], of.empty),
        at_most = peer == "clang" and 1.1 or LIMITS[what] }
    end
  end
  return list
end

return M
