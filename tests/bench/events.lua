--- Targets: events handed over to a script, and what that costs.
local ffi = require "ffi"
require "shark.events" -- declares the records
local peers = require "peers"
local stats = require "stats"
local tool = require "tool"

local M = {}

local SECONDS = 2
-- A softirq's record, and how much may wait before the reader is woken (core/trace/session.c).
local RECORD_BYTES, WAKE_AT = ffi.sizeof "struct shark_deferred_event", peers.RING_BYTES / 2
local BCC_RECORD_BYTES = 24 -- deliver.py
local SLOW_RATE, SLOW_SECONDS = 10 * 1000, 3

local function flood()
  return tool.flood_all(SECONDS)
end

-- ---- how many were delivered: of a finished run ----

local function lines(result)
  return (select(2, result.output:gsub("\n", "")))
end

local function said(result)
  local n = result.output:match("events (%d+)")
  return n and tonumber(n) or error("said nothing: " .. result.output:sub(-200), 0)
end

-- Two records for each softirq.
local function samples_of_perf(command)
  return function()
    local text = tool.output_of("perf", unpack(command))
    os.remove(command[#command])
    local n = text:match("SAMPLE events:%s*(%d+)")
    return n and tonumber(n) / 2 or error("perf report names no samples", 0)
  end
end

local function delivered(command, count, blind)
  return function()
    local slice, result = tool.during(command, flood, blind)
    return count(result) / (slice.ns / 1e9)
  end
end

-- Without an event to pay for: the same loop fills the ring of each, in the way that its
-- own programs would: records of its size, woken as its programs wake.
local function fed(command, record_bytes, wake_at)
  return function()
    local feed, result = tool.during(command, function(pid)
      return tool.feed(pid, record_bytes, wake_at, SECONDS)
    end)
    return said(result) / (feed.ns / 1e9)
  end
end

local function lost(command)
  return function()
    local _, result = tool.during(command, flood)
    return tonumber(result.output:match("lost (%d+)"))
  end
end

-- ---- what the consumer takes ----

-- Per cent of a CPU at a given rate. What the consumer takes before and after
-- the load is counted too.
local function share(command)
  return function()
    local slice, result = tool.during(command, function()
      return tool.flood("-r", tostring(SLOW_RATE), "-s", tostring(SLOW_SECONDS))[1]
    end)
    return tonumber(result.output:match("cpu_ns (%d+)")) / slice.ns * 100
  end
end

-- The first round of a run compiles; it is not counted.
local function drain_time(program, args)
  return function()
    local times = {}
    for ns in tool.output_of(program, unpack(args)):gmatch("ns_per_event (%S+)") do
      times[#times + 1] = tonumber(ns)
    end
    table.remove(times, 1)
    return stats.median(times)
  end
end

-- A load that gives less than so many times the peer's rate cannot show it.
local function enough_load(found, limit)
  local slice = flood()
  local rate = slice.softirqs / slice.ns * 1e9
  if rate >= limit * found.theirs.median then
    return nil
  end
  return ("the load gives %.2f M softirqs/s untraced, %.1f times what the peer is handed: no tracer can reach %g")
    :format(rate / 1e6, rate / found.theirs.median, limit)
end

--- @return table[] targets see bench.lua
function M.targets(commands)
  local events, drain = commands.events, commands.drain
  local list = {}
  local function against(name, title, limit, theirs)
    list[#list + 1] = { name = "events/" .. name, title = "events delivered to the script, against " .. title,
      unit = "M/s", scale = 1e6, at_least = limit, ours = delivered(events.shark, said), theirs = theirs,
      beyond = enough_load }
  end
  against("bpftrace", "bpftrace printf", 50, delivered(events.bpftrace, lines))
  against("bcc", "bcc ring buffer, Python", 6, delivered(events.bcc, said))
  list[#list + 1] = { name = "fed/bcc", title = "events handed over when the ring never empties, against bcc",
    unit = "M/s", scale = 1e6, at_least = 6, ours = fed(events.shark, RECORD_BYTES, WAKE_AT),
    theirs = fed(events.bcc, BCC_RECORD_BYTES, 0) }
  against("perf", "perf record", 1.5, delivered(events.perf, samples_of_perf(events.perf_report), true))
  list[#list + 1] = { name = "events/lost", title = "events lost by shark under the same load", unit = "",
    scale = 1, ours = lost(events.shark), most = 0 }
  list[#list + 1] = { name = "consumer/c", title = "CPU per event in Lua batches, against the same in C", unit = "ns",
    scale = 1, ours = drain_time(unpack(drain.shark)), theirs = drain_time(unpack(drain.c)), at_most = 1.3 }
  list[#list + 1] = { name = "consumer/on", title = "CPU per event handed over singly, against the same in C",
    unit = "ns", scale = 1, ours = drain_time(unpack(drain.each)), theirs = drain_time(unpack(drain.c)), at_most = 1.6 }
  list[#list + 1] = { name = "consumer/10k", title = "share of a CPU at 10,000 events/s", unit = "%", scale = 1,
    ours = share(events.shark), most = 3 }
  return list
end

return M
