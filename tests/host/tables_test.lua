-- What packaged scripts print on terminals of 80 and of 200 columns: nothing wider, nothing left out in silence.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. "docs/?.lua;" .. package.path
local foreign = require "shark.text.foreign"
local json = require "dkjson"
local parsers = require "parsers"
local proc = require "proc"
local screen = require "screen"
local t = require "t"
local uv = require "uv"

local tests = {}

function tests.tearDown()
  screen.close_all()
end

-- ---- every script ----

-- What is looked at; the others trace a command that reads, opens, starts programs and sends.
local SHOWN = { args = "sched_switch --members", doctor = "", iommu = "", irqmap = "", pipeline = "", remap = "",
  vectors = "--used" }
local MORE = {
  count = "'sched_*' -k comm -k cpu", latency = "syscalls:sys_enter_read --to syscalls:sys_exit_read -k comm",
  trace = "sched:sched_process_exec -f comm -f pid -f tid -f cpu -f uid -f softirq",
  affinity = "-a", virtblk = "-k queue -k where", softirqs = "--hist", ["virtblk-slow"] = "-u 0", ["irqslow"] = "-u 5",
}

local LIBRARIES = ("%s/%s"):format(uv.cwd(), arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;"))
local WORK = [[cat /proc/interrupts /etc/passwd >/dev/null; sync;
  "$SHARK" -e "package.path = '%s' .. package.path require('load').datagrams(300)"]]

-- The whole screen is another matter, and has its own test.
local function scripts()
  local list = {}
  for _, script in ipairs(parsers.all "samples") do
    list[#list + 1] = script.name ~= "top" and script or nil
  end
  return list
end

-- All of them in one terminal, as its bytes; the names of others are hostile.
local function typescript(columns)
  local commands = { ("stty cols %d rows 50; "):format(columns) }
  for i, script in ipairs(scripts()) do
    local name = script.name
    commands[i + 1] = ('echo "=== %s"; "$SHARK" %s %s %s;'):format(name, name, SHOWN[name] or MORE[name] or "",
      SHOWN[name] and "" or "-- sh work")
  end
  local folder = proc.temporary_directory()
  proc.write_file(folder .. "/work", WORK:format(LIBRARIES))
  proc.write_file(folder .. "/all", table.concat(commands, "\n"))
  return ("(cd %s && NO_COLOR=1 TERM=screen script -qec 'sh all' /dev/null < /dev/null > out)"):format(folder),
    folder .. "/out"
end

local function sections_of(path)
  local sections, name = {}, nil
  for line in io.lines(path) do
    line = line:gsub("^.*\r\27%[K", ""):gsub("\r", "") -- what was taken away again is not there
    name = line:match "^=== (%S+)$" or name
    sections[name] = line:find "^===" and "" or sections[name] .. line .. "\n"
  end
  return sections
end

local function assert_fits(sections, columns)
  local n = 0
  for name, section in pairs(sections) do
    t.assertNil(section:find "\27", name)
    t.assertNil(section:find "traceback", section)
    for line in section:gmatch "[^\n]+" do
      t.assertTrue(foreign.width(line) <= columns, ("%s, %d columns: %s"):format(name, columns, line))
      n = n + 1
    end
  end
  t.assertTrue(n > 300, n)
end

function tests.test_every_script_fits_terminals_of_80_and_200_columns()
  t.needs("root", "tracing", "disk")
  local narrow, narrow_path = typescript(80)
  local wide, wide_path = typescript(200)
  t.assertEquals(proc.run_shell(narrow .. " & " .. wide .. "; wait").status, 0)
  narrow, wide = sections_of(narrow_path), sections_of(wide_path)
  for _, script in ipairs(scripts()) do
    t.assertTrue(#(narrow[script.name] or "") > 20 and #(wide[script.name] or "") > 20, script.name)
  end
  assert_fits(narrow, 80)
  assert_fits(wide, 200)
  for _, name in ipairs { "hardirqs", "softirqs", "irqmap", "virtblk", "affinity" } do
    t.assertStrContains(narrow[name], "\nleft out (--wide): ")
  end
  t.assertStrContains(wide.softirqs, "RAISED BY")
  t.assertNil(wide.softirqs:find "left out")
end

-- ---- what of a table is shown ----

local function lines_of(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  return list
end

-- In a pipe a table has all columns, unless COLUMNS says otherwise; those that are left out are named.
function tests.test_columns_left_out_are_named()
  t.needs "root"
  local shell = proc.run_shell
  local all = lines_of(shell('"$SHARK" irqmap').out)[1]
  local some = shell('COLUMNS=70 "$SHARK" irqmap').out
  local shown, missing = lines_of(some)[1], some:match "\nleft out %(%-%-wide%): ([%u, ]+)\n"
  for title in all:gmatch "%S+" do
    local is_shown, is_missing = shown:find(title, 1, true) ~= nil, missing:find(title, 1, true) ~= nil
    t.assertTrue(is_shown ~= is_missing, title)
  end
  t.assertEquals(lines_of(shell('COLUMNS=70 "$SHARK" irqmap --wide').out)[1], all)
  t.assertStrContains(shown, "ACTION")
end

local function rows_of(arguments)
  local result = proc.run_shell('"$SHARK" ' .. arguments)
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return json.decode(result.out)
end

-- As JSON: a list in order, of so many, and how many there are besides.
function tests.test_rows_are_sorted_and_counted()
  t.needs("root", "tracing")
  local report = rows_of "softirqs -d 0.5 --sort MAX-us --top 2 --json"
  t.assertEquals(#report.rows, 2)
  t.assertTrue(report.left_out >= 1 and report.rows[1].max_ns >= report.rows[2].max_ns)
  local text = proc.run_shell('"$SHARK" softirqs -d 0.5 -n 0.2 --sort wait99 --top 1').out
  local tables = 0
  for left_out in text:gmatch "\nSOFTIRQ[^\n]+\n[^\n]+\nleft out %(%-%-top%): (%d+) rows?\n" do
    t.assertTrue(tonumber(left_out) >= 1)
    tables = tables + 1
  end
  t.assertEquals(tables, 3, text)
  report = rows_of "count 'sched_*' -k comm -d 0.5 --sort comm --json"
  for i = 2, #report.rows do
    t.assertTrue(report.rows[i - 1].comm <= report.rows[i].comm, i)
  end
  t.assertTrue(#report.rows > 1 and report.left_out == nil)
end

function tests.test_a_column_that_is_not_there()
  t.needs("root", "tracing")
  for command, titles in pairs {
    ["hardirqs -d 1000"] = "IRQ, CPU, CHIP, ACTION, COUNT, PER-S, TOTAL-US, AVG-US, P99-US, MAX-US, NONE",
    ["count sched_switch -k comm -d 1000"] = "COMM, COUNT", ["remap"] = "",
    ["irqstorm -d 1000"] = "SOURCE, CPU, ", ["affinity -d 1000"] = "IRQ, ACTION, ", ["vectors"] = "CPU, USED, ",
    ["irqmap"] = "IRQ, CPU, VECTOR, ",
  } do
    local result = proc.run_shell(('"$SHARK" %s --sort nope'):format(command))
    local message = ("shark %s: there is no column 'nope'; there are: %s"):format(command:match "^%S+", titles)
    if command ~= "remap" or result.status ~= 0 then -- where no interrupt is remapped, it has no table
      t.assertEquals(result.status, 2, command)
      t.assertEquals(result.err:sub(1, #message), message)
    end
  end
end

-- ---- filters ----

function tests.test_filters_that_match_nothing_are_told()
  t.needs("root", "tracing")
  local irq = next(require("shark.system.interrupts").read())
  local slow = require("shark.system.virtio").disks()[1] and "virtblk-slow" or "irqslow"
  for command, filters in pairs {
    ["irqslow -c 0 -u 4000000000 --kind softirq"] = "-c 0 --kind softirq -u 4000000000",
    [slow .. " -u 4000000001"] = "-u 4000000001", ["remap-trace -i " .. irq] = "-i " .. irq,
    ["execs --uid 4000000000"] = "--uid 4000000000", ["tcpconnect --port 65535"] = "--port 65535",
    ["runqlat -p 4194304"] = "-p 4194304", ["softirqs -s HI -c 0"] = "-c 0 -s HI",
  } do
    local result = proc.run_shell(('"$SHARK" %s --json -d 0.1'):format(command))
    t.assertEquals({ result.status, result.err },
      { 0, ("shark %s: nothing matched %s\n"):format(command:match "^%S+", filters) })
    t.assertEquals(json.decode(result.out).report, "total")
  end
  t.assertEquals(proc.run_shell('"$SHARK" runqlat -d 0.1; "$SHARK" irqslow -d 0.1').err, "")
end

function tests.test_filters_by_what_is_not_there_are_refused()
  t.needs("root", "tracing")
  for _, command in ipairs { "hardirqs -i 999", "irqthreads -i 999", "affinity -i 999", "irqmap -i 999",
    "irqheat -i 999",
    "hardirqs -c 4095", "ipis -c 4095", "softirqs -c 4095", "vectors -c 4095", "irqslow -c 4095", "virtblk -c 4095",
    "virtblk -D nodisk", "virtblk-heat -D nodisk", "virtblk-slow -D nodisk", "virtblk-stack -D nodisk" } do
    local result = proc.run_shell('"$SHARK" ' .. command)
    t.assertEquals({ result.status, result.out }, { 1, "" }, command)
    t.assertStrContains(result.err, command:match "%S+$")
  end
end

-- ---- who sits before it ----

function tests.test_a_terminal_is_told_that_it_is_traced()
  t.needs("root", "tracing")
  t.skipIf(not screen.is_there(), "needs tmux")
  local shown = screen.start "$SHARK softirqs --sort max"
  shown.wait_for "tracing softirqs, Ctrl-C ends"
  shown.keys "C-c"
  local text = shown.wait_for "lost: "
  t.assertStrContains(text, "SOFTIRQ  CPU")
  shown.wait_for "status 0"
  shown.close()
  local piped = proc.start(proc.shark, { "softirqs", "-n", "0.05" })
  piped.wait_for "MAX-US"
  piped.kill "sigint"
  t.assertEquals(piped.wait().err, "")
end

local function colours(variables, arguments)
  return proc.run_shell(("env %s TERM=screen script -qec '$SHARK softirqs -d 0.1 %s' /dev/null < /dev/null")
    :format(variables, arguments)).out:find "\27%[" ~= nil
end

function tests.test_colours_are_for_terminals_that_want_them()
  t.needs("root", "tracing")
  t.assertTrue(colours("-u NO_COLOR", ""))
  t.assertTrue(colours("NO_COLOR=", ""))
  t.assertFalse(colours("NO_COLOR=1", ""))
  t.assertFalse(colours("-u NO_COLOR", "--json"))
  t.assertNil(proc.run_shell('env -u NO_COLOR "$SHARK" softirqs -d 0.1').out:find "\27")
end

t.run(tests)
