-- How a run ends: by itself, by a signal, by an error, by a closed output.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local shark, shell = proc.run_shark, proc.run_shell
local SIGINT, SIGKILL, SIGPIPE, SIGTERM = 2, 9, 13, 15
local tests = {}

local function assert_ends(result, status, out, err)
  t.assertEquals({ result.status, result.signal, result.out, result.err }, { status, 0, out, err or "" })
end

-- Starts a chunk, waits until it printed "ready", sends the signals.
local function interrupt(chunk, ...)
  local child = proc.start(proc.shark, { "-e", chunk })
  child.wait_for("ready\n")
  for _, signal in ipairs { ... } do
    child.kill(signal)
  end
  return child.wait()
end

local FOREVER = "set_interval(function() end, 1000) set_timeout(function() print 'ready' end, 0) "

-- ---- by itself ----

function tests.test_the_run_ends_when_nothing_is_left_to_do()
  assert_ends(shark("-e", "set_timeout(function() print 'last' end, 10)"), 0, "last\n")
end

function tests.test_callbacks_of_the_end_run_in_order_when_the_loop_is_empty()
  assert_ends(shark("-e", [[
    shark.on_end(function() print 'end 1' end)
    shark.add_end_notify(function() print 'notify 1' end)
    shark.on_end(function() print 'end 2' end)
    shark.add_end_notify(function() print 'notify 2' end)
    set_timeout(function() print 'timeout' end, 1)]]), 0,
    "timeout\nnotify 1\nnotify 2\nend 1\nend 2\n")
end

function tests.test_stop_ends_the_run_in_order()
  assert_ends(shark("-e", [[
    set_interval(function() end, 10)
    shark.on_end(function() print 'end' end)
    set_timeout(function() shark.stop() print 'still here' end, 20)]]), 0, "still here\nend\n")
end

function tests.test_stop_before_the_loop()
  assert_ends(shark("-e", "set_interval(print, 1) shark.on_end(function() print 'end' end) shark.stop()"),
    0, "end\n")
end

function tests.test_the_loop_can_be_run_by_the_script()
  assert_ends(shark("-e", "set_timeout(function() print 'in' end, 1) require('uv').run() print 'behind'"),
    0, "in\nbehind\n")
end

-- ---- by a signal ----

function tests.test_the_first_signal_ends_the_run_in_order()
  for _, signal in ipairs { "sigint", "sigterm" } do
    local result = interrupt(FOREVER .. [[
      shark.on_end(function() print 'end' end)
      shark.add_end_notify(function() print 'notify' end)]], signal)
    assert_ends(result, 0, "ready\nnotify\nend\n")
  end
end

function tests.test_a_signal_while_the_script_runs_the_loop_itself()
  local result = interrupt(FOREVER .. "require('uv').run() print 'behind'", "sigint")
  assert_ends(result, 0, "ready\nbehind\n")
end

local function assert_dies_of(result, signal)
  t.assertEquals(result.signal, signal)
end

-- The loop is compiled: no hook would ever be called in it.
local SPIN = "io.write('ready\\n') io.flush() local x = 0 while true do x = x + 1 end"

-- Ends at the second, not for being late: that would be said.
local function assert_second_ends(second, number)
  local child = proc.start(proc.shark, { "-e", SPIN })
  child.wait_for("ready\n")
  child.kill("sigint")
  uv.sleep(200)
  t.assertNil(child.status)
  child.kill(second)
  local result = child.wait()
  assert_dies_of(result, number)
  t.assertEquals(result.err, "")
end

function tests.test_the_second_signal_ends_a_compiled_loop_at_once()
  assert_second_ends("sigint", SIGINT)
end

function tests.test_the_second_signal_may_be_the_other_one()
  assert_second_ends("sigterm", SIGTERM)
end

function tests.test_the_second_signal_ends_a_callback_of_the_end()
  local child = proc.start(proc.shark, { "-e", FOREVER .. [[
    shark.on_end(function() io.write('ending\n') io.flush() while true do end end)]] })
  child.wait_for("ready\n")
  child.kill("sigint")
  child.wait_for("ending\n")
  uv.sleep(200)
  child.kill("sigint")
  assert_dies_of(child.wait(), SIGINT)
