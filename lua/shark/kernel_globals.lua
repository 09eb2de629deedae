--- Global variables of the kernel that may be there or not, and functions whose
-- names say what a kernel was built with.

local k = require "shark.kernel"
local memory = require "shark.kernel_memory"

local M = {}

-- Memory between these is given back when the kernel has started: what was there
-- is gone, though the names remain.
local function in_init(address)
  local first, last = k.address("__init_begin"), k.address("__init_end")
  return first and last and address >= first and address < last
end

-- That a kernel lists no data at all is the same for every variable: said once,
-- by unlisted().
local function short(message)
  return (message:gsub("; it lists no data.*$", ""))
end

--- Why no variable at all can be looked up; nil when they can.
function M.unlisted()
  local address, message = k.address("init_task")
  return not address and message or nil
end

--- The value of a variable.
--- @param name string @param type string
--- @return any? value @return string? message why there is none @return string? name
function M.get(name, type)
  local address, message, error_name = k.address(name)
  if not address then
    return nil, short(message), error_name
  elseif in_init(address) then
    return nil, ("'%s' was given back when the kernel had started"):format(name), "ENODATA"
  end
  local var
  var, message, error_name = k.var(name, type)
  if not var then
    return nil, message, error_name
  end
  return memory.attempt(function() return var:value() end)
end

--- The first of several names of one variable that there is.
--- @return any? value @return string? message @return string? name
function M.first(names, type)
  local message, error_name
  for _, name in ipairs(names) do
    local value
    value, message, error_name = M.get(name, type)
    if value ~= nil then
      return value
    end
  end
  return nil, message, error_name
end

--- Was this function compiled in? nil: names cannot be read.
function M.has_function(name)
  local address, _, error_name = k.address(name)
  if not address and error_name ~= "ENOENT" then
    return nil
  end
  return address ~= nil
end

return M
