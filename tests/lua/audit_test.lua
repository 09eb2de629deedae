-- shark.trace.audit: differences are stated only where the two cannot agree.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local audit = require "shark.trace.audit"
local t = require "t"

local tests = {}

-- A session whose readings are given: seen before, kernel, seen behind.
local function session_of(readings)
  local at = 0
  local function next_reading()
    at = at + 1
    return readings[at]
  end
  local function kernel(_, text)
    return text or next_reading()
  end
  return {
    options = {},
    handle = { loss = function() return { in_flight = readings.in_flight or 0 } end },
    kind = { audit = { source = "/proc/test", seen = next_reading, kernel = kernel } },
  }
end

local function compare(readings, before)
  local session = session_of(readings)
  session.audit_start = audit.start(session, before or readings[2])
  return audit.finish(session)
end

function tests.test_the_same()
  local result = compare { { a = 0 }, { a = 100 }, { a = 0 }, { a = 50 }, { a = 150 }, { a = 50 } }
  t.assertEquals({ result.kernel, result.missing, #result.rows }, { 50, 0, 0 })
  t.assertEquals(tostring(result), "/proc/test counted the same: 50")
end

function tests.test_interrupts_between_the_readings_are_no_difference()
  local result = compare { { a = 0 }, { a = 100 }, { a = 3 }, { a = 50 }, { a = 150 }, { a = 54 } }
  t.assertEquals(result.missing, 0)
end

function tests.test_what_was_not_seen_is_said()
  local result = compare { { a = 0, b = 0 }, { a = 100, b = 7 }, { a = 0, b = 0 },
    { a = 40, b = 1 }, { a = 150, b = 8 }, { a = 40, b = 1 } }
  t.assertEquals({ result.kernel, result.missing }, { 51, 10 })
  t.assertEquals(result.rows, { { name = "a", kernel = 50, missing = 10 } })
  t.assertEquals(tostring(result), "/proc/test counted otherwise, seen here a: 40 of 50")
end

function tests.test_what_was_seen_too_often_is_said()
  local result = compare { { a = 0 }, { a = 0 }, { a = 0 }, { a = 5 }, { a = 3 }, { a = 5 } }
  t.assertEquals(result.missing, -2)
end

function tests.test_what_runs_is_not_missing()
  local result = compare { { a = 0 }, { a = 0 }, { a = 0 }, { a = 4 }, { a = 5 }, { a = 4 }, in_flight = 1 }
  t.assertEquals(result.missing, 0)
end

function tests.test_what_came_while_attaching()
  local result = compare({ { a = 0 }, { a = 100 }, { a = 2 }, { a = 2 }, { a = 100 }, { a = 2 } }, { a = 90 })
  t.assertEquals(result.while_attaching, 8)
  t.assertStrContains(tostring(result), "; 8 came while attaching")
end

t.run(tests)
