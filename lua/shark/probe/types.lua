--- The kernel's types for the compiler of probes: functions, tracepoints, members. Types are
--- tables { id, kind, name, size, signed, count }, the same table for the same type; typedefs and
--- qualifiers are skipped. All is kept, as nothing of it changes while the kernel runs.

local core = require "shark.kernel.core"
local kernel_types = require "shark.kernel.types"
local memory = require "shark.kernel.memory"

jit.off(true, true)

local M = {}

-- So many members of a struct are named when it has not the one asked for.
local MOST_NAMED = 4

-- ---- kept ----

local kept, generation = {}, nil

-- What make(...) returned for the key; what it refused is asked again. Other types may be
-- asked for after shark.debuginfo_set().
local function keep(key, make, ...)
  if generation ~= core.generation() then
    kept, generation = {}, core.generation()
  end
  if kept[key] then
    return kept[key]
  end
  local made, message, name = make(...)
  kept[key] = made
  return made, message, name
end

-- ---- functions and tracepoints ----

-- Said otherwise than the core does, which looks for types.
local function refused(what, name, message, error_name)
  if error_name == "ENOENT" then
    message = ("there is no %s %s: %s"):format(what, name, message)
  end
  return nil, message, error_name
end

local function find(what, ask, name, module)
  local found, message, error_name = ask(name, module)
  if not found then
    return refused(what, name, message, error_name)
  end
  for _, argument in ipairs(found.args) do
    argument.type = kernel_types.keep(argument.type)
    argument.name = argument.name ~= "" and argument.name or nil
  end
  found.ret = kernel_types.keep(found.ret)
  return found
end

-- The names of a tracepoint's arguments take a search of their own: only who asks pays for it.
local function name_arguments(found, name)
  local asked = false
  local function name_of(argument, key)
    if key ~= "name" or asked then
      return nil
    end
    asked = true
    local names = core.tracepoint_names(name, found.module) or {}
    for i, one in ipairs(found.args) do
      one.name = #names == #found.args and names[i] ~= "" and names[i] or nil
    end
    return rawget(argument, "name")
  end
  for _, argument in ipairs(found.args) do
    setmetatable(argument, { __index = name_of })
  end
  return found
end

local function find_tracepoint(name, module)
  local found, message, error_name = find("tracepoint", core.tracepoint, name, module)
  if not found then
    return nil, message, error_name
  end
  return name_arguments(found, name)
end

