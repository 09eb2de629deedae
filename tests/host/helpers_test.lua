-- The functions of `shark` and the global helpers, as the original had them.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local ffi = require "ffi"
local proc = require "proc"
local script = require "script"
local t = require "t"
local uv = require "uv"

local shark_run = proc.run_shark
local directory = proc.temporary_directory()
local tests = {}

local function out_of(chunk)
  return script.out_of("-e", chunk)
end

local function assert_raises(text, fn, ...)
  t.assertErrorMsgContains(text, fn, ...)
end

-- ---- timers ----

function tests.test_set_interval_passes_its_timer()
  t.assertEquals(out_of [[
    local n, timer = 0, nil
    timer = set_interval(function(given)
      n = n + 1
      print(n, given == timer)
      if n == 3 then given:close() end
    end, 1)]], "1\ttrue\n2\ttrue\n3\ttrue\n")
end

function tests.test_set_timeout_runs_once_and_its_timer_is_closed_by_then()
  t.assertEquals(out_of [[
    local timer
    timer = set_timeout(function(given) print(given == timer, given:is_closing()) end, 1)]], "true\ttrue\n")
end

function tests.test_set_timeout_can_be_cancelled()
  t.assertEquals(out_of "set_timeout(function() print 'never' end, 1):close()", "")
end

function tests.test_timers_in_order_of_their_time()
  t.assertEquals(out_of [[
    set_timeout(function() print 'late' end, 60)
    set_timeout(function() print 'early' end, 5)
    set_timeout(function() print 'now' end, 0)]], "now\nearly\nlate\n")
end

function tests.test_an_interval_of_zero_repeats()
  t.assertEquals(out_of [[
    local n = 0
    set_interval(function(timer) n = n + 1 if n == 5 then timer:close() print(n) end end, 0)]], "5\n")
end

-- The loop's own time is that of its last turn.
function tests.test_timers_count_from_the_call()
  for _, set in ipairs { "set_timeout", "set_interval" } do
    t.assertEquals(out_of(([[
      local uv = require 'uv'
      local function work() local till = uv.hrtime() + 5e8 repeat until uv.hrtime() > till end
      local function check()
        work()
        local from = uv.hrtime()
        %s(function(timer)
          print((uv.hrtime() - from) / 1e6 > 390)
          if not timer:is_closing() then timer:close() end
        end, 400)
      end
      set_timeout(check, 0)
      check()]]):format(set)), "true\ntrue\n")
  end
end

function tests.test_wrong_arguments_of_timers()
  for _, ms in ipairs { 0 / 0, 1 / 0, -1 / 0, 2 ^ 54 } do
    assert_raises("milliseconds expected", set_interval, print, ms)
    assert_raises("milliseconds expected", set_timeout, print, ms)
  end
  assert_raises("bad argument #1 to 'set_interval' (function expected, got number)", set_interval, 10, print)
  assert_raises("bad argument #1 to 'set_timeout' (function expected, got nil)", set_timeout)
  assert_raises("bad argument #2 to 'set_timeout' (milliseconds expected, got -1)", set_timeout, print, -1)
  assert_raises("bad argument #2 to 'set_interval' (milliseconds expected, got nil)", set_interval, print)
  assert_raises("bad argument #1 to 'on_end' (function expected, got string)", shark.on_end, "x")
end

function tests.test_gettimeofday_is_in_microseconds()
  local before = os.time()
  local now = shark.gettimeofday()
  t.assertTrue(now / 1e6 >= before and now / 1e6 < before + 60)
  t.assertEquals(now, math.floor(now))
end

-- ---- print_hist ----

function tests.test_print_hist()
  t.assertEquals(out_of "print_hist({ a = 1, b = 3, [7] = 4 })",
    (" "):rep(32) .. "7 |" .. ("*"):rep(17) .. (" "):rep(17) .. "| 4\n" ..
    (" "):rep(32) .. "b |" .. ("*"):rep(13) .. (" "):rep(21) .. "| 3\n" ..
    (" "):rep(32) .. "a |" .. ("*"):rep(4) .. (" "):rep(30) .. "| 1\n")
end

function tests.test_print_hist_in_another_order()
  local out = out_of "shark.print_hist({ a = 1, b = 3, c = 2 }, function(x, y) return x < y end)"
  t.assertStrMatches(out, " +a .* +c .* +b .*")
end

function tests.test_print_hist_of_one_and_of_nothing()
  t.assertEquals(out_of "print_hist({ only = 5 })", (" "):rep(29) .. "only |" .. ("*"):rep(34) .. "| 5\n")
  t.assertEquals(out_of "print_hist({})", "")
  t.assertEquals(out_of "print_hist({ zero = 0 })", (" "):rep(29) .. "zero |" .. (" "):rep(34) .. "| 0\n")
