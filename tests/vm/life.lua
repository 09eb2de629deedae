--- Tells a guest that hangs from one that is kept waiting.
--
-- What counts is the guest's own time: what QEMU computed, and what it slept of its own
-- accord. The time in which it wanted a CPU of this machine and had none is not the
-- guest's, so a machine under load changes nothing but the time that everything takes.
local ffi = require "ffi"
local uv = require "uv"

ffi.cdef "long sysconf(int name);"

local M = {}
local Life = {}
Life.__index = Life

local SC_CLK_TCK = 2
local TICKS_PER_SECOND = tonumber(ffi.C.sysconf(SC_CLK_TCK))
local INTERVAL_MS = 500

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

-- CPU time of a process, threads that have ended too, in seconds: proc(5), utime and stime.
local function cpu_seconds(pid)
  local text = read(("/proc/%d/stat"):format(pid))
  local user, system = (text or ""):match("^.*%) %S" .. (" %S+"):rep(10) .. " (%d+) (%d+)")
  return user and (user + system) / TICKS_PER_SECOND
end

-- What its threads waited for a CPU, in seconds: Documentation/scheduler/sched-stats.rst.
local function waited_seconds(pid)
  local directory, sum = ("/proc/%d/task"):format(pid), 0
  local scan = uv.fs_scandir(directory)
  for tid in function() return scan and uv.fs_scandir_next(scan) end do
    local waited = (read(("%s/%s/schedstat"):format(directory, tid)) or ""):match("^%d+ (%d+)")
    sum = sum + (tonumber(waited) or 0)
  end
  return sum / 1e9
end

local function sample(pid)
  return { wall = uv.hrtime() / 1e9, cpu = cpu_seconds(pid), waited = waited_seconds(pid) }
end

local function advance(life)
  local now, before = sample(life.pid), life.last
  if not now.cpu then
    return
  end
  local cpu = math.max(0, now.cpu - before.cpu)
  local waited = math.max(0, now.waited - before.waited)
  life.spent.cpu = life.spent.cpu + cpu
  life.spent.idle = life.spent.idle + math.max(0, now.wall - before.wall - cpu - waited)
  life.last = now
end

--- Watches a process.
--- @param pid integer
--- @param on_tick fun() some times a second
function M.watch(pid, on_tick)
  local life = setmetatable({ pid = pid, spent = { cpu = 0, idle = 0 }, timer = uv.new_timer() }, Life)
  life.last = sample(pid)
  life.timer:start(INTERVAL_MS, INTERVAL_MS, function()
    advance(life)
    on_tick()
  end)
  return life
end

--- The process' own time so far.
--- @return table { cpu, idle } seconds
function Life:now()
  return { cpu = self.spent.cpu, idle = self.spent.idle }
end

--- Its own time since then.
--- @param mark table from now() @return table { cpu, idle } seconds
function Life:since(mark)
  return { cpu = self.spent.cpu - mark.cpu, idle = self.spent.idle - mark.idle }
end

--- Ends the watch.
function Life:close()
  if not self.timer:is_closing() then
    self.timer:close()
  end
end

return M