end

-- timeout(1) signals the command, and then its whole group.
function tests.test_two_signals_at_once_are_one()
  local result = interrupt(FOREVER .. "shark.on_end(function() require('uv').sleep(50) print 'end' end)",
    "sigterm", "sigterm", "sigint")
  assert_ends(result, 0, "ready\nend\n")
end

function tests.test_under_timeout()
  local result = shell [[timeout 1 $SHARK -e 'shark.on_end(function() print "end" end) set_interval(print, 1e6)']]
  assert_ends(result, 124, "end\n")
  result = shell "timeout 1 $SHARK -e 'jit.off() while true do end'"
  t.assertEquals(result.status, 124)
  t.assertStrContains(result.err, "interrupted by SIGTERM")
end

-- ---- scripts that do not come back ----

local INTERPRETED = "jit.off() shark.on_end(function() print 'end' end) io.write('ready\\n') io.flush() "

-- One signal ends it in order, and where it was is said once.
local function assert_interrupted(chunk)
  local result = interrupt(INTERPRETED .. chunk, "sigterm")
  t.assertEquals({ result.status, result.signal, result.out }, { 1, 0, "ready\nend\n" }, chunk .. "\n" .. result.err)
  local _, reports = result.err:gsub("interrupted by SIGTERM", "")
  t.assertEquals(reports, 1)
  t.assertStrContains(result.err, "stack traceback:")
end

function tests.test_a_signal_interrupts_a_loop()
  assert_interrupted "while true do end"
  assert_interrupted "local function f() return tostring(1) end while true do f() end"
end

function tests.test_a_signal_interrupts_a_callback()
  assert_interrupted "set_timeout(function() while true do end end, 0)"
  assert_interrupted "for i = 1, 3 do set_timeout(function() while true do end end, 0) end"
  assert_interrupted "require('uv').fs_stat('/', function() while true do end end)"
end

-- Its results are there by then, and a signal reaches it all the same.
function tests.test_a_callback_that_comes_behind_the_end()
  local result = interrupt(INTERPRETED .. [[
    require('uv').fs_stat('/', function() while true do end end)
    shark.stop()]], "sigterm")
  t.assertEquals(result.out, "ready\nend\n")
  t.assertTrue(result.status == 1 or result.signal == SIGTERM)
end

function tests.test_a_signal_interrupts_a_script_that_runs_the_loop_again_and_again()
  assert_interrupted "set_interval(function() end, 1) while true do require('uv').run('once') end"
  assert_interrupted "while true do require('uv').run() end"
end

function tests.test_an_interruption_that_is_caught_comes_again()
  assert_interrupted "while true do pcall(function() while true do end end) end"
  assert_interrupted "while true do pcall(error) end"
  assert_interrupted [[
    local loop = coroutine.wrap(function() while true do pcall(function() while true do end end) end end)
    while true do pcall(loop) end]]
end

-- The process dies of the signal, and says what it did not do. What is done first is not disturbed by it.
local function assert_ended_by_force(chunk, name, number, options, first)
  chunk = (first or "") .. " io.write('ready\\n') io.flush() " .. chunk
  local child = proc.start(proc.shark, { "-e", chunk }, options)
  child.wait_for("ready\n")
  child.kill(name)
  local result = child.wait()
  assert_dies_of(result, number)
  t.assertStrContains(result.err, ("did not come back within a second of %s"):format(name:upper()))
  return result
end

function tests.test_a_compiled_loop_ends_with_the_process()
  assert_ended_by_force("local x = 0 while true do x = (x + 1) % 7 end", "sigint", SIGINT)
  assert_ended_by_force("set_timeout(function() while true do end end, 0)", "sigterm", SIGTERM)
end

function tests.test_calls_that_block_end_with_the_process()
  assert_ended_by_force("require('uv').sleep(1e6)", "sigterm", SIGTERM)
  assert_ended_by_force("io.read()", "sigint", SIGINT, { stdin = true })
  assert_ended_by_force("os.execute('exec sleep 5')", "sigterm", SIGTERM)
end

