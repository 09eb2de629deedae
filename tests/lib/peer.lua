--- Other tracers beside shark. What they print stays in their buffers until they end: that they run, their
--- programs tell.
local json = require "dkjson"
local patience = require "patience"
local proc = require "proc"
local uv = require "uv"

local M = {}

--- BPF programs that are loaded now.
--- @return table<integer, table> by id: name, run_time_ns, run_cnt as bpftool has them
function M.programs()
  local by_id = {}
  for _, program in ipairs(json.decode(proc.run_shell("bpftool prog show -j").out)) do
    by_id[program.id] = program
  end
  return by_id
end

--- Ids of programs that were not there before.
function M.added(now, before)
  local ids = {}
  for id in pairs(now) do
    ids[#ids + 1] = not before[id] and id or nil
  end
  return ids
end

-- How many programs a process has attached: its links (since 5.7, of kprobes since 5.15).
local function attached(pid)
  local n, scan = 0, uv.fs_scandir(("/proc/%d/fdinfo"):format(pid))
  for fd in function() return scan and uv.fs_scandir_next(scan) end do
    local file = io.open(("/proc/%d/fdinfo/%s"):format(pid, fd))
    if file then
      n = n + (file:read("*a"):find "\nlink_type:" and 1 or 0)
      file:close()
    end
  end
  return n
end

--- Waits until a tracer has attached its programs: for a while it attaches no more of them.
--- @param child table of proc.start()
--- @return string|nil reason why it does not run; it has ended then
function M.wait_until_attached(child)
  local n, since, while_ns = 0, uv.hrtime(), patience.seconds(0.4) * 1e9
  local give_up = since + patience.seconds(60) * 1e9
  while n == 0 or uv.hrtime() - since < while_ns do
    uv.sleep(50)
    uv.run "nowait"
    if child.status then
      return "it does not run here: " .. (child.err():match("([^\n]+)\n*$") or "it ended")
    elseif uv.hrtime() > give_up then
      child.kill "sigkill"
      return "it never attached its programs"
    end
    local now = attached(child.pid)
    if now ~= n then
      n, since = now, uv.hrtime()
    end
  end
end

return M