end

function tests.test_print_hist_of_names_that_others_chose()
  t.assertEquals(out_of [[print_hist({ ["a\27[2J\nb"] = 1 })]],
    (" "):rep(20) .. "a\\x1b[2J\\x0ab |" .. ("*"):rep(34) .. "| 1\n")
end

function tests.test_print_hist_raw()
  t.assertEquals(out_of "print_hist_raw({ a = 1, [true] = 3 })", "true\t3\na\t1\n")
end

function tests.test_print_hist_of_what_is_no_number()
  assert_raises("print_hist: the value of 'a' is not a number but a string", shark.print_hist, { a = "x" })
end

-- ---- references ----

function tests.test_references()
  local object = {}
  local a, b = shark.lua_ref(object), shark.lua_ref("text")
  t.assertEquals(type(a), "number")
  t.assertNotEquals(a, b)
  t.assertIs(shark.get_ref(a), object)
  t.assertEquals(shark.get_ref(b), "text")
end

function tests.test_a_reference_that_was_never_given()
  for _, number in ipairs { -1, 0, 12345, 2 ^ 31 - 1 } do
    t.assertNil(shark.get_ref(number))
  end
  assert_raises("number expected", shark.get_ref, "x")
  assert_raises("value expected", shark.lua_ref)
end

-- ---- addresses ----

function tests.test_iptos()
  t.assertEquals(shark.iptos(0x7f000001), "127.0.0.1")
  t.assertEquals(shark.iptos(0xffffffff), "255.255.255.255")
  t.assertEquals(shark.iptos(0), "0.0.0.0")
  assert_raises("not a 32-bit address", shark.iptos, 2 ^ 32)
  assert_raises("not a 32-bit address", shark.iptos, -1)
end

-- ---- stats ----

function tests.test_stats_of_a_run_that_traced_nothing()
  local result = out_of [[
    local s = shark.stats()
    print(s.sessions_opened, s.sessions_open, s.events, s.ring_drops, s.map_full, s.missed_runs,
      s.unmatched_entries, s.unmatched_exits, s.too_deep, s.lua_bytes > 0)]]
  t.assertEquals(result, "0\t0\t0\t0\t0\t0\t0\t0\t0\ttrue\n")
end

-- ---- exec ----

function tests.test_exec_runs_a_command_under_the_loop_and_ends_with_it()
  t.assertEquals(out_of [[
    set_interval(function() end, 1000)
    local child = shark.exec('/bin/sh', '-c', 'echo "child: $1"; exit 3', 'sh', 'an argument')
    shark.on_end(function() print(child.status, child.signal, child.pid > 0) end)]],
    "child: an argument\n3\t0\ttrue\n")
end

function tests.test_exec_looks_in_path()
  t.assertEquals(out_of "shark.exec('echo', 'found')", "found\n")
end

function tests.test_exec_gives_the_script_s_input()
  local result = proc.run(proc.shark, { "-e", "shark.exec('cat')" }, { stdin = "handed on" })
  t.assertEquals(result.out, "handed on")
end

function tests.test_exec_of_what_is_not_there()
  t.assertEquals(out_of "print(shark.exec('/no/such/command'))",
    "nil\tcannot run '/no/such/command': no such file or directory\tENOENT\n")
  assert_raises("bad argument #1 to 'exec'", shark.exec)
end

function tests.test_the_last_of_several_commands_ends_the_run()
  t.assertEquals(out_of [[
    shark.exec('/bin/sh', '-c', 'sleep 0.2; echo second')
    shark.exec('/bin/sh', '-c', 'echo first')
    shark.on_end(function() print 'end' end)]], "first\nsecond\nend\n")
end

function tests.test_a_command_that_still_runs_at_the_end_is_told_to_end()
  local mark = directory .. "/terminated"
  local result = shark_run("-e", ([[
    shark.exec('/bin/sh', '-c', 'trap "echo got > %s; exit" TERM; echo ready; while :; do sleep 0.05; done')
    set_timeout(shark.stop, 300)]]):format(mark))
  t.assertEquals(result.status, 0)
  for _ = 1, 200 do
    if uv.fs_stat(mark) then
      break
    end
    uv.sleep(20)
  end
  t.assertNotNil(uv.fs_stat(mark))
end