--- A tracepoint, as programs of the kinds tp_btf and raw_tp get it.
--- @param name string e.g. "sched_switch"
--- @param module? string of this module only; none: of the kernel, or else of a module
--- @return table? tracepoint { btf_id = for attach_btf_id (nil where the types are of a file), module = nil for
---   the kernel, args = { { name = nil where BTF has none, type } } without the kernel's own first one }
--- @return string? message @return string? name
function M.tracepoint(name, module)
  return keep("tracepoint " .. name .. "\0" .. (module or ""), find_tracepoint, name, module)
end

--- A function, as programs of the kinds fentry and fexit get it.
--- @param name string e.g. "vfs_read"
--- @param module? string of this module only; none: of the kernel, or else of a module
--- @return table? func { btf_id, module, args = { { name, type } }, variadic, ret = type, of kind "void" for none }
--- @return string? message @return string? name
function M.func(name, module)
  return keep("func " .. name .. "\0" .. (module or ""), find, "function", core.func, name, module)
end

local function sorted_names(ask, pattern)
  local names, modules, error_name = ask(pattern)
  if not names then
    return nil, modules, error_name
  end
  table.sort(names)
  local once = { modules = modules }
  for i, name in ipairs(names) do
    if name ~= names[i - 1] then
      once[#once + 1] = name
    end
  end
  return once
end

--- The names of functions that match, sorted: those that BTF has, of the kernel and its modules.
--- Not all of them can be attached to.
--- @param glob string "vfs_*"; also ? and [a-z]
--- @return table? names { name, ..., modules = { [name] = module, for those of modules } }
--- @return string? message @return string? name
function M.funcs(glob)
  return keep("funcs " .. glob, sorted_names, core.funcs, glob)
end

--- The names of tracepoints that match, likewise.
--- @param glob string "block_*"
--- @return table? names @return string? message @return string? name
function M.tracepoints(glob)
  return keep("tracepoints " .. glob, sorted_names, core.tracepoints, glob)
end

local function find_variable(name)
  local found, is_per_cpu, offset, btf_id = core.variable(name)
  if not found then
    return nil, is_per_cpu, offset
  end
  return { type = kernel_types.keep(found), is_per_cpu = is_per_cpu, offset = offset, btf_id = btf_id }
end

--- A variable of the kernel itself: BTF tells of the per-CPU ones only.
--- @param name string e.g. "runqueues"
--- @return table? variable { type, is_per_cpu, offset = in each CPU's area,
---   btf_id = nil where the types are of a file }
--- @return string? message @return string? name
function M.variable(name)
  return keep("variable " .. name, find_variable, name)
end

--- The address of a symbol of the kernel; of a per-CPU variable, its place in each CPU's area.
--- @param name string
--- @return ffi.cdata*? address uint64_t @return string? message @return string? name
function M.address(name)
  return keep("address " .. name, require("shark.kernel").address, name)
end

--- A descriptor of a module's BTF, for attach_btf_obj_fd. It stays open: close it not.
--- @param module? string none: the kernel itself, which needs no descriptor
--- @return integer? fd @return string? message @return string? name
function M.btf_fd(module)
  if module then
    return core.btf_fd(module)
  end
end

-- ---- records ----

local function is_path_part(name)
  return name:find("^[%w_][%w_.:@-]*$") ~= nil
end

local function read_record(group, event)
  local text, message, name = core.format(group, event)
  if not text then
    return nil, message, name
  end
  local record = require("shark.system.tracefs").parse_format(text)
  if not record.id or #record.fields == 0 then
    return nil, ("tracefs does not tell the fields of %s:%s"):format(group, event), "EINVAL"
  end
  return record
end

--- The record of a classic tracepoint, as shark.system.tracefs has it. Its first 8 bytes, where
--- the fields common_* begin, cannot be read by programs.
--- @param group string @param event string e.g. "sched", "sched_switch"
--- @return table? record @return string? message @return string? name
function M.record(group, event)
  if not is_path_part(group) or not is_path_part(event) then
    return nil, ("there is no tracepoint %s:%s"):format(group, event), "ENOENT"
  end
  return keep("record " .. group .. ":" .. event, read_record, group, event)
end

-- ---- types ----

--- A type by its name in C: "struct task_struct", "u32", "struct file *", "char [16]".
--- @param name string
--- @param module? string of this module only
--- @return table? type @return string? message @return string? name
function M.named(name, module)
  return memory.attempt(kernel_types.named, module and ("%s [%s]"):format(name, module) or name)
end

--- What a pointer points to or an array consists of; what is only declared there, as defined elsewhere.
--- @return table? type @return string? message @return string? name
function M.target(type)
  if type.kind ~= "pointer" and type.kind ~= "array" then
    return nil, ("%s is neither pointer nor array"):format(M.label(type)), "EINVAL"
  end
  return memory.attempt(kernel_types.target, type)
end

--- The name of a type, as C has it.
M.label = kernel_types.label

local function members_of(type)
  return kernel_types.members(type)
end

--- The members of a struct or union as declared; anonymous ones have the name "".
--- @return table? members { { name, type, bit_offset, bits = 0 where it is no bitfield } }
--- @return string? message @return string? name
function M.members(type)
  if not kernel_types.is_composite(type) then
    return nil, ("%s has no members"):format(M.label(type)), "ENOENT"
  end
  return memory.attempt(members_of, type)
end

local function no_such_member(type, name)
  local names = kernel_types.member_names(type)
  local near = require("shark.text.nearest").names(name, names, MOST_NAMED)
  if #names == 0 then
    return nil, ("%s has no members"):format(M.label(type)), "ENOENT"
  end
  return nil, ("%s has no member %s; it has %s%s"):format(M.label(type), name, table.concat(near, ", "),
    #names > #near and ", ..." or ""), "ENOENT"
end

local function find_member(type, name)
  local found = kernel_types.member(type, name)
  if found then
    return found
  end
  return no_such_member(type, name)
end

--- A member by name, also of anonymous structs within.
--- @param type table @param name string
--- @return table? member { name, type, bit_offset, bits = 0 where it is no bitfield }
--- @return string? message it names the nearest members @return string? name
function M.member(type, name)
  if not kernel_types.is_composite(type) then
    return nil, ("%s has no members"):format(M.label(type)), "ENOENT"
  end
  return memory.attempt(find_member, type, name)
end

return M