function tests.test_what_its_traces_saw_and_lost_is_said()
  t.needs("root", "tracing")
  local result = assert_ended_by_force("while true do end", "sigterm", SIGTERM, nil,
    "local s = assert(require('shark.irq').hardirq())")
  t.assertStrContains(result.err, "shark: its traces: 1 (1 open), 0 events handed over")
  t.assertStrMatches(result.err, ".*\nshark: lost: [^\n]+\n")
end

-- Also in the words of a signal handler.
function tests.test_whether_the_kernel_counts_skipped_runs_is_said()
  t.needs("root", "tracing", "tracefs")
  local result = assert_ended_by_force("while true do end", "sigterm", SIGTERM, nil, [[
    local s = assert(require('shark.irq').hardirq { way = 'tp' })
    io.stderr:write('told: ', tostring(s:loss().missed_runs ~= nil), '\n')]])
  local told = result.err:match "told: (%a+)\n"
  t.assertNotNil(told, result.err)
  t.assertEquals(told, result.err:find("how many runs the kernel skipped is not known", 1, true) and "false" or "true",
    result.err)
end

function tests.test_what_helps_against_what_was_lost_is_said()
  t.needs("root", "tracing")
  local result = assert_ended_by_force("while true do end", "sigterm", SIGTERM, nil, [[
    local s = assert(require('shark.irq').softirq { ring_bytes = 4096 })
    s:on(function() end)
    local udp = require('uv').new_udp()
    for _ = 1, 500 do udp:try_send('x', '127.0.0.1', 9) end]])
  t.assertStrMatches(result.err, ".* events dropped %(ring full%)[^\n]*; what helps: the session's option ring_bytes\n")
end

-- Whatever the signal meets: the heap, or the lock of standard output.
function tests.test_scripts_that_are_deep_in_the_library_end()
  for _, chunk in ipairs {
    "while true do t = { ('x'):rep(1e5) } end",
    "while true do t = {} for i = 1, 100 do t[i] = {} end end",
    "while true do io.stderr:write('') io.write('') io.flush() end",
    "while true do loadstring('return {1, 2, 3}')() end",
  } do
    local result = interrupt(INTERPRETED:gsub("jit.off%(%)", "") .. chunk, "sigterm")
    t.assertTrue(result.signal == SIGTERM or result.out == "ready\nend\n", chunk)
  end
end

function tests.test_a_script_whose_output_nobody_takes_ends()
  local pipe = proc.temporary_directory() .. "/pipe"
  local result = shell(([[mkfifo %s; sleep 100 < %s & reader=$!
    $SHARK -e 'io.stderr:write("ready\n") while true do print(("x"):rep(1000)) end' > %s & shark=$!
    sleep 1; kill $shark; wait $shark; echo $?; kill $reader]]):format(pipe, pipe, pipe))
  t.assertEquals(result.out, ("%d\n"):format(128 + SIGTERM))
  t.assertStrContains(result.err, "did not come back")
end

function tests.test_signals_do_not_keep_the_loop_alive()
  assert_ends(shark("-e", "print 'done'"), 0, "done\n")
end

function tests.test_a_script_may_watch_signals_itself()
  local child = proc.start(proc.shark, { "-e", [[
    local uv = require 'uv'
    local s = uv.new_signal()
    s:start('sigusr1', function() print 'caught' shark.stop() end)
    print 'ready']] })
  child.wait_for("ready\n")
  child.kill("sigusr1")
  assert_ends(child.wait(), 0, "ready\ncaught\n")
end

-- ---- by an error in a callback ----

local function assert_reported(result, ...)
  t.assertEquals({ result.status, result.signal }, { 1, 0 })
  for _, text in ipairs { ... } do
    t.assertStrContains(result.err, text)
  end
end

function tests.test_a_failing_timer_callback()
  assert_reported(shark("-e", "set_interval(function() error 'oops' end, 1)"), "oops", "stack traceback:")
  assert_reported(shark("-e", "set_timeout(function() error({}) end, 1)"), "(error object is a table value)")
  assert_reported(shark("-e", "set_timeout(function() error(nil) end, 1)"), "(error object is a nil value)")
end

