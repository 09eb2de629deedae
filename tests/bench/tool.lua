--- Runs tracers, ours and others', under tests/bench/launch.c.
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

--- Time for the second probe, and for what comes after the last.
local SETTLE_MS = 400

--- Runs work() while a command traces, then ends the command.
--- @param command string[]
--- @param work fun(): any
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
  sleep(SETTLE_MS)
  if child.status or child.out():find("ended") then
    error("ended early: " .. last_line(read(output)), 0)
  end
  local value = work()
  child.close_stdin()
  return value, result_of(child, output)
end

--- Softirqs: runs tests/bench/flood.c.
--- @return table[] slices { frames, ns, softirqs }
function M.flood(...)
  local result = proc.run(M.path("flood"), { ... })
  if result.status ~= 0 then
    error("flood: " .. last_line(result.err), 0)
  end
  local slices = {}
  for frames, ns, softirqs in result.out:gmatch("(%d+) (%d+) (%d+)") do
    slices[#slices + 1] = { frames = tonumber(frames), ns = tonumber(ns), softirqs = tonumber(softirqs) }
  end
  return slices
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
