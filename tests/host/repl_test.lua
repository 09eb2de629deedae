-- The prompt: through a pipe, from a file, on a terminal.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

local function start()
  local child = proc.start(proc.shark, { "-i" }, { stdin = true })
  child.wait_for("> ")
  return child
end

-- What was printed after the greeting, without the prompts.
local function answers(text)
  return (text:gsub("^[^\n]*\n", ""):gsub(">+ ", ""))
end

local function run(input)
  local result = proc.run(proc.shark, { "-i" }, { stdin = input })
  return answers(result.out), result
end

function tests.test_expressions_print_their_values()
  t.assertEquals(run "1 + 1\n", "2\n")
  t.assertEquals(run "= 1, nil, 'x'\n", "1\tnil\tx\n")
  t.assertEquals(run "x = 5\nx * 2\n", "10\n")
end

function tests.test_a_chunk_may_take_several_lines()
  t.assertEquals(run "for i = 1, 2 do\n  print(i)\nend\n", "1\n2\n")
end

function tests.test_values_are_fit_for_a_terminal()
  t.assertEquals(run "'a\\27[2J\\155', nil, 1\nprint('raw\\27')\n", "a\\x1b[2J\\x9b\tnil\t1\nraw\27\n")
  t.assertEquals(run "setmetatable({}, { __tostring = function() return '\\27' end })\n", "\\x1b\n")
end

function tests.test_an_error_is_reported_and_the_prompt_goes_on()
  local out, result = run "error 'oops'\nx = = 1\nprint 'still here'\n"
  t.assertEquals(out, "still here\n")
  t.assertStrContains(result.err, "oops")
  t.assertStrContains(result.err, "stack traceback:")
  t.assertStrContains(result.err, "unexpected symbol near '='")
  t.assertEquals(result.status, 0)
end

function tests.test_a_failing_callback_does_not_end_it()
  local child = start()
  child.write("set_timeout(function() error 'in a callback' end, 0)\n")
  child.wait_for("in a callback")
  child.write("'still ' .. 'here'\n")
  child.wait_for("still here")
  child.close_stdin()
  t.assertEquals(child.wait().status, 0)
end

function tests.test_timers_go_on_while_the_user_types()
  local child = start()
  child.write("n = 0 set_interval(function() n = n + 1 if n == 3 then print 'three' end end, 5)\n")
  child.write("local unfinished = function(")
  child.wait_for("three")
  child.write(") end\n'done ' .. 'typing'\n")
  child.wait_for("done typing")
  child.close_stdin()
  t.assertEquals(child.wait().status, 0)
end

-- ---- chunks that turn the loop themselves ----

function tests.test_a_chunk_that_runs_the_loop_runs_once()
  t.assertEquals(run "uv = require 'uv' n = 0\nn = n + 1 uv.run('nowait') print(n)\nprint('behind', n)\n",
    "1\nbehind\t1\n")
  t.assertEquals(run "n = (n or 0) + 1 require('uv').run('nowait') print(n)", "1\n")
end

function tests.test_the_loop_run_at_the_prompt_ends_with_the_script_s_handles()
  t.assertEquals(run [[
set_timeout(function() print 'timer' end, 1):is_closing()
require('uv').run()
print 'back'
]], "false\ntimer\nfalse\nback\n")
end

function tests.test_lines_wait_for_a_chunk_that_turns_the_loop()
  local go = proc.temporary_directory() .. "/go"
  local child = start()
  child.write(("uv, go = require 'uv', '%s'\n"):format(go))
  child.write("print 'in' io.flush() while not uv.fs_stat(go) do uv.run('nowait') uv.sleep(1) end print 'out'\n")
  child.wait_for("in\n")
  local lines = {}
  for i = 1, 3000 do -- more than there was room for
    lines[i] = ("line %d\n"):format(i)
    child.write(("print('line %d')\n"):format(i))
  end
  child.close_stdin()
  proc.write_file(go, "")
  t.assertEquals(answers(child.wait().out), "in\nout\n" .. table.concat(lines))
