-- What may know what: a file of the core includes its own room and those below it, a
-- tracer no other tracer; a module of Lua requires what is on its floor or below, and
-- nothing goes round in a circle.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

local function files(command)
  local list = {}
  for path in proc.run_shell(command).out:gmatch("[^\n]+") do
    list[#list + 1] = path
  end
  t.assertTrue(#list > 10, command)
  return list
end

local function text_of(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- ---- C ----

-- From the ground up. bpf is compiled for the kernel: it shares the wire format with trace.
local FLOORS = { base = 1, kernel = 2, trace = 3, bpf = 4, tracers = 5, bind = 6, host = 7 }

local function room_of(path)
  local room, folder = path:match("^(%a+)/([%a_]*)")
  return room, room == "tracers" and folder or nil
end

function tests.test_the_core_includes_downwards()
  for _, path in ipairs(files "find core -name '*.[ch]'") do
    local room, tracer = room_of(path:match("^core/(.*)$"))
    t.assertTrue(FLOORS[room] ~= nil, path .. ": a room that no floor is known of")
    for included in text_of(path):gmatch('#include "([%a_]+/[^"]+)"') do
      local below, other = room_of(included)
      t.assertTrue(FLOORS[below] and FLOORS[below] <= FLOORS[room] and other == (below == "tracers" and tracer or nil),
        ("%s includes %s"):format(path, included))
    end
  end
end

-- An include without a room is a generated one.
function tests.test_includes_name_their_room()
  for _, path in ipairs(files "find core -name '*.[ch]'") do
    for included in text_of(path):gmatch('#include "([^"/]+)"') do
      t.assertTrue(included:find("%.image%.h$") ~= nil or included:find("%.light%.h$") ~= nil or included == "linked.h",
        ("%s includes %s"):format(path, included))
    end
  end
end

t.run(tests)
