-- How long packaged scripts trace, and how often they report.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local json = require "dkjson"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}

local function lines_of(...)
  t.needs("root", "tracing")
  local result = proc.run_shark(...)
  t.assertEquals({ result.status, result.signal }, { 0, 0 }, result.err)
  local lines = {}
  for line in result.out:gmatch "[^\n]+" do
    lines[#lines + 1] = assert(json.decode(line))
  end
  return lines
end

-- How many intervals were reported before the one total.
local function intervals(lines)
  for i, line in ipairs(lines) do
    t.assertEquals(line.report, i < #lines and "interval" or "total")
  end
  return #lines - 1
end

function tests.test_every_whole_interval_is_reported()
  t.assertEquals(intervals(lines_of("hardirqs", "--json", "-d", "1", "-n", "0.25")), 4)
  t.assertEquals(intervals(lines_of("softirqs", "--json", "-d", "0.5", "-n", "0.2")), 2)
  t.assertEquals(intervals(lines_of("hardirqs", "--json", "-d", "0.2", "-n", "5")), 0)
end

function tests.test_every_whole_interval_is_reported_on_a_busy_machine()
  local burners = {}
  for i = 1, 4 do
    burners[i] = proc.start("/bin/sh", { "-c", "while :; do :; done" })
  end
  local ok, lines = pcall(lines_of, "irqstorm", "--json", "-d", "0.6", "-n", "0.1")
  for _, burner in ipairs(burners) do
    burner.kill "sigkill"
    burner.wait()
  end
  t.assertTrue(ok, lines)
  t.assertEquals(intervals(lines), 6)
end

-- Loading and attaching take a second in a guest: none of it counts.
function tests.test_the_duration_counts_from_when_all_is_attached()
  for _, script in ipairs { "hardirqs", "irqstorm", "irqslow" } do
    local lines = lines_of(script, "--json", "-d", "0.5")
    t.assertTrue(lines[#lines].seconds > 0.49, script)
  end
end

local function at(moment)
  os.execute(("date -s '%s' >/dev/null"):format(os.date("!%Y-%m-%d %H:%M:%S", moment)))
end

function tests.test_a_step_of_the_wall_clock_changes_nothing()
  if not t.in_guest then
    t.skip "sets the clock: in guests only"
  end
  t.needs("root", "tracing")
  local child = proc.start(proc.shark, { "hardirqs", "--json", "-d", "3", "-n", "1" })
  child.wait_for("interval")
  local before, from = os.time(), uv.hrtime()
  at(before - 86400)
  t.assertTrue(os.time() < before - 80000, "the clock was not set")
  local result = child.wait()
  at(before + (uv.hrtime() - from) / 1e9)
  t.assertEquals(result.status, 0)
  local last, reports = 0, 0
  for line in result.out:gmatch "[^\n]+" do
    local report = json.decode(line)
    t.assertTrue(report.seconds > last or report.report == "total", line)
    t.assertTrue(report.seconds < 600, line)
    last, reports = report.seconds, reports + 1
    for _, row in ipairs(report.rows) do
      t.assertTrue(row.rate > 0, line)
    end
  end
  t.assertEquals(reports, 4)
end

t.run(tests)
