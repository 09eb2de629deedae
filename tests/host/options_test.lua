-- The command line, as a user of lua or luajit expects it.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local shark, shell = proc.run_shark, proc.run_shell
local tests = {}

local function assert_ends(result, status, out)
  t.assertEquals({ result.status, result.signal, result.err }, { status, 0, "" })
  t.assertEquals(result.out, out)
end

local function assert_usage_error(result, text, usage)
  t.assertEquals(result.status, 2)
  t.assertEquals(result.out, "")
  t.assertStrContains(result.err, text)
  t.assertStrContains(result.err, usage or "shark --help")
end

function tests.test_version()
  for _, option in ipairs { "-v", "--version" } do
    local result = shark(option)
    t.assertEquals(result.status, 0)
    t.assertStrMatches(result.out, "shark %d+%.%d+%.%d+\n")
  end
end

function tests.test_packaged_scripts_leave_the_compiler_as_it_was()
  local print_status = "shark.on_end(function() print(jit.status()) end)"
  t.assertStrMatches(shark("-e", print_status, "hello").out, ".*\ntrue[^\n]*\n")
  t.assertStrMatches(shark("-e", "jit.off() " .. print_status, "hello").out, ".*\nfalse[^\n]*\n")
end

-- Columns of a terminal that nobody has made wider.
local function assert_fits_a_terminal(text)
  for line in text:gmatch("[^\n]+") do
    t.assertTrue(#line <= 80, line)
  end
end

function tests.test_help_fits_a_terminal()
  assert_fits_a_terminal(shark("--help").out)
  for name in shark("--list").out:gmatch("(%S+)[^\n]*\n") do
    if name ~= "hello" and name ~= "ticks" then -- these have no options
      local help = shark(name, "--help").out
      t.assertStrContains(help, "Usage: shark " .. name)
      assert_fits_a_terminal(help)
    end
  end
end

function tests.test_help()
  for _, option in ipairs { "-h", "--help" } do
    local result = shark(option)
    t.assertEquals(result.status, 0)
    t.assertStrContains(result.out, "usage: shark [options] [script [args]]")
    t.assertEquals(result.err, "")
  end
end

function tests.test_list_names_every_packaged_script_with_what_it_does()
  local result = shark "--list"
  t.assertEquals(result.status, 0)
  for _, name in ipairs { "hardirqs", "hello", "ticks" } do
    t.assertStrMatches(result.out, ".*" .. name .. " +%w[^\n]+\n.*")
  end
end

function tests.test_wrong_options()
  assert_usage_error(shark "--nope", "option '--nope' is not known")
  assert_usage_error(shark "-x", "option '-x' is not known")
  assert_usage_error(shark "-e", "option '-e' needs an argument")
  assert_usage_error(shark("-V", "-l"), "option '-l' needs an argument")
end

function tests.test_chunks_run_in_order()
  assert_ends(shark("-e", "x = 1", "-e", "print(x + 1)"), 0, "2\n")
end

function tests.test_library_becomes_a_global()
  assert_ends(shark("-l", "ffi", "-e", "print(ffi.abi('64bit'))"), 0, "true\n")
end

function tests.test_library_under_another_name()
  assert_ends(shark("-l", "f=ffi", "-e", "print(f.abi('64bit'), rawget(_G, 'ffi'))"), 0, "true\tnil\n")
  assert_ends(shark("-l", "x=shark.fmt", "-e", "print(type(x.duration))"), 0, "function\n")
  local result = shark("-l", "x=no_such_module")
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "module 'no_such_module' not found")
  for _, text in ipairs { "=ffi", "f=", "=", "" } do
    assert_usage_error(shark("-l", text), ("option '-l' takes MODULE or NAME=MODULE, not '%s'"):format(text))
  end
end

function tests.test_missing_library()
  local result = shark("-l", "no_such_module")
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "module 'no_such_module' not found")
end