function tests.test_a_failing_callback_of_luv()
  assert_reported(shark("-e", [[
    local uv = require 'uv'
    local timer = uv.new_timer()
    timer:start(1, 1, function() local x = nil; x() end)]]), "attempt to call local 'x'", "stack traceback:")
  assert_reported(shark("-e", [[
    require('uv').fs_stat('/', function() error 'in fs_stat' end)]]), "in fs_stat", "stack traceback:")
end

function tests.test_a_failing_callback_ends_the_run_in_order()
  local result = shark("-e", [[
    shark.on_end(function() print 'results' end)
    set_interval(function() error 'oops' end, 1)]])
  assert_reported(result, "oops")
  t.assertEquals(result.out, "results\n")
  local _, reports = result.err:gsub("oops", "")
  t.assertEquals(reports, 1)
end

function tests.test_a_failing_callback_of_the_end_does_not_stop_the_others()
  local result = shark("-e", [[
    shark.add_end_notify(function() error 'first' end)
    shark.on_end(function() error 'second' end)
    shark.on_end(function() print 'third' end)]])
  assert_reported(result, "first", "second")
  t.assertEquals(result.out, "third\n")
end

function tests.test_callbacks_of_the_end_run_after_an_error_in_the_script()
  local result = shark("-e", "shark.on_end(function() print 'end' end) error 'x'")
  assert_reported(result, "x")
  t.assertEquals(result.out, "end\n")
end

-- ---- by os.exit() ----

local ENDS = "shark.on_end(function() print 'end' end) "

function tests.test_exit_runs_the_callbacks_of_the_end_and_keeps_the_status()
  local calls = { [0] = "os.exit()", [1] = "os.exit(false)", [3] = "os.exit(3)", [4] = "os.exit(4, true)" }
  for status, call in pairs(calls) do
    assert_ends(shark("-e", ENDS .. call .. " print 'never'"), status, "end\n")
  end
  assert_ends(shark("-e", ENDS .. "os.exit(true) print 'never'"), 0, "end\n")
end

-- Wherever it is called: nothing of the script runs behind it but the end.
function tests.test_exit_does_not_return()
  for _, chunk in ipairs {
    "set_interval(print, 1000000) set_timeout(function() os.exit(5) print 'never' end, 1)",
    "coroutine.wrap(function() os.exit(5) print 'never' end)() print 'never'",
    "pcall(os.exit, 5) print 'never'",
    "xpcall(os.exit, function() print 'never' end, 5) print 'never'",
    "while true do pcall(os.exit, 5) end",
    "for i = 1, 1000 do pcall(tostring, i) if i == 900 then pcall(pcall, os.exit, 5) end end",
    "table.sort({ 3, 2, 1 }, function() os.exit(5) end) print 'never'",
    "set_timeout(function() os.exit(5) end, 0) require('uv').run() print 'never'",
    "require('uv').fs_stat('/', function() os.exit(5) end) require('uv').fs_stat('/', function() end)",
  } do
    assert_ends(shark("-e", ENDS .. chunk), 5, "end\n")
  end
end

function tests.test_exit_in_a_callback_of_the_end()
  assert_ends(shark("-e", "shark.on_end(function() os.exit(6) print 'never' end) " .. ENDS), 6, "end\n")
  -- The last word counts, and each callback runs once.
  assert_ends(shark("-e", ENDS .. "shark.on_end(function() os.exit(7) end) " .. ENDS .. "os.exit(6)"), 7, "end\nend\n")
  assert_ends(shark("-e", "shark.on_end(function() set_timeout(function() os.exit(6) end, 0) require('uv').run() " ..
    "print 'never' end) " .. ENDS), 6, "end\n")
end

function tests.test_exit_hides_no_error_of_the_end()
  local wrong = "shark.on_end(function() error 'went wrong' end) "
  for status, call in pairs { [1] = "os.exit(0)", [8] = "os.exit(8)" } do
    local result = shark("-e", wrong .. ENDS .. call)
    t.assertEquals({ result.status, result.out }, { status, "end\n" })
    t.assertStrContains(result.err, "went wrong")
  end
end

function tests.test_exit_in_a_module_a_chunk_and_at_the_prompt()
  assert_ends(shark("-e", ENDS .. "os.exit(9)", "-e", "print 'never'", "hello"), 9, "end\n")
  local result = proc.run(proc.shark, { "-i" }, { stdin = ENDS .. "\nos.exit(9)\nprint 'never'\n" })
  t.assertEquals({ result.status, result.err }, { 9, "" })
  t.assertStrMatches(result.out, ".*end\n")
  t.assertNotStrContains(result.out, "never")