end

function tests.test_a_chunk_from_a_file_that_runs_the_loop_runs_once()
  local path = proc.write_file(proc.temporary_directory() .. "/input",
    "n = (n or 0) + 1 require('uv').run('nowait') print(n)\nprint 'behind'\n")
  t.assertEquals(answers(proc.run_shell("$SHARK -i < " .. path).out), "1\nbehind\n")
end

-- luv 1.51 refuses it and says so; either way the prompt goes on.
function tests.test_a_callback_may_run_the_loop()
  local out = run [[
uv = require 'uv'
function inner() print 'inner' end
function outer() print 'outer' set_timeout(inner, 0) print(uv.run()) print 'end' end
_ = set_timeout(outer, 0)
uv.run('once')
print 'behind'
]]
  local refused = "outer\nnil\tloop already running\nend\ntrue\nbehind\ninner\n"
  if out:find("already running", 1, true) then
    t.assertEquals(out, refused)
  else
    t.assertEquals(out, "outer\ninner\nfalse\nend\nfalse\nbehind\n")
  end
end

function tests.test_nothing_runs_behind_the_end()
  t.assertEquals(run "shark.on_end(function() print 'end' end)\nshark.stop()\nprint 'never'\n", "end\n")
  t.assertEquals(run "shark.stop()\nprint 'never'", "")
end

-- ---- what is refused ----

function tests.test_bytecode_is_refused()
  local code = string.dump(loadstring "print 'never'", true)
  local out, result = run(code .. "\nprint 'still here'\n")
  t.assertStrContains(out, "still here")
  t.assertNotStrContains(out, "never")
  t.assertStrContains(result.err, "cannot run 'stdin': it holds bytecode")
  result = proc.run_shark("-e", "\27LJ\2\2")
  t.assertStrContains(result.err, "cannot run '(command line)': it holds bytecode")
  t.assertEquals({ result.status, result.signal }, { 1, 0 })
end

function tests.test_end_of_input_ends_the_run_in_order()
  t.assertEquals(run "shark.on_end(function() print 'end' end)\nlocal _ = set_interval(print, 100000)\n", "end\n")
end

function tests.test_the_last_line_needs_no_newline()
  t.assertEquals(run "print 'last'", "last\n")
end

function tests.test_input_that_ends_in_the_middle()
  local _, result = run "x = {"
  t.assertStrContains(result.err, "the input ends in the middle of a chunk")
end

function tests.test_input_from_a_file()
  local path = proc.write_file(proc.temporary_directory() .. "/input", "1 + 2\n'from a file'\n")
  t.assertEquals(answers(proc.run_shell("$SHARK -i < " .. path).out), "3\nfrom a file\n")
end

function tests.test_a_long_line()
  t.assertEquals(run(("x = '%s'\n#x\n"):format(("a"):rep(100000))), "100000\n")
end

function tests.test_a_prompt_behind_a_script()
  local path = proc.write_file(proc.temporary_directory() .. "/s.lua", "value = 42\n")
  local result = proc.run(proc.shark, { "-i", path }, { stdin = "value\n" })
  t.assertEquals(answers(result.out), "42\n")
end

function tests.test_on_a_terminal_without_a_script()
  local input = "echo '6 * 7'; sleep 0.5; echo \"'bye ' .. 'now'\"; sleep 0.5"
  local result = proc.run_shell(("(%s) | script -qec $SHARK /dev/null"):format(input))
  t.assertEquals(result.status, 0)
  t.assertStrContains(result.out, "42")
  t.assertStrContains(result.out, "bye now")
end

function tests.test_the_terminal_of_the_output_stays_blocking()
  local input = "echo \"for i = 1, 20000 do print('line ' .. i) end\"; sleep 1"
  local result = proc.run_shell(("(%s) | script -qec $SHARK /dev/null"):format(input))
  t.assertStrContains(result.out, "line 20000")
end

t.run(tests)