-- Does it run? One that nobody has waited for yet does not.
local function is_running(pid)
  local file = io.open(("/proc/%s/stat"):format(pid))
  local state = file and (file:read("*a") or ""):match("^%d+ %(.*%) (%a)")
  if file then
    file:close()
  end
  return state ~= nil and state ~= "Z"
end

local function assert_gone(out, n)
  local pids = {}
  for pid in out:gmatch("pid (%d+)") do
    pids[#pids + 1] = pid
  end
  t.assertEquals(#pids, n, out)
  local limit = uv.hrtime() + 60e9
  for _, pid in ipairs(pids) do
    while is_running(pid) and uv.hrtime() < limit do
      uv.sleep(10)
    end
    t.assertFalse(is_running(pid), "process " .. pid)
  end
end

-- A shell, a child of it, and a child of a child.
local FAMILY = [[%s echo pid $$; sleep 1000 & echo pid $!; sh -c 'sleep 1000 & echo pid $!; echo all; wait' & wait]]
local PLAIN, STUBBORN = FAMILY:format(""), FAMILY:format("trap '' TERM;")

function tests.test_what_a_command_has_started_ends_with_the_run()
  for _, command in ipairs { PLAIN, STUBBORN } do
    local child = proc.start(proc.shark, { "-e", ("shark.exec('sh', '-c', [==[%s]==])"):format(command) })
    child.wait_for("all\n")
    child.kill("sigterm")
    local result = child.wait()
    t.assertEquals({ result.status, result.signal }, { 0, 0 })
    assert_gone(result.out, 3)
  end
end

function tests.test_what_a_command_has_started_ends_with_the_duration()
  t.needs("root", "tracing")
  local result = shark_run("hardirqs", "-d", "2", "--", "sh", "-c", PLAIN)
  t.assertEquals(result.status, 0)
  assert_gone(result.out, 3)
end

-- ---- symbols ----

-- A function of a program that was not stripped, by nm.
local function a_symbol_of(path)
  local lines = proc.run("/usr/bin/nm", { "-S", path }).out
  local address, size, name = lines:match("(%x+) (%x+) [tT] (main)\n")
  return tonumber(address, 16), tonumber(size, 16), name
end

function tests.test_set_binary_gives_user_addresses_names()
  local address, size, name = a_symbol_of(proc.shark)
  t.assertTrue(shark.set_binary(proc.shark))
  t.assertEquals({ shark.symbol(address + 4) }, { name, 4, size, "" })
  t.assertEquals({ shark.symbol(("0x%x"):format(address)) }, { name, 0, size, "" })
  t.assertEquals({ shark.symbol(ffi.new("uint64_t", address)) }, { name, 0, size, "" })
  local nothing, message, code = shark.symbol(1)
  t.assertNil(nothing)
  t.assertStrContains(message, "no symbol covers 0x1")
  t.assertEquals(code, "ENOENT")
end

function tests.test_set_binary_of_what_is_no_program()
  local path = proc.write_file(directory .. "/text", "not a program\n")
  t.assertEquals({ shark.set_binary(path) }, { nil, path .. " is not an ELF file", "EINVAL" })
  t.assertEquals({ shark.set_binary("/nowhere") }, { nil, "cannot read /nowhere: No such file or directory", "ENOENT" })
end

function tests.test_debuginfo_set_gives_kernel_addresses_names()
  local path = proc.write_file(directory .. "/System.map",
    "ffffffff81000000 T _text\nffffffff81000040 T start_it\nffffffff81000100 T the_end\n")
  t.assertTrue(shark.debuginfo_set(path))
  t.assertEquals({ shark.symbol(0xffffffff81000050ULL) }, { "start_it", 16, 0xc0, "kernel" })
  t.assertEquals({ shark.symbol("0xffffffff81000050") }, { "start_it", 16, 0xc0, "kernel" })
  t.assertTrue(shark.debuginfo_set(nil))
end

function tests.test_debuginfo_set_of_what_is_neither_types_nor_symbols()
  local path = proc.write_file(directory .. "/prose", "It was a dark and stormy night.\n")
  t.assertEquals({ shark.debuginfo_set(path) }, { nil, path .. " holds neither types (BTF) nor symbols", "EINVAL" })
  local btf = proc.write_file(directory .. "/short.btf", "\159\235\1\0")
  local nothing, message = shark.debuginfo_set(btf)
  t.assertNil(nothing)
  t.assertStrContains(message, "no usable BTF")
end

function tests.test_wrong_addresses()
  assert_raises("integer expected", shark.symbol, 1.5)
  assert_raises("integer expected", shark.symbol, "xyz")
  assert_raises("integer expected", shark.symbol, -1)
end

t.run(tests)
