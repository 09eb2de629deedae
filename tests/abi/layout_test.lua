-- Every record of the wire format (core/trace/wire.h, core/bpf/*/wire.h,
-- core/tracers/*/wire.h) has the same layout in C and in the FFI.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local ffi = require "ffi"
local proc = require "proc"
local t = require "t"
local uv = require "uv"
require "shark.events"

-- Lines "struct field offset size", or "struct - size 0" for the whole.
local function layout_of_c()
  local program = uv.exepath():gsub("shark$", "tests/layout")
  return proc.run(program, {}).out
end

-- Integers up to 32 bits arrive as Lua numbers, which have no size to ask for.
local function assert_size(value, size, what)
  if type(value) == "cdata" then
    t.assertEquals(ffi.sizeof(value), size, what)
  else
    t.assertTrue(size <= 4, what)
  end
end

local tests = {}

function tests.test_every_struct_and_field()
  local structs, fields = 0, 0
  for name, field, first, size in layout_of_c():gmatch("(%S+) (%S+) (%d+) (%d+)") do
    local type = ffi.typeof("struct " .. name)
    local what = name .. "." .. field
    if field == "-" then
      structs = structs + 1
      t.assertEquals(ffi.sizeof(type), tonumber(first), name)
    else
      fields = fields + 1
      t.assertEquals(ffi.offsetof(type, field), tonumber(first), what)
      assert_size(ffi.new(type)[field], tonumber(size), what)
    end
  end
  t.assertTrue(structs >= 5, "structs found: " .. structs)
  t.assertTrue(fields >= 30, "fields found: " .. fields)
end

t.run(tests)
