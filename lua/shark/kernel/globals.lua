--- Global variables of the kernel that may be there or not, and functions whose
-- names say what a kernel was built with.

local core = require "shark.kernel.core"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"

local M = {}

-- A name that is not there, and names that are hidden, cost a pass over all of
-- /proc/kallsyms each time they are asked for: asked once.
local refused, generation = {}, nil

local function known_refusal(name)
  if generation ~= core.generation() then -- shark.debuginfo_set() may have brought them
    refused, generation = {}, core.generation()
  end
  return refused[name] or refused[""]
end

--- Address of a variable or function of the kernel proper.
--- @return ffi.cdata*? address @return string? message @return string? name
function M.address(name)
  local known = known_refusal(name)
  if known then
    return nil, known.message, known.name
  end
  local address, message, error_name = k.address(name)
  if not address then
    -- Whatever is not "no such name" is true of all names.
    refused[error_name == "ENOENT" and name or ""] = { message = message, name = error_name }
  end
  return address, message, error_name
end

--- k.var().
function M.variable(name, type_name)
  local address, message, error_name = M.address(name)
  if not address then
    return nil, message, error_name
  end
  return k.var(name, type_name)
end

--- k.per_cpu(), of a variable by its name or of an object.
function M.per_cpu(what, cpu, type_name)
  local address, message, name = M.address("__per_cpu_offset")
  if address and type(what) == "string" then
    address, message, name = M.address(what)
  end
  if not address then
    return nil, message, name
  end
  return k.per_cpu(what, cpu, type_name)
end

--- k.per_cpu_each().
function M.per_cpu_each(pointer, cpus)
  local address, message, name = M.address("__per_cpu_offset")
  if not address then
    return nil, message, name
  end
  return k.per_cpu_each(pointer, cpus)
end

-- Memory between these is given back when the kernel has started: what was there
-- is gone, though the names remain.
local function in_init(address)
  local first, last = M.address("__init_begin"), M.address("__init_end")
  return first and last and address >= first and address < last
end

-- That a kernel lists no data at all is the same for every variable: said once,
-- by unlisted().
local function short(message)
  return (message:gsub("; it lists no data.*$", ""))
end

--- Why no variable at all can be looked up; nil when they can.
function M.unlisted()
  local address, message = M.address("init_task")
  return not address and message or nil
end

--- The value of a variable.
--- @param name string @param type string
--- @return any? value @return string? message why there is none @return string? name
function M.get(name, type)
  local address, message, error_name = M.address(name)
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
  local address, _, error_name = M.address(name)
  if not address and error_name ~= "ENOENT" then
    return nil
  end
  return address ~= nil
end

return M
