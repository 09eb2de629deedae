--- The CPUs of this machine.

local cpulist = require "shark.decode.cpulist"
local files = require "shark.system.files"

local M = {}

local function listed(name)
  local line, message, errname = files.line("/sys/devices/system/cpu/" .. name)
  if not line then
    return nil, message, errname
  end
  return cpulist.parse(line)
end

--- The CPUs that are online now.
--- @return integer[]? cpus ascending @return string? message @return string? name of the error
function M.online()
  return listed "online"
end

--- The CPUs that there can be as long as the kernel runs.
--- @return integer[]? cpus ascending @return string? message @return string? name of the error
function M.possible()
  return listed "possible"
end

return M
