-- Build step: turns the preprocessed events.h (standard input) into the Lua
-- module shark.events, which declares its types to the FFI.
local text = io.read("*a")

io.write(([==[
-- Made from core/events.h by core/cdef.lua.
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
return ffi.C
]==]):format(text:gsub("\n;", "\n"):gsub("%%", "%%%%")))
