--- Programs of the system: whether they succeed, where they are.
local uv = require "uv"

local M = {}

--- Runs a command to its end.
--- @return boolean whether it exited with status 0
function M.succeeds(command)
  -- A number in Lua 5.1, true or nil where LuaJIT is built with what 5.2 has.
  local status = os.execute(command)
  return status == 0 or status == true
end

--- Path of a program of libbpf-tools, which some packages call NAME-libbpf.
function M.libbpf_tool(name)
  local path = "/usr/sbin/" .. name
  return uv.fs_stat(path .. "-libbpf") and path .. "-libbpf" or path
end

return M
