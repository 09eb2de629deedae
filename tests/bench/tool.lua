--- Runs tracers, ours and others', under tests/bench/launch.c.
local patience = require "patience"
local proc = require "proc"
local uv = require "uv"

local M = {}

--- Directory of the build and, in it, of the bench's programs and files.
M.build, M.dir = nil, nil

--- Says where the build is.
function M.use(build)
  M.build, M.dir = build, build .. "/bench"
end

--- A file in the bench's directory.
function M.path(name)
  return M.dir .. "/" .. name
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return text
end

-- The last line of what a tool said is mostly the reason why it failed.
local function last_line(text)
  return text:match("([^\n]+)%s*$") or "no reason given"
end

local function start(command, options)
  local args = {}
  for _, arg in ipairs(options) do
    args[#args + 1] = arg
  end
  for _, arg in ipairs(command) do
    args[#args + 1] = arg
  end
  return proc.start(M.path("launch"), args, { stdin = true })
end

local function result_of(child, output)
  local text = child.wait().out
  local ns, rss, status, signal = text:match("ended (%d+) (%d+) (%d+) (%d+)")
  if not ns then
    error("could not be started: " .. last_line(child.err()), 0)
  end
  return {
    attached_ns = tonumber(text:match("attached (%d+)")), ended_ns = tonumber(ns),
    rss_kib = tonumber(rss), status = tonumber(status), signal = tonumber(signal),
    output = read(output),
  }
end

--- Runs a command until its first probe is attached, then ends it.
--- @return table result { attached_ns, ended_ns, rss_kib, status, signal, output }
function M.until_attached(command)
  local output = M.path("output")
  local child = start(command, { "-a", "-o", output })
  local result = result_of(child, output)
  if not result.attached_ns then
    error("attached nothing: " .. last_line(result.output), 0)
  end
  return result
end

--- Runs a command to its own end.
function M.to_end(command)
  local output = M.path("output")
  local result = result_of(start(command, { "-o", output }), output)
  if result.status ~= 0 or result.signal ~= 0 then
    error(("ended with status %d, signal %d: %s"):format(result.status, result.signal,
      last_line(result.output)), 0)
  end
  return result
end

local function sleep(ms)
  local over = false
  local timer = uv.new_timer()
  timer:start(ms, 0, function()
    over = true
    timer:close()
  end)
  while not over do
    uv.run("once")
  end
end

-- The tracer that tests/bench/launch.c started.
local function child_of(parent)
  local scan = uv.fs_scandir("/proc")
  for name in function() return uv.fs_scandir_next(scan) end do
    local ppid = name:match("^%d+$") and read(("/proc/%s/stat"):format(name)):match("^.*%) %S (%d+)")
    if tonumber(ppid) == parent then
      return tonumber(name)
    end
  end
  error("the tracer is gone", 0)
end

--- Time for the second probe, and for what comes after the last, on a quiet machine.
local SETTLE_MS = 400

--- Runs work() while a command traces, then ends the command.
--- @param command string[]
--- @param work fun(pid: integer): any  given the tracer's process
--- @param blind? boolean it attaches without BPF, which cannot be seen: just wait
--- @return any of work() @return table result as of until_attached()
function M.during(command, work, blind)
  local output = M.path("output")
  local child = start(command, { "-o", output })
  if blind then
    sleep(1000)
  else
    child.wait_for("attached")
  end
  sleep(math.ceil(patience.seconds(SETTLE_MS)))
  if child.status or child.out():find("ended") then
    error("ended early: " .. last_line(read(output)), 0)
  end
  local value = work(child_of(child.pid))
  child.close_stdin()
  return value, result_of(child, output)
end

local function slices_of(text)
  local slices = {}
  for frames, ns, softirqs in text:gmatch("(%d+) (%d+) (%d+)") do
    slices[#slices + 1] = { frames = tonumber(frames), ns = tonumber(ns), softirqs = tonumber(softirqs) }
  end
  return slices
end

local function flood_ended(child)
  local result = child.wait()
  if result.status ~= 0 then
    error("flood: " .. last_line(result.err), 0)
  end
  return slices_of(result.out)
end

--- Softirqs: runs tests/bench/flood.c.
--- @return table[] slices { frames, ns, softirqs }
function M.flood(...)
  return flood_ended(proc.start(M.path("flood"), { ... }))
end

--- Floods of all CPUs but the last, which is left to the consumer; the first in any case.
--- @param seconds number
--- @return table slice { ns, softirqs } of all of them together
function M.flood_all(seconds)
  local children, sum = {}, { ns = 0, softirqs = 0 }
  for cpu = 0, math.max(0, #uv.cpu_info() - 2) do
    children[#children + 1] = proc.start(M.path("flood"), { "-c", tostring(cpu), "-s", tostring(seconds) })
  end
  for _, child in ipairs(children) do
    local slice = flood_ended(child)[1]
    sum.ns, sum.softirqs = math.max(sum.ns, slice.ns), sum.softirqs + slice.softirqs
  end
  return sum
end

--- Records into a tracer's ring, as fast as they go: runs tests/bench/feed.c.
--- @param pid integer of the tracer
--- @param record_bytes integer
--- @param wake_at integer bytes that wake it; 0: as the kernel decides
--- @return table { submitted, refused, ns }
function M.feed(pid, record_bytes, wake_at, seconds)
  local text = M.output_of(M.path("feed"), M.path("feed.o"), tostring(pid), tostring(record_bytes), tostring(wake_at),
    tostring(seconds))
  local submitted, refused, ns = text:match("submitted (%d+) refused (%d+) ns (%d+)")
  return { submitted = tonumber(submitted), refused = tonumber(refused), ns = tonumber(ns) }
end

--- Runs a program; its output. Raises if it fails.
function M.output_of(program, ...)
  local result = proc.run(program, { ... })
  if result.status ~= 0 then
    error(("%s: %s"):format(program, last_line(result.err .. result.out)), 0)
  end
  return result.out
end

return M
