-- shark.every(): what it hands over adds up to what read() gives at the end.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local LIBRARIES = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;")
local tests = {}

-- Adds up what is handed over of a source, and compares it with read() at the end.
local PRELUDE = ("package.path = %q .. package.path "):format(LIBRARIES) .. [[
local irq, json = require "shark.irq", require "shark.json"
local sums, calls, lasts = {}, 0, 0
local function add_up(source, fields)
  return function(rows, seconds, is_last)
    assert(seconds > 0)
    calls, lasts = calls + 1, lasts + (is_last and 1 or 0)
    for _, row in ipairs(rows) do
      local key = source:key(row)
      sums[key] = sums[key] or {}
      for _, field in ipairs(fields) do
        sums[key][field] = (sums[key][field] or 0) + row[field]
      end
    end
  end
end
local function compare(source, fields)
  local total = 0
  for _, row in ipairs(source:read()) do
    local key = source:key(row)
    for _, field in ipairs(fields) do
      local sum, all = sums[key][field], row[field]
      assert(sum == all, ("%s: %s of %s"):format(key, tostring(sum), tostring(all)))
    end
    total, sums[key] = total + row.count, nil
  end
  for key, left in pairs(sums) do
    assert(left.count == 0, key)
  end
  print(calls >= 3, lasts, total)
end
]]

local function run(chunk)
  local result = proc.run_shark("-e", PRELUDE .. chunk)
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return result.out
end

-- Three looks at the least, with datagrams sent between them: the rows of softirqs appear as they come.
local BUSY = [[
local rounds = 0
set_interval(function()
  rounds = rounds + 1
  require("load").datagrams(20)
  if rounds >= 5 and calls >= 2 then shark.stop() end
end, 20) ]]

function tests.test_a_session()
  t.needs("root", "tracing")
  local out = run([[local s, fields = assert(irq.softirq()), { "count", "total_ns", "wait_ns", "waits" }
    shark.on_end(function() compare(s, fields) end)
    shark.every(0.02, s, add_up(s, fields)) ]] .. BUSY)
  local total = tonumber(out:match("^true\t1\t(%d+)\n$"))
  t.assertTrue(total and total >= 100, out)
end

-- What it had counted before is in the first difference; a row that is cleared is taken back.
function tests.test_what_probes_count()
  t.needs("root", "tracing")
  local out = run([[local probe, n = require "shark.probe", require("shark.probe").count "cpu"
    local s = assert(probe.on("sys_enter", function() n[cpu()]:add() end))
    require("load").datagrams(50)
    shark.on_end(function() compare(n, { "count" }) end)
    shark.every(0.02, n, add_up(n, { "count" }))
    set_timeout(function() n:clear() end, 50) ]] .. BUSY)
  t.assertStrMatches(out, "true\t1\t%d+\n")
end

function tests.test_its_timer_ends_it()
  t.needs("root", "tracing")
  t.assertEquals(run([[local s, timer = assert(irq.softirq()), nil
    timer = shark.every(0.001, s, function(rows, seconds, is_last)
      print(type(rows), is_last)
      timer:close()
    end)]]), "table\tfalse\n")
  t.assertEquals(run([[local s = assert(irq.softirq())
    shark.every(0.01, s, function() s:close() print "once" end)]]), "once\n")
end

function tests.test_rows_are_json_in_one_call()
  t.needs("root", "tracing")
  local out = run [[
    local s = assert(irq.softirq())
    require("load").datagrams(10)
    print(json.encode(s:read()))]]
  local rows = require("strict_json").decode(out)
  t.assertTrue(#rows > 0)
  t.assertStrMatches(out, '%[{"softirq":"[%u_]+","number":%d+,"cpu":%d+,"count":%d+,"total_ns":%d+,.*')
  t.assertNotNil(rows[1].hist[1].lo)
end

t.run(tests)
