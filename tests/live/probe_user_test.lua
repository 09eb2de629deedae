-- shark.probe on programs of user space and on timers: functions, their returns, static markers with all kinds
-- of arguments, of a program whose every call is known (tests/live/marked.c).
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local probe = require "shark.probe"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}

-- luacheck: globals emit pid comm ustr
local MARKED = uv.exepath():gsub("shark$", "tests/marked")
local COUNT = 200

local function run_marked()
  local result = proc.run_shell(("%s %d"):format(MARKED, COUNT))
  t.assertEquals(result.status, 0, result.err)
end

-- Nothing but what a kernel may lack is a reason to skip.
local function open(...)
  t.needs("root", "tracing")
  local session, message, name = probe.on(...)
  t.skipIf(not session and name == "EOPNOTSUPP", "needs uprobes: " .. tostring(message))
  return assert(session, message)
end

local function collect(session)
  local events = {}
  assert(session:on(function(e) events[#events + 1] = e:copy() end))
  run_marked()
  session:stop()
  session:drain()
  return events
end

function tests.test_a_function_with_its_arguments()
  local session = open(("uprobe:%s:passed"):format(MARKED), function(i, text)
    if comm() == "marked" then emit { i = i, text = ustr(text), length = i > 99 } end
  end)
  local events = collect(session)
  t.assertEquals(#events, COUNT, tostring(session:loss()))
  for i, e in ipairs(events) do
    t.assertEquals({ tonumber(e.i), e.text, e.length }, { i, "word " .. i, i > 99 })
  end
  session:close()
end

function tests.test_what_a_function_returns()
  local sum, n = probe.sum(), probe.count()
  local session = open(("uretprobe:%s:passed"):format(MARKED), function(result)
    sum:add(result)
    n:add()
  end)
  run_marked()
  t.assertEquals(n:read()[1].count, COUNT)
  t.assertEquals(tonumber(sum:read()[1].total), COUNT * (COUNT + 1))
  session:close()
  run_marked()
  t.assertEquals(n:read()[1].count, COUNT)
end

function tests.test_a_marker_with_its_arguments()
  local session = open(("usdt:%s:shark:passed"):format(MARKED), function(i, square, constant, text)
    emit { i = i, square = square, constant = constant, text = ustr(text) }
  end)
  local events = collect(session)
  t.assertEquals(#events, COUNT, tostring(session:loss()))
  for i, e in ipairs(events) do
    t.assertEquals({ tonumber(e.i), tonumber(e.square), tonumber(e.constant), e.text }, { i, i * i, -5, "word " .. i })
  end
  session:close()
end

function tests.test_an_argument_that_no_register_leads_to()
  t.needs("root", "tracing")
  local fine, session, message = pcall(probe.on, ("usdt:%s:shark:passed"):format(MARKED), function(_, _, _, _, number)
    emit { number = number }
  end)
  t.assertStrContains(fine and tostring(message) or session, "what no register leads to")
end

function tests.test_what_is_not_there()
  t.needs("root", "tracing")
  local session, message, name = probe.on(("uprobe:%s:no_such"):format(MARKED), function() end)
  t.assertEquals({ session, name }, { nil, "ENOENT" })
  t.assertStrContains(message, "has no function no_such among its symbols")
  session, message, name = probe.on("uprobe:/no/such/file:main", function() end)
  t.assertEquals({ session, name }, { nil, "ENOENT" })
  t.assertStrContains(message, "cannot open /no/such/file")
  session, message, name = probe.on(("usdt:%s:shark:no_such"):format(MARKED), function() end)
  t.assertEquals({ session, name }, { nil, "ENOENT" })
  t.assertStrContains(message, "no_such")
end

-- Waits until it has counted so much; what never counts ends the test instead.
local function assert_reaches(aggregate, count)
  local deadline = uv.hrtime() + 60e9
  while (aggregate:read()[1] or { count = 0 }).count < count and uv.hrtime() < deadline do
    uv.sleep(2)
  end
  t.assertTrue(aggregate:read()[1].count >= count)
end

function tests.test_timers()
  for _, name in ipairs { "profile:99", "interval:10ms" } do
    local n = probe.count()
    local session = open(name, function() n:add() end)
    assert_reaches(n, 5)
    -- Nobody counts what timers skip: it is not told as 0.
    t.assertNil(session:loss().missed_runs)
    session:close()
  end
end

t.run(tests)
