-- shark top on a terminal: keys go in, screens are compared; the terminal is given back however it ends.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local interrupts = require "shark.system.interrupts"
local proc = require "proc"
local screen = require "screen"
local strict_json = require "strict_json"
local t = require "t"
local uv = require "uv"

local tests = {}

function tests.tearDown()
  screen.close_all()
end

-- Says on the screen that was there before whether the terminal is as it was.
local IN_BETWEEN = "echo before; stty -g >$HOME/then; %s; status=$?; stty -g | cmp - $HOME/then && echo same modes; "
  .. "(exit $status)"
local RESTORED = "same modes\nstatus %d\nmodes as before"

-- A shark top that has drawn its first figures.
local function start(options, command)
  t.needs "tracing"
  t.skipIf(not screen.is_there(), "needs tmux")
  options = options or {}
  options.env = { HOME = proc.temporary_directory() }
  local shown = screen.start(IN_BETWEEN:format(command or "$SHARK top -n 0.2"), options)
  shown.home = options.env.HOME
  shown.wait("figures", function(text) return text:find "last %d" end)
  return shown
end

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    lines[#lines + 1] = line
  end
  return lines
end

-- Waits until the terminal was given back, and looks at what it shows.
local function assert_restored(shown, status)
  local text = shown.wait_end(RESTORED:format(status))
  t.assertEquals(text:match "^[^\n]*", "before") -- the other screen
  return text
end

-- ---- what is shown ----

local KEYS = "q quit  h help  p pause  / filter  s sort  r turn  Enter map  i IRQ  1-6 Tab views"
local BOTTOM = ("by PER-S | " .. KEYS):sub(1, 78) -- of 80 columns, without the blanks

function tests.test_the_first_view_and_other_sizes()
  local shown = start()
  local lines = lines_of(shown.text())
  t.assertEquals(#lines, 24)
  t.assertStrMatches(lines[1], "shark top  %d%d:%d%d:%d%d  last [%d.]+ms  lost: .+")
  t.assertEquals(lines[2], "[1 interrupts] 2 softirqs  3 IPIs  4 vectors  5 virtio-blk  6 remapping")
  t.assertEquals(lines[3], " CPU   %TIME    %IRQ  %SYSTEM  %SOFTIRQ     PER-S")
  t.assertStrMatches(lines[4], "   0 +[%d.]+ +[%d.]+ +[%d.]+ +[%d.]+ +[%d.]+")
  t.assertStrMatches(lines[6], "  IRQ     CPU     PER%-S    %%CPU    AVG%-US     MAX%-US  ACTION")
  t.assertStrMatches(shown.text(), ".*    %- +%d[ +%d]* +[%d.]+ +[%d.]+ +[%d.]+ +[%d.]+  local timer\n.*")
  t.assertEquals(lines[24], BOTTOM)

  shown.resize(120, 40)
  lines = lines_of(shown.wait_end(KEYS))
  t.assertEquals({ #lines, lines[40] }, { 40, "by PER-S | " .. KEYS })
  t.assertStrContains(shown.text(), "     COUNT    NONE  ACTION\n")
  shown.resize(30, 5)
  lines = lines_of(shown.wait("five lines", function(text)
    return text:find "^shark top[^\n]*\n  IRQ  ACTION\n" and text:find "\nby PER%-S | q quit  h help  p p$"
  end))
  t.assertEquals(#lines, 5)
  shown.resize(1, 1)
  shown.wait_end "b"
  shown.resize(80, 24)
  shown.wait_end(BOTTOM)
  shown.keys "q"
  local text = assert_restored(shown, 0)
  t.assertStrContains(text, "\nhardirq: attached: ")
  t.assertStrContains(text, "\nhardirq: lost: ")
  shown.close()
end

function tests.test_views_and_help()
  local shown = start { columns = 120 }
  shown.keys "2"
  shown.wait("softirqs", function(text) return text:find "\nTIMER +%d" end)
  shown.keys "Tab"
  shown.wait("IPIs", function(text) return text:find "%[3 IPIs%]" and text:find "\nreschedule +%d +" end)
  shown.keys "BTab"
  shown.wait("softirqs again", function(text) return text:find "\nSOFTIRQ +CPU" end)
  shown.keys "4"
  local text = shown.wait_for "[4 vectors]"
  shown.wait("vectors, or why not", function(now)
    return now:find "\n   0 +%d+ +%d+" or now:find "\nvectors left: not known here: "
  end)
  t.assertStrContains(text, "MANAGED-LEFT\n")
  shown.keys "6"
  shown.wait_for "[6 remapping]"
  shown.wait("changes, or why not", function(now)
    return now:find "\nchanges of remapping: not known here: " or now:find "WHY\n[^\n]+"
  end)
  shown.keys "h"
  shown.wait_for "\nq, Ctrl-C     quit\n"
  shown.resize(120, 10)
  shown.wait_end "; Enter keeps it\nEscape back  Up Down scroll"
  shown.keys "Down"
  shown.wait("a line further", function(now) return now:find "\n1 to 6  " and not now:find "\nq, Ctrl" end)
  shown.resize(120, 30)
  shown.keys "Escape"
  shown.wait_for "WHY\n"
  shown.keys("1", "s")
  shown.wait_for "\nby %CPU | "
  shown.keys "r"
  shown.wait_for "\nby %CPU, the other way round | "
  shown.keys "C-l"
  shown.wait_for "local timer"
  shown.keys "C-c"
  assert_restored(shown, 0)
  shown.close()
end

-- ---- a disk's interrupts ----

-- COUNT of the only row that is shown.
local function count_shown(text)
  local count, behind = text:match "ACTION\n +%d+ +%d[ +%d]* +[%d.]+ +[%d.]+ +[%d.]+ +[%d.]+ +(%d+) +%d+ [^\n]*\n(.)"
  return tonumber(count), behind
end

local function name_of(irq)
  return interrupts.read()[irq].actions[1]
end

function tests.test_a_load_is_seen_in_its_row_and_a_pause_holds_it_back()
  local disk = t.needs "disk"
  -- Long enough to be looked at: what came while it was held back is in one interval.
  local shown = start({ columns = 120, lines = 30 }, "$SHARK top -n 2")
  local name = name_of(disk.irq)
  shown.keys "/"
  shown.type(name)
  shown.keys "Enter"
  shown.wait_for(("; filter '%s': "):format(name))
  shown.keys "p"
  local paused = shown.wait_for "  PAUSED  "
  local n = 500
  local visible = disk_load.direct_reads(disk, n)
  t.assertEquals(shown.text(), paused)
  shown.keys "p"
  local text = shown.wait("the reads", function(now) return (count_shown(now) or 0) >= visible end)
  local _, behind = count_shown(text)
  t.assertEquals(behind, "\n") -- one row
  t.assertStrContains(text, ("\n%5d "):format(disk.irq))
  shown.keys "q"
  assert_restored(shown, 0)
  shown.close()
end

function tests.test_the_map_of_an_irq()
  local disk = t.needs "disk"
  local map = proc.run_shark("irqmap", tostring(disk.irq)).out
  local shown = start { columns = 230, lines = 70 }
  shown.keys "i"
  shown.type(name_of(disk.irq))
  shown.wait_end("map of IRQ or action: " .. name_of(disk.irq))
  shown.keys "Enter"
  local text = shown.wait_end "Escape back  Up Down scroll  r read again"
  for line in map:gmatch "[^\n]+" do
    t.assertTrue(line:find "interrupts? %(CPU" ~= nil or text:find("\n" .. line .. "\n", 1, true) ~= nil, line)
  end
  shown.keys("r", "Escape")
  shown.wait_end(KEYS)
  shown.keys "i"
  shown.type "no such action"
  shown.keys "Enter"
  shown.wait_end "no IRQ with an action 'no such action' in /proc/interrupts; actions are its last column"

  -- The row that is chosen.
  local child = proc.start("/bin/sh", { "-c", ("while :; do dd if=%s of=/dev/null bs=4k count=64 iflag=direct; done")
    :format(disk.path) })
  shown.keys "/"
  shown.type(name_of(disk.irq))
  shown.keys "Enter"
  shown.wait("its row", function(now) return count_shown(now) end)
  shown.keys "Enter"
  shown.wait_for(("\nIRQ %d  "):format(disk.irq))
  shown.keys("Escape", "Escape", "5")
  shown.wait("its requests", function(now)
    return now:find(("\n%s +read +WHOLE +[%%d.]+ +100.0 +[%%d.]+ +[%%d.]+ +issued +completed\n"):format(disk.device))
      or now:find "\nrequests of virtio%-blk: not known here: "
  end)
  child.kill "sigkill"
  child.wait()
  shown.keys "q"
  assert_restored(shown, 0)
  shown.close()
end

-- ---- keys that come with the events ----

function tests.test_a_filter_typed_while_events_come()
  t.needs "tracing"
  local shown = start({}, "$SHARK top -n 0.05")
  shown.keys "/"
  for letter in ("local ti"):gmatch "." do
    shown.type(letter)
  end
  shown.wait_end "\nfilter: local ti"
  shown.wait("one row", function(text) return text:find "ACTION\n[^\n]+  local timer\n\n" end)
  shown.keys "BSpace"
  shown.wait_end "\nfilter: local t"
  shown.keys("C-u", "ä")
  shown.wait_end "\nfilter: ä"
  shown.wait_for "\nnothing that the filter lets through\n"
  shown.close()
end

-- ---- names of others ----

local HOSTILE = ([[-e 'package.path = "%s" .. package.path; require("hostile").start(true)']])
  :format(arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;"))

function tests.test_hostile_names_are_shown_and_not_obeyed()
  local shown = start({ columns = 120 }, "$SHARK " .. HOSTILE .. " top -n 0.2")
  local text = shown.wait_for "\\x1b]0;pwn\\x07\\x9b"
  t.assertNil(text:find "\nINJECTED")
  shown.keys "q"
  assert_restored(shown, 0)
  shown.close()
end

-- ---- every way to its end ----

local function pid_of(shown)
  return tonumber((io.open(shown.home .. "/pid"):read "*a"))
end

-- A sanitizer has the signals of faults for itself.
local SIGNALS = proc.shark:find "/san/" and { sigterm = 0, sighup = 129 }
  or { sigterm = 0, sighup = 129, sigsegv = 139, sigabrt = 134 }

function tests.test_signals_give_the_terminal_back()
  for name, status in pairs(SIGNALS) do
    local shown = start({}, [[sh -c "echo \$\$ >$HOME/pid; exec $SHARK top -n 0.2"]])
    shown.keys "/" -- with a cursor
    shown.wait_end "\nfilter:"
    uv.kill(pid_of(shown), name)
    assert_restored(shown, status)
    shown.close()
  end
end

function tests.test_an_error_is_told_on_the_screen_before()
  local shown = start({ lines = 60 }, [[$SHARK -e 'local model, n = require "shark.top.model", 0
    local cpus = model.cpus
    model.cpus = function(...) n = n + 1 return n > 9 and error "oops" or cpus(...) end' top -n 0.2]])
  local text = assert_restored(shown, 1)
  t.assertStrContains(text, "oops\nstack traceback:\n")
  shown.close()
end

function tests.test_a_duration_ends_it()
  local shown = start({}, "$SHARK top -n 0.2 -d 0.5")
  assert_restored(shown, 0)
  shown.close()
end

-- ---- Ctrl-Z ----

function tests.test_ctrl_z_and_fg()
  local shown = start({}, "set -m; $SHARK top -n 0.2; echo stopped; stty -g | cmp - $HOME/then && echo same then; "
    .. "read x; fg")
  shown.keys "C-z"
  shown.wait_end "stopped\nsame then"
  shown.keys "Enter"
  shown.wait_end(BOTTOM)
  shown.keys "2"
  shown.wait_for "[2 softirqs]"
  shown.keys "q"
  assert_restored(shown, 0)
  shown.close()
end

-- No shell is there to go on with: the kernel does not stop it, and all is drawn again.
function tests.test_ctrl_z_without_job_control()
  local shown = start()
  shown.keys("C-z", "h")
  shown.wait_for "\nq, Ctrl-C     quit\n"
  shown.keys("h", "q")
  assert_restored(shown, 0)
  shown.close()
end

-- ---- without a terminal ----

local function assert_refused(result, status, ...)
  t.assertEquals({ result.status, result.signal, result.out }, { status, 0, "" })
  for _, text in ipairs { ... } do
    t.assertStrContains(result.err, text)
  end
end

function tests.test_without_a_terminal()
  t.needs "tracing"
  assert_refused(proc.run_shark "top", 1, "shark top: ", "no terminal", "'shark hardirqs -n 1'", "'shark top --json'")
  assert_refused(proc.run_shark("top", "--sort", "nosuch"), 2,
    "there is no column 'nosuch'; there are: IRQ, CPU, PER-S, %CPU, AVG-US")
  assert_refused(proc.run_shark("top", "--", "true"), 2, "a command would print over the screen")
end

function tests.test_a_terminal_that_is_not_there_for_it()
  t.needs "tracing"
  t.skipIf(not screen.is_there(), "needs tmux")
  for _, command in ipairs { "TERM=dumb $SHARK top", "$SHARK -i top </dev/null" } do
    local shown = screen.start(command)
    t.assertStrContains(shown.wait_for "status 1", "cannot take the screen of the terminal: ")
    shown.close()
  end
end

function tests.test_json()
  local disk = t.needs "disk"
  local n, reports = 300, {}
  local child = proc.start(proc.shark, { "top", "--json", "-n", "0.2" })
  child.wait_for '"report":"interval"'
  local visible = disk_load.direct_reads(disk, n)
  child.kill "sigterm"
  local result = child.wait()
  t.assertEquals({ result.status, result.err }, { 0, "" })
  for line in result.out:gmatch "[^\n]+" do
    reports[#reports + 1] = strict_json.decode(line)
  end
  local total = reports[#reports]
  t.assertEquals({ reports[1].report, total.report }, { "interval", "total" })
  local counted = 0
  for _, row in ipairs(total.interrupts) do
    counted = tonumber(row.irq) == disk.irq and tonumber(row.count) or counted
  end
  t.assertTrue(counted >= visible, ("%d of %d"):format(counted, visible))
  t.assertTrue(#reports[1].cpus > 0 and #reports[1].softirqs > 0 and #reports[1].ipis > 0)
  t.assertNotNil(total.sessions.hardirq.lost)
  for _, missing in ipairs(reports[1].not_traced) do
    t.assertTrue(#missing.why > 0, missing.name)
  end
end

t.run(tests)
