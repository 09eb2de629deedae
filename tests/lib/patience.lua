--- How long tests wait before they call something hung.
--
-- Nothing waits so long when all is well. A wait that ends too early calls a slow
-- machine a fault, so waits grow with how slow this one is now: with its load, and
-- with emulation.
local uv = require "uv"

local M = {}

-- What the fixed piece of work takes on an idle machine, in seconds.
local REFERENCE_S = 0.02
local ROUNDS = 3000

-- Half computing, half system calls, as tests are.
local function work()
  local text = ""
  for i = 1, ROUNDS do
    uv.fs_stat("/proc/self/status")
    text = (text .. i):reverse():sub(-200)
  end
  return #text
end

local function cpu_seconds()
  local usage = uv.getrusage()
  return usage.utime.sec + usage.stime.sec + (usage.utime.usec + usage.stime.usec) / 1e6
end

local measured

local function measure()
  if not measured then
    local start, cpu = uv.hrtime(), cpu_seconds()
    work()
    measured = { clock = (uv.hrtime() - start) / 1e9, cpu = cpu_seconds() - cpu }
  end
  return measured
end

--- How many times longer than on a quiet machine things take here, at least 1.
--- Measured once in a process, while whatever else runs, runs.
function M.slowness()
  return math.max(1, measure().clock / REFERENCE_S)
end

--- The same of CPU time: without what the process waited for a CPU.
function M.cpu_slowness()
  return math.max(1, measure().cpu / REFERENCE_S)
end

--- Seconds to wait here for what is sure to come within so many on a quiet machine.
--- @param seconds number @return number
function M.seconds(seconds)
  return seconds * M.slowness()
end

--- A point of time from now on, to be asked whether it has passed.
--- @param seconds number on a quiet machine
--- @return fun(): boolean over
function M.limit(seconds)
  local limit = uv.hrtime() + M.seconds(seconds) * 1e9
  return function()
    return uv.hrtime() >= limit
  end
end

--- Turns the loop until the condition holds; raises when it is waited for in vain.
--- @param what string that is waited for
--- @param condition fun(): any
--- @param seconds? number on a quiet machine; default 120
function M.wait_until(what, condition, seconds)
  local over = M.limit(seconds or 120)
  while not condition() do
    if over() then
      error("waited in vain for " .. what, 2)
    end
    uv.sleep(20)
    uv.run("nowait")
  end
end

return M
