-- The prompt on a terminal: keys go in, and the screen of 80 columns and 24 lines is compared.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local screen = require "screen"
local t = require "t"
local uv = require "uv"

local tests = {}

function tests.tearDown()
  screen.close_all()
end

local GREETING = "shark 0.1.0  help() helps, Ctrl-D leaves\n"

local function folder()
  return proc.temporary_directory()
end

local function start(home, command, options)
  t.skipIf(not screen.is_there(), "needs tmux")
  options = options or {}
  options.env = { HOME = home or folder() }
  local shown = screen.start(command or "$SHARK", options)
  shown.wait_end "\n>"
  return shown
end

local function clear(shown)
  shown.keys "C-l"
  shown.wait("an empty screen", function(text) return text == ">" end)
end

-- What stands behind the greeting once it ends so.
local function after(shown, ending)
  local text = shown.wait_end(ending)
  return text:sub(1, #GREETING) == GREETING and text:sub(#GREETING + 1) or text
end

-- ---- lines ----

function tests.test_values_are_printed_and_lines_edited()
  local shown = start()
  shown.line "1 + 1"
  t.assertEquals(after(shown, "2\n>"), "> 1 + 1\n2\n>")
  shown.type "abd'"
  shown.keys("Left", "Left")
  shown.type "c"
  shown.keys "Home"
  shown.type "'"
  shown.keys("End", "Enter")
  t.assertEquals(after(shown, "abcd\n>"), "> 1 + 1\n2\n> 'abcd'\nabcd\n>")
  shown.type "one two three"
  shown.keys("C-w", "C-w")
  shown.wait_end "> one"
  shown.keys("C-u")
  shown.type "x"
  shown.keys("BSpace", "C-a", "DC")
  shown.line "3"
  t.assertEquals(after(shown, "3\n3\n>"), "> 1 + 1\n2\n> 'abcd'\nabcd\n> 3\n3\n>")
  shown.close()
end

function tests.test_utf8_is_edited_by_the_character()
  local shown = start()
  shown.type "'äöü€"
  shown.keys("BSpace", "BSpace")
  shown.line "'"
  t.assertEquals(after(shown, "äö\n>"), "> 'äö'\näö\n>")
  shown.close()
end

function tests.test_a_chunk_over_several_lines()
  local shown = start()
  shown.line "for i = 1, 2 do"
  shown.line "print(i)"
  shown.line "end"
  t.assertEquals(after(shown, "2\n>"), "> for i = 1, 2 do\n>> print(i)\n>> end\n1\n2\n>")
  shown.close()
end

function tests.test_an_error_leaves_the_prompt()
  local shown = start()
  shown.line "_ = error 'oops'"
  t.assertEquals(after(shown, "chunk\n>"), "> _ = error 'oops'\nshark: stdin:1: oops\nstack traceback:\n"
    .. "        [C]: in function 'error'\n        stdin:1: in main chunk\n>")
  shown.close()
end

-- Each line's echo and its answer, in order, nothing twice.
function tests.test_a_paste_of_300_lines()
  local shown = start()
  shown.line "n = 0"
  local lines = {}
  for i = 1, 300 do
    lines[i] = ("n = n + %d"):format(i)
  end
  shown.paste(table.concat(lines, "\n") .. "\n")
  shown.line "n"
  local expected = {}
  for i = 280, 300 do
    expected[#expected + 1] = "> " .. lines[i]
  end
  t.assertEquals(shown.wait_end "> n\n45150\n>", table.concat(expected, "\n") .. "\n> n\n45150\n>")
  shown.close()
end

-- ---- history ----

local function history_of(home)
  return home .. "/.local/state/shark/history"
end

function tests.test_history_goes_on_at_the_next_start()
  local home = folder()
  local shown = start(home)
  shown.line "'first'"
  shown.line " 'kept by nobody'"
  shown.line "for i = 1, 1 do"
  shown.line "print('sec' .. 'ond\\\\')"
  shown.line "end"
  shown.wait_end "second\\\n>"
  shown.keys "C-d"
  shown.wait_for "status 0"
  shown.close()
  t.assertEquals(proc.read_file(history_of(home)), "'first'\nfor i = 1, 1 do\\nprint('sec' .. 'ond\\\\\\\\')\\nend\n")
  t.assertEquals(uv.fs_stat(history_of(home)).mode % 512, 384) -- 0600
  t.assertEquals(uv.fs_stat(home .. "/.local/state/shark").mode % 512, 448) -- 0700

  shown = start(home)
  shown.keys("Up", "Up", "Enter")
  t.assertEquals(after(shown, "first\n>"), "> 'first'\nfirst\n>")
  shown.keys("C-r")
  shown.type "sec"
  shown.wait_for "bck:sec"
  shown.keys "Enter"
  shown.wait_end "second\\\n>"
  shown.close()
end

function tests.test_a_history_that_is_a_link_is_left_alone()
  local home = folder()
  local other = proc.write_file(home .. "/other", "kept\n")
  for _, name in ipairs { "/.local", "/.local/state", "/.local/state/shark" } do
    uv.fs_mkdir(home .. name, 448)
  end
  uv.fs_symlink(other, history_of(home))
  local shown = start(home)
  shown.wait_for "what is typed is not kept for the next time"
  shown.line "'typed'"
  shown.wait_end "typed\n>"
  shown.keys("Up", "Enter") -- of this start, though
  shown.wait_end "typed\n> 'typed'\ntyped\n>"
  shown.close()
  t.assertEquals(proc.read_file(other), "kept\n")
end

function tests.test_a_long_history_is_cut()
  local home = folder()
  local shown = start(home)
  shown.keys "C-d"
  shown.wait_for "status 0"
  shown.close()
  local lines = {}
  for i = 1, 2500 do
    lines[i] = ("x = %d\n"):format(i)
  end
  proc.write_file(history_of(home), table.concat(lines))
  shown = start(home)
  shown.line "x = 'last'"
  shown.keys "C-d"
  shown.wait_for "status 0"
  shown.close()
  t.assertEquals(proc.read_file(history_of(home)), table.concat(lines, "", 1501) .. "x = 'last'\n")
end

-- ---- what is printed meanwhile ----

local PRINTS = "n = 0; tick = function(timer) n = n + 1 print('tick ' .. n) if n == 3 then timer:close() end end"

function tests.test_what_a_timer_prints_comes_above_the_line()
  local shown = start()
  shown.line(PRINTS .. " io.write 'set'")
  shown.wait_end "set\n>"
  clear(shown)
  shown.line "_ = set_interval(tick, 300)"
  shown.type "'not yet"
  t.assertEquals(shown.wait_end "tick 3\n> 'not yet",
    "> _ = set_interval(tick, 300)\ntick 1\ntick 2\ntick 3\n> 'not yet")
  shown.line " done'"
  t.assertEquals(shown.wait_end "done\n>",
    "> _ = set_interval(tick, 300)\ntick 1\ntick 2\ntick 3\n> 'not yet done'\nnot yet done\n>")
  shown.close()
end

-- The line takes three of the screen; the cursor is in the first.
function tests.test_a_long_line_is_drawn_again_where_the_cursor_was()
  local shown = start()
  shown.line(PRINTS)
  clear(shown)
  shown.line "_ = set_interval(tick, 300)"
  shown.type(("y"):rep(200))
  shown.keys "Home"
  local line = "> " .. ("y"):rep(78) .. "\n" .. ("y"):rep(80) .. "\n" .. ("y"):rep(42)
  t.assertEquals(shown.wait("the third", function(text) return text:find "tick 3" and text:find "yy$" end),
    "> _ = set_interval(tick, 300)\ntick 1\ntick 2\ntick 3\n" .. line)
  shown.type "x"
  shown.wait("the letter", function(text) return text:find("> x" .. ("y"):rep(77) .. "\n", 1, true) end)
  shown.close()
end

-- The Escape waits for what it begins; the loop does not.
function tests.test_a_lone_escape_holds_nothing_up()
  local shown = start()
  shown.line(PRINTS)
  clear(shown)
  shown.line "_ = set_timeout(function() set_interval(tick, 100) end, 300)"
  shown.type "'abc def"
  shown.keys "Escape"
  t.assertStrContains(shown.wait_end "tick 3\n> 'abc def", "tick 1\ntick 2\ntick 3\n")
  shown.type "b" -- Escape b: a word back
  shown.type "X"
  shown.wait_end "> 'abc Xdef"
  shown.close()
end

function tests.test_a_timer_prints_while_the_history_is_searched()
  local shown = start()
  shown.line "'needle'"
  shown.line(PRINTS)
  clear(shown)
  shown.line "_ = set_timeout(function() set_interval(tick, 100) end, 500)"
  shown.keys "C-r"
  shown.type "need"
  t.assertEquals(shown.wait("the third", function(text) return text:find "tick 3" and text:find "need$" end),
    "> _ = set_timeout(function() set_interval(tick, 100) end, 500)\ntick 1\ntick 2\ntick 3\n> 'needle'\nbck:need")
  shown.keys "Enter"
  shown.wait_for "\nneedle\n"
  shown.close()
end

function tests.test_a_line_that_was_printed_without_its_end_is_ended()
  local shown = start()
  shown.line "_ = set_timeout(function() io.write 'half' io.flush() io.stderr:write ' said' end, 200)"
  shown.type "'typed"
  t.assertStrContains(after(shown, "said\n> 'typed"), "end, 200)\nhalf said\n> 'typed")
  shown.close()
end

function tests.test_a_terminal_of_another_size()
  local shown = start()
  shown.type("'" .. ("a"):rep(60))
  shown.wait_end(("a"):rep(60))
  shown.resize(40, 24)
  shown.type "b"
  t.assertStrContains(shown.wait_end "b", "> '" .. ("a"):rep(37) .. "\n" .. ("a"):rep(23) .. "b")
  shown.resize(100, 24)
  shown.type "c"
  shown.wait_end("\n> '" .. ("a"):rep(60) .. "bc")
  shown.close()
end

-- ---- Ctrl-C and the ways out ----

function tests.test_ctrl_c_ends_what_runs()
  local shown = start()
  shown.line "kept = 42"
  shown.line "print 'runs' while true do end"
  shown.wait_for "\nruns"
  shown.keys "C-c"
  shown.wait_end "interrupted by SIGINT\nstack traceback:\n        stdin:1: in main chunk\n>"
  shown.line "kept"
  shown.wait_end "> kept\n42\n>"
  shown.line "function f() while true do end end print 'again' while true do pcall(f) end"
  shown.wait_for "\nagain"
  shown.keys "C-c"
  shown.wait("the end of it", function(text) return select(2, text:gsub("interrupted by SIGINT", "")) == 2 end)
  shown.line "kept + 1"
  shown.wait_end "> kept + 1\n43\n>"
  shown.close()
end

function tests.test_ctrl_c_ends_a_callback_and_a_loop_run_by_hand()
  local shown = start()
  shown.line "_ = set_timeout(function() print 'in' while true do end end, 100)"
  shown.wait_for "\nin"
  shown.keys "C-c"
  shown.wait_for "interrupted by SIGINT"
  shown.line "'still'"
  shown.wait_end "\nstill\n>"
  shown.line "_ = set_interval(function() end, 100000) print 'turns' require('uv').run() print 'never'"
  shown.wait_for "\nturns"
  shown.keys "C-c"
  shown.line "'here'"
  shown.wait_end "\nhere\n>"
  shown.close()
end

function tests.test_ctrl_c_clears_the_line()
  local shown = start()
  shown.type "'some text"
  shown.wait_end "text"
  shown.keys "C-c"
  t.assertEquals(after(shown, "^C\n>"), "> 'some text^C\n>")
  shown.line "for i = 1, 2 do"
  shown.wait_end ">>"
  shown.keys "C-c"
  shown.line "'new'"
  t.assertEquals(after(shown, "new\n>"), "> 'some text^C\n> for i = 1, 2 do\n>> ^C\n> 'new'\nnew\n>")
  shown.close()
end

function tests.test_ctrl_c_on_an_empty_line_says_how_to_leave()
  local shown = start()
  shown.keys "C-c"
  t.assertEquals(after(shown, "leaves.\n>"), "> ^C\nCtrl-D or exit leaves.\n>")
  shown.keys "C-d"
  t.assertEquals(after(shown, "as before"), "> ^C\nCtrl-D or exit leaves.\n> ^D\nstatus 0\nmodes as before")
  shown.close()
end

function tests.test_a_second_ctrl_c_ends_what_cannot_be_interrupted()
  local shown = start()
  shown.line "require('uv').sleep(1e6)"
  shown.wait_end "1e6)"
  shown.keys "C-c"
  shown.wait("the way out", function(text) return text:gsub("\n", ""):find("Ctrl-C again ends shark", 1, true) end)
  shown.keys "C-c"
  shown.wait_end "status 130\nmodes as before"
  shown.close()
end

-- The shell has its terminal while the prompt sleeps, and the line is there afterwards.
function tests.test_ctrl_z_and_back()
  t.skipIf(not screen.is_there(), "needs tmux")
  local shown = screen.start("PS1='sh: ' bash --norc --noprofile -i", { env = { HOME = folder() } })
  shown.wait_end "sh:"
  shown.line "exec 2>&1; $SHARK"
  shown.wait_end "\n>"
  for i = 1, 2 do
    shown.type(i == 1 and "1 +" or " 40 +")
    shown.wait_end(i == 1 and "> 1 +" or "> 1 + 40 +")
    shown.keys "C-z"
    shown.wait("the shell", function(text) return text:find "Stopped[^\n]*\n.*sh:$" end)
    shown.line "stty -a | grep -q ' icanon .* echo ' && echo modes as before"
    shown.wait_end "\nmodes as before\nsh:"
    shown.line "fg"
    shown.wait_end(i == 1 and "> 1 +" or "> 1 + 40 +")
  end
  shown.line " 1"
  shown.wait_end "\n42\n>"
  shown.keys "C-d"
  shown.wait_end "sh:"
  shown.close()
end

function tests.test_words_leave()
  for _, word in ipairs { "exit", "quit", "exit()", "os.exit(0)", "shark.stop()" } do
    local shown = start()
    shown.line(word)
    t.assertEquals(after(shown, "as before"), "> " .. word .. "\nstatus 0\nmodes as before")
    shown.close()
  end
end

function tests.test_the_end_runs_after_the_line()
  local shown = start()
  shown.line "shark.on_end(function() print 'the end' end)"
  shown.keys "C-d"
  t.assertStrContains(after(shown, "as before"), "\n> ^D\nthe end\nstatus 0\n")
  shown.close()
end

-- Each in the middle of a line.
-- A sanitizer has the signals of faults for itself.
local ENDING_SIGNALS = proc.shark:find "/san/" and { TERM = 0, HUP = 129, QUIT = 131 }
  or { TERM = 0, HUP = 129, QUIT = 131, SEGV = 139, ABRT = 134 }

function tests.test_signals_give_the_terminal_back()
  for name, status in pairs(ENDING_SIGNALS) do
    local shown = start()
    shown.line("_ = set_timeout(function() require('uv').kill(require('uv').os_getpid(), 'sig"
      .. name:lower() .. "') end, 300)")
    shown.type "'abc"
    t.assertStrContains(shown.wait_end "modes as before", ("status %d\n"):format(status))
    shown.close()
  end
end

function tests.test_a_prompt_behind_a_script_that_failed()
  local home = folder()
  local path = proc.write_file(home .. "/s.lua", "value = 42\nerror 'in the script'\n")
  local shown = start(home, "$SHARK -i " .. path)
  shown.line "value"
  t.assertStrContains(shown.wait_end "42\n>", "in the script")
  shown.close()
end

function tests.test_a_dumb_terminal_has_a_plain_prompt()
  local shown = start(nil, "TERM=dumb $SHARK")
  shown.line "6 * 7"
  t.assertEquals(shown.wait_end "42\n>", "shark 0.1.0  Ctrl-D ends\n> 6 * 7\n42\n>")
  shown.close()
end

-- ---- values ----

-- What a line prints.
local function shows(shown, line, lines)
  clear(shown)
  shown.line(line)
  t.assertEquals(shown.wait_end "\n>", ("> %s\n%s\n>"):format(line, table.concat(lines, "\n")))
end

function tests.test_values_print_as_trees()
  local shown = start()
  shows(shown, "{ 3, 'x', a = true, b = { c = {} } }", { "{", "  3", '  "x"', "  a = true", "  b = { c = {} }", "}" })
  shown.line "t = { name = 'self' } t.t = t"
  shows(shown, "t", { "{", '  name = "self"', "  t = <the table that this is in>", "}" })
  shows(shown, "('x'):rep(3), nil, 1.5, 7ULL, print", { "xxx     nil     1.5     7       function print" })
  shows(shown, "{ '\\27[2J', ['\\7'] = 1 }", { '{ "\\x1b[2J", ["\\x07"] = 1 }' })
  shows(shown, "function() end", { "function of stdin:1" })
  shows(shown, "irq.hardirq", { "function irq.hardirq" })
  shows(shown, "setmetatable({}, { __tostring = function() error 'x' end })", { "<no text: stdin:1: x>" })
  shown.line "l = {} for i = 1, 100 do l[i] = ('%020d'):format(i) end"
  shown.line "l"
  t.assertStrContains(shown.wait_end "\n}\n>", '  "00000000000000000040"\n  ... and 60 more\n}')
  shown.close()
end

function tests.test_rows_and_events_have_their_units()
  local shown = start()
  shown.line "irq = require 'shark.irq' require 'shark.tracers.irqthread'"
  shows(shown, "{ irq = 24, comm = 'x', cpu = 1 }", { '{ comm = "x", cpu = 1, irq = 24 }' })
  t.needs "tracing"
  shown.line "s = irq.vector {} r = {} while not r[1] do r = s:read() end r = r[1] r.max_ns = 1234"
  shown.line "r"
  t.assertStrContains(shown.wait_end "\n}\n>", "row of irq.vector {\n")
  t.assertStrContains(shown.text(), "  max_ns = 1234 ns (1.23us)\n")
  shown.line "s"
  shown.wait_for "> s\nsession of irq.vector: "
  shown.close()
end

-- ---- Tab ----

-- What a Tab makes of the text: the screen behind it.
local function completes(shown, text, screen_text)
  clear(shown)
  shown.type(text)
  shown.keys "Tab"
  t.assertEquals(shown.wait_end(screen_text), screen_text)
  shown.keys "C-c"
  shown.wait_end "\n>"
end

function tests.test_tab_completes()
  local shown = start()
  shown.line "other = { aa_one = 1, aa_two = 2, f = function() end }"
  completes(shown, "oth", "> other")
  completes(shown, "other.a", "> other.aa_")
  completes(shown, "other.aa_", "aa_one  aa_two\n> other.aa_")
  completes(shown, "other:", "> other:f")
  completes(shown, "x = { irq.hard", "> x = { irq.hardirq")
  completes(shown, "irq.hardirq { at", "> irq.hardirq { at_least_ns")
  completes(shown, "irq.hardirq { irq = 3, au", "> irq.hardirq { irq = 3, audit")
  completes(shown, "require 'shark.mod", "> require 'shark.modules")
  completes(shown, "shark.trace('hard", "> shark.trace('hardirq")
  completes(shown, "help 'irqm", "> help 'irqmap")
  completes(shown, "('x'):nothing.", "> ('x'):nothing.")
  shown.close()
end

function tests.test_tab_knows_sessions_and_their_rows()
  t.needs "tracing"
  local shown = start()
  shown.line "s = irq.hardirq {}"
  completes(shown, "s:how", "> s:how")
  completes(shown, "s:dr", "> s:drain")
  completes(shown, "s:read()[1].act", "> s:read()[1].action")
  completes(shown, "for _, r in ipairs(s:read()) do r.wake", "> for _, r in ipairs(s:read()) do r.wake_thread")
  completes(shown, "s:on(function(e) e.act", "> s:on(function(e) e.action")
  shown.line "s:loss()"
  shown.wait_end "\n>" -- still there
  shown.close()
end

function tests.test_tab_knows_the_kernel_s_types()
  t.needs "task"
  local shown = start()
  shown.line "task = kernel.current()"
  completes(shown, "task.gro", "> task.group_leader")
  completes(shown, "task.group_leader.start_boo", "> task.group_leader.start_boottime")
  completes(shown, "task.se.sum_exec", "> task.se.sum_exec_runtime")
  shown.close()
end

function tests.test_tab_knows_symbols()
  t.needs "data_symbols"
  local shown = start()
  completes(shown, "kernel.var('init_tas", "> kernel.var('init_task")
  shown.close()
end

-- ---- help ----

function tests.test_help()
  local shown = start(nil, nil, { lines = 200 })
  shown.line "help()"
  local text = shown.wait_end "\n>"
  t.assertStrContains(text, "Ctrl-D     leaves, as exit does")
  t.assertStrContains(text, "  shark.story           ")
  clear(shown)
  shown.line "help(irq.hardirq)"
  text = shown.wait_end "\n>"
  for _, part in ipairs { "irq.hardirq(options)", "Source: ", "\noptions:\n", "\nrows of read():\n", "\nevents:\n",
    "  max_ns            the longest of them (integer, ns)\n" } do
    t.assertStrContains(text, part)
  end
  clear(shown)
  shown.line "help 'hardirqs'"
  t.assertStrContains(shown.wait_end "\n>", "Usage: shark hardirqs")
  shown.line "help 'nothing of that name'"
  shown.wait_end "there is no help on 'nothing of that name'; help() says what there is help on\n>"
  shown.close()
end

t.run(tests)