end

-- A thread of luv's has a Lua of its own, to which nothing of the run belongs; nothing is given back then.
function tests.test_exit_in_another_thread_runs_no_callback()
  assert_ends(shell([[ASAN_OPTIONS=detect_leaks=0 $SHARK -e 'shark.on_end(function() print "end" end)
    require("uv").new_thread(function() os.exit(9) end):join()']]), 9, "")
end

function tests.test_exit_closes_sessions_and_tells_what_they_saw()
  t.needs("root", "tracing")
  for _, call in ipairs { "os.exit(5)", "s:on(function() pcall(os.exit, 5) print 'never' end)" } do
    assert_ends(shark("-e", [[
      local s = assert(require('shark.irq').softirq())
      set_interval(function() end, 1)
      shark.on_end(function() print(s:is_open(), #s:read() >= 0) end) ]] .. call), 5, "true\ttrue\n")
  end
end

function tests.test_exit_under_a_command_line_that_is_wrong()
  local result = shark("-e", ENDS, "hardirqs", "--nope")
  t.assertEquals({ result.status, result.out }, { 2, "end\n" })
end

-- ---- handles left open ----

function tests.test_handles_left_open_are_closed()
  assert_ends(shark("-e", [[
    local uv = require 'uv'
    uv.new_tcp() uv.new_pipe(false) uv.new_idle() uv.new_async(function() end)
    local t = uv.new_timer() t:start(1000000, 0, print)
    shark.stop()]]), 0, "")
end

function tests.test_walk_passes_over_the_handles_of_the_host()
  assert_ends(shark("-e", [[
    local uv = require 'uv'
    uv.new_timer()
    local n = 0
    uv.walk(function(handle) n = n + 1 handle:close() end)
    print(n)]]), 0, "1\n")
end

-- ---- by its output ----

function tests.test_a_closed_output_ends_the_run()
  local result = shell([[$SHARK -e '
    shark.on_end(function() io.stderr:write("end\n") end)
    set_interval(function() print "line" end, 5)' | head -1]])
  assert_ends(result, 0, "line\n", "end\n")
end

function tests.test_a_closed_output_ends_a_script_that_never_comes_back()
  local result = shell([[$SHARK -e 'while true do print "line" end' | head -1]])
  assert_ends(result, 0, "line\n")
end

function tests.test_a_closed_output_has_the_status_of_sigpipe()
  local result = shell([[bash -c '$SHARK -e "set_interval(function() print(1) end, 5)" | head -1
    exit ${PIPESTATUS[0]}']])
  t.assertEquals(result.status, 128 + SIGPIPE)
end

function tests.test_a_broken_socket_does_not_end_the_run()
  assert_ends(shark("-e", [[
    local uv = require 'uv'
    local fds = uv.socketpair and uv.socketpair() or nil
    local a, b = uv.new_pipe(false), uv.new_pipe(false)
    local pair = uv.pipe()
    a:open(pair.read) b:open(pair.write)
    a:close()
    set_timeout(function()
      b:write('x', function(err) print(err) b:close() end)
    end, 10)]]), 0, "EPIPE\n")
end

function tests.test_a_full_disk_is_reported()
  local result = shell "$SHARK -e 'print(1)' > /dev/full"
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "cannot write standard output: No space left on device")
  result = shell "$SHARK -e 'set_interval(function() print(1) end, 5)' > /dev/full"
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "No space left on device")
  result = shell "$SHARK --help > /dev/full"
  t.assertEquals(result.status, 1)
end

function tests.test_an_output_that_was_never_open_is_reported()
  local result = shell "$SHARK -e 'print(1)' >&-"
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "cannot write standard output")
end

function tests.test_output_arrives_before_the_loop_sleeps()
  local child = proc.start(proc.shark, { "-e", FOREVER })
  child.wait_for("ready\n") -- through a pipe, with the run going on
  child.kill("sigkill")
  assert_dies_of(child.wait(), SIGKILL)
end

t.run(tests)
