-- Every packaged script in every output, where all names are hostile.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local hostile = require "hostile"
local hostile_scripts = require "hostile_scripts"
local proc = require "proc"
local t = require "t"

local LIBRARIES = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;")
local assert_fit = hostile_scripts.assert_fit
local tests = {}

for _, entry in ipairs(hostile_scripts.TRACES) do
  tests["test_" .. table.concat(entry, "_")] = function()
    local disk = t.needs("root", "tracing", "disk")
    hostile_scripts.check(entry, { "--", "dd", "if=" .. disk.path, "of=/dev/null", "bs=4k", "count=20", "iflag=direct",
      "status=none" })
  end
end

for _, entry in ipairs(hostile_scripts.TRIES) do
  tests["test_" .. table.concat(entry, "_")] = function()
    t.needs("root", "tracing")
    hostile_scripts.check(entry)
  end
end

for _, entry in ipairs(hostile_scripts.SCREENS) do
  tests["test_" .. table.concat(entry, "_")] = function()
    t.needs("root", "tracing")
    hostile_scripts.check_screen(entry)
  end
end

-- A script that is new is to be listed in tests/lib/hostile_scripts.lua.
function tests.test_every_packaged_script_is_among_them()
  local tested = { hello = true, ticks = true, help = true }
  for _, list in ipairs { "TRACES", "MAPS", "SCREENS", "TRIES" } do
    for _, entry in ipairs(hostile_scripts[list]) do
      tested[entry[1]] = true
    end
  end
  for name in proc.run_shark("--list").out:gmatch("(%S+)[^\n]*\n") do
    t.assertTrue(tested[name] == true, name)
  end
end

function tests.test_a_heat_map_as_a_picture()
  t.needs("root", "tracing", "disk")
  local path = proc.temporary_directory() .. "/map.svg"
  hostile_scripts.run("virtblk-heat", "-d", "0.2", "--svg", path, "--op", "<&\27'\"")
  local file = assert(io.open(path, "rb"))
  assert_fit(file:read("*a"), "virtblk-heat --svg")
  file:close()
end

-- Argument and option values come back in messages.
local BAD = "x" .. hostile.SUFFIX

local function assert_named_in_message(...)
  local result, name = proc.run_shark(...), (...)
  t.assertNotEquals(result.status, 0)
  assert_fit(result.out, name)
  assert_fit(result.err:gsub("\nINJECTED", ""), name) -- a message may have lines
  t.assertStrContains(result.err, "pwn")
end

function tests.test_arguments_in_messages()
  assert_fit(proc.run_shark("hello", BAD).out, "hello")
  for _, words in ipairs { { BAD }, { "./" .. BAD }, { "hardirqs", "--" .. BAD },
    { "softirqs", "-s", BAD }, { "irqmap", BAD }, { "-e", "error(" .. ("%q"):format(BAD) .. ")" } } do
    assert_named_in_message(unpack(words))
  end
end

function tests.test_arguments_in_messages_of_filters()
  t.needs("root", "tracing")
  assert_named_in_message("hardirqs", "-i", BAD)
  assert_named_in_message("virtblk", "-D", BAD)
end

-- Looked at once the trace runs.
function tests.test_arguments_in_messages_of_traces()
  t.needs("root", "tracing")
  assert_named_in_message("hardirqs", "--", "./" .. BAD)
  assert_named_in_message("virtblk-heat", "--svg", "/none/" .. BAD)
end

-- No injection: a task really has that name.
function tests.test_a_task_with_a_hostile_name()
  local disk = t.needs("root", "tracing", "disk")
  local work = ([[package.path = %q .. package.path
    local ffi, load = require "ffi", require "load"
    ffi.cdef "int prctl(int option, const char *name);"
    ffi.C.prctl(15, "\27]0;p\7\155\nX\255")
    load.pin(0)
    require("disk").direct_reads({ path = %q, irqs = { %d } }, 30)]]):format(LIBRARIES, disk.path, disk.irq)
  for _, format in ipairs { "--json", "--way=tp_btf" } do
    local result = proc.run_shark("virtblk-slow", "-u", "0", format, "--", proc.shark, "-e", work)
    if result.status ~= 0 and result.err:find("tp_btf") then
      result = proc.run_shark("virtblk-slow", "-u", "0", "--", proc.shark, "-e", work)
    end
    t.assertEquals({ result.status, result.err }, { 0, "" })
    assert_fit(result.out, "virtblk-slow")
    t.assertStrContains(result.out, format == "--json" and [["\u001b]0;p\u0007\\x9b\u000aX\\xff"]]
      or [[\x1b]0;p\x07\x9b\x0aX\xff]])
  end
end

t.run(tests)
