-- Build step: turns the preprocessed wire format (standard input) into the Lua
-- module shark.events, which declares its types to the FFI. Beside it goes
-- shark.events.fields: of each record the fields, in their order, with the C type
-- of those that are arrays or structs.
local text = io.read("*a")

local function fields_of(body)
  local list = {}
  for type, name, array in body:gmatch("([%w_ ]+) ([%w_]+)(%[?%w*%]?);") do
    type = type:gsub("^ +", "")
    local is_whole = array ~= "" or type:find("^struct ")
    list[#list + 1] = ("{ name = %q%s }"):format(name, is_whole and (", type = %q"):format(type .. array) or "")
  end
  return table.concat(list, ", ")
end

local records = {}
for name, body in text:gmatch("(struct [%w_]+) (%b{})") do
  records[#records + 1] = ("    [%q] = { %s },\n"):format(name, fields_of(body))
end

io.write(([==[
-- Made from core/trace/wire.h, core/bpf/*/wire.h and core/tracers/*/wire.h by core/trace/cdef.lua.
local ffi = require "ffi"
ffi.cdef [[
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int16_t __s16;
typedef int32_t __s32;
typedef int64_t __s64;
]]
ffi.cdef [[
%s]]
package.preload["shark.events.fields"] = function()
  return {
%s  }
end
return ffi.C
]==]):format(text:gsub("\n;", "\n"), table.concat(records)))
