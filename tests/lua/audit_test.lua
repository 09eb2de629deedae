-- shark.trace.audit: differences are stated only where the two cannot agree.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local audit = require "shark.trace.audit"
local ledger = require "shark.text.ledger"
local t = require "t"

local tests = {}

-- A session whose readings are given: seen before, kernel, seen after.
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
  t.assertEquals(tostring(result), "all 50 that /proc/test counted")
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
  t.assertEquals(tostring(result), "41 of 51 that /proc/test counted; a 40 of 50")
end

function tests.test_what_was_seen_too_often_is_said()
  local result = compare { { a = 0 }, { a = 0 }, { a = 0 }, { a = 5 }, { a = 3 }, { a = 5 } }
  t.assertEquals({ result.missing, result.surplus }, { 0, 2 })
  t.assertEquals(tostring(result), "all 3 that /proc/test counted, and 2 that it did not count; a 5 of 3")
end

function tests.test_what_runs_is_not_missing()
  local result = compare { { a = 0 }, { a = 0 }, { a = 0 }, { a = 4 }, { a = 5 }, { a = 4 }, in_flight = 1 }
  t.assertEquals(result.missing, 0)
end

function tests.test_what_came_while_attaching()
  local result = compare({ { a = 0 }, { a = 100 }, { a = 2 }, { a = 2 }, { a = 100 }, { a = 2 } }, { a = 90 })
  t.assertEquals(result.while_attaching, 8)
  t.assertStrContains(tostring(result), "; 8 more came while attaching")
end

function tests.test_one_surplus_hides_no_loss()
  local result = compare { { a = 0, b = 0 }, { a = 0, b = 0 }, { a = 0, b = 0 },
    { a = 3, b = 5 }, { a = 6, b = 2 }, { a = 3, b = 5 } }
  t.assertEquals({ result.missing, result.surplus }, { 3, 3 })
  t.assertEquals(tostring(result),
    "5 of 8 that /proc/test counted, and 3 that it did not count; a 3 of 6, b 5 of 2")
end

-- ---- what is said at the end ----

local function named(name, fields)
  return setmetatable(fields or {}, { __tostring = function() return name end })
end

function tests.test_lost_is_nothing_only_if_nobody_knows_of_a_loss()
  local how, nothing = named "tp", named("nothing", { ring_drops = 0, in_flight = 2 })
  local same = compare { { a = 0 }, { a = 0 }, { a = 0 }, { a = 9 }, { a = 9 }, { a = 9 } }
  local other = compare { { a = 0 }, { a = 0 }, { a = 0 }, { a = 3 }, { a = 6 }, { a = 3 } }
  t.assertEquals(ledger.lines(how, nothing), { "attached: tp", "lost: nothing" })
  t.assertEquals(ledger.lines(how, nothing, same),
    { "attached: tp", "seen: all 9 that /proc/test counted", "lost: nothing" })
  t.assertEquals(ledger.lines(how, nothing, other), { "attached: tp",
    "seen: 3 of 6 that /proc/test counted; a 3 of 6",
    "lost: 3 not seen, and no counter of shark's knows why" })
  t.assertEquals(ledger.lines(how, named "nothing that is counted; this kernel does not count runs skipped", other)[3],
    "lost: 3 not seen, and no counter of shark's knows why; this kernel does not count runs skipped")
  t.assertEquals(ledger.lines(how, named("2 runs skipped", { missed_runs = 2 }), other)[3],
    "lost: 3 not seen; 2 runs skipped")
end

t.run(tests)