function tests.test_chunks_come_before_the_script()
  assert_ends(shell [[echo 'print("script", x)' | $SHARK -e 'x = 7' -]], 0, "script\t7\n")
end

function tests.test_chunk_with_a_syntax_error()
  local result = shark("-e", "x = = 1")
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "(command line):1: unexpected symbol near '='")
end

function tests.test_verbose()
  assert_ends(shark("-e", "print(shark.verbose)"), 0, "false\n")
  assert_ends(shark("-V", "-e", "print(shark.verbose)"), 0, "true\n")
end

function tests.test_standard_input_is_the_script_when_there_is_no_other()
  assert_ends(shell [[echo 'print("piped", ...)' | $SHARK]], 0, "piped\n")
  assert_ends(shell [[echo 'print("piped", ...)' | $SHARK - a b]], 0, "piped\ta\tb\n")
end

function tests.test_an_empty_script_is_a_script()
  assert_ends(shell "$SHARK < /dev/null", 0, "")
end

function tests.test_closed_standard_input_is_an_error()
  local result = shell "$SHARK - <&-"
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "cannot read stdin")
end

-- ---- numbers of packaged scripts ----

local SILLY = { "nan", "-nan", "inf", "-inf", "1e400", "1e1", "0x10", "-1", "+1", "", " 1", "1 ", ".", "1,5", "1U" }

local function assert_refused(option, value, range)
  local result = shark("hardirqs", ("%s=%s"):format(option, value))
  assert_usage_error(result, ("'%s' is not a %s"):format(value, range), "Usage: shark hardirqs")
end

function tests.test_numbers_that_are_none_are_refused_with_the_range()
  local whole, seconds = "whole number from 0 to 4294967295", "number of seconds from 0.001 to 1000000000"
  for _, value in ipairs(SILLY) do
    assert_refused("--irq", value, whole)
    assert_refused("--cpu", value, whole)
    assert_refused("--duration", value, seconds)
    assert_refused("--interval", value, seconds)
  end
  for _, value in ipairs { "1.5", "4294967296", "99999999999999999999" } do
    assert_refused("--irq", value, whole)
  end
  for _, value in ipairs { "0", "0.0", "0.0001", "1000000001", "1.2.3" } do
    assert_refused("--duration", value, seconds)
  end
end

-- ---- arg ----

local PRINT_ARG = [[
local low, high = 0, 0
while arg[low - 1] do low = low - 1 end
while arg[high + 1] do high = high + 1 end
for i = low, high do print(i, arg[i]) end
print("dots", ...)
]]

function tests.test_arg_with_a_script()
  local directory = proc.temporary_directory()
  proc.write_file(directory .. "/a.lua", PRINT_ARG)
  assert_ends(shark({ cwd = directory }, "-V", "--", "a.lua", "1", "-v"), 0,
    ("-3\t%s\n-2\t-V\n-1\t--\n0\ta.lua\n1\t1\n2\t-v\ndots\t1\t-v\n"):format(proc.shark))
end

function tests.test_arg_of_a_packaged_script()
  assert_ends(shark("hello", "x"), 0, shark("hello").out .. "argument 1: x\n")
  assert_ends(shark("-e", "print(arg[0], arg[-1], arg[2])", "hello"), 0,
    ("hello\t-e\tnil\n"):gsub("%-e", "print(arg[0], arg[-1], arg[2])") .. shark("hello").out)
end

function tests.test_arg_without_a_script()
  assert_ends(shark("-e", "print(arg[0], arg[1], #arg)"), 0,
    ("%s\t-e\t2\n"):format(proc.shark))
end

function tests.test_many_arguments()
  local args = { "-", }
  for i = 1, 5000 do
    args[#args + 1] = tostring(i)
  end
  local result = proc.run(proc.shark, args, { stdin = "print(#arg, select('#', ...), (select(5000, ...)))" })
  assert_ends(result, 0, "5000\t5000\t5000\n")
end

t.run(tests)
