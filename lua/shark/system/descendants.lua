--- Processes that others have started, and those they have.

local uv = require "uv"

local M = {}

-- /proc/PID/stat, proc(5): the name in brackets may hold anything, brackets too;
-- field 22 is when it started, which tells it from a later one of its number.
local function read_stat(pid)
  local file = io.open(("/proc/%s/stat"):format(pid))
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  local state, parent, rest = text:match("^%d+ %(.*%) (%a) (%d+) (.*)$")
  if state and state ~= "Z" and state ~= "X" then
    return { pid = tonumber(pid), parent = tonumber(parent), started = rest:match(("%S+ "):rep(17) .. "(%d+)") }
  end
end

local function read_all()
  local list, scan = {}, uv.fs_scandir("/proc")
  local name = scan and uv.fs_scandir_next(scan)
  while name do
    list[#list + 1] = name:match("^%d+$") and read_stat(name) or nil
    name = uv.fs_scandir_next(scan)
  end
  return list
end

--- Those of the roots that still run, and all that descends from them.
--- @param roots table pid -> true, or when it started
--- @return table processes pid -> when it started
function M.of(roots)
  local all, found, more = read_all(), {}, true
  while more do
    more = false
    for _, process in ipairs(all) do
      local root = roots[process.pid]
      if not found[process.pid] and (root == true or root == process.started or found[process.parent]) then
        found[process.pid], more = process.started, true
      end
    end
  end
  return found
end

-- One that has ended since is no failure.
local function signal_all(processes, signal)
  for pid in pairs(processes) do
    uv.kill(pid, signal)
  end
end

--- Ends them: SIGTERM, and SIGKILL to those that still run after so many milliseconds.
--- @param roots table as of()
function M.finish(roots, grace_ms)
  local processes, limit = M.of(roots), uv.hrtime() + grace_ms * 1e6
  signal_all(processes, "sigterm")
  signal_all(processes, "sigcont") -- a stopped one sees it only then
  while next(processes) and uv.hrtime() < limit do
    uv.sleep(5)
    processes = M.of(processes)
  end
  signal_all(processes, "sigkill")
end

return M
