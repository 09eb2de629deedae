--- Hands every softirq to a handler until SIGINT; says how many, how many were
--- lost, and what that took. Argument: bytes of the ring.
local bit = require "bit"
local ffi = require "ffi"
local irq = require "shark.irq"
local uv = require "uv"

local session = assert(irq.softirq { wait = false, context = false, ring_bytes = tonumber(arg[1]) })

local function cpu_ns()
  local usage = uv.getrusage()
  local us = (usage.utime.sec + usage.stime.sec) * 1e6 + usage.utime.usec + usage.stime.usec
  return us * 1000
end

-- What a script does with events: count, add up, keep the longest.
local counts = ffi.new("int32_t[10][64]")
local n, sum, longest = 0, 0, 0
assert(session:on(function(event)
  local ns = tonumber(event.ns)
  n = n + 1
  sum = sum + ns
  longest = math.max(longest, ns)
  local bucket = ns < 8192 and bit.rshift(ns, 7) or 63
  counts[event.softirq][bucket] = counts[event.softirq][bucket] + 1
end))
local start_ns = cpu_ns()

shark.on_end(function()
  local cpu = cpu_ns() - start_ns
  session:stop()
  local lost = session:loss()
  print(("events %.0f lost %.0f cpu_ns %.0f"):format(n, lost.ring_drops + lost.undelivered, cpu))
end)
set_interval(function() end, 3600 * 1000)
