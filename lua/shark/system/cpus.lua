--- The CPUs of this machine.

local cpulist = require "shark.decode.cpulist"
local files = require "shark.system.files"

local M = {}

--- The CPUs that are online now.
--- @return integer[]? cpus ascending @return string? message @return string? name of the error
function M.online()
  local line, message, name = files.line("/sys/devices/system/cpu/online")
  if not line then
    return nil, message, name
  end
  return cpulist.parse(line)
end

return M
