-- shark.trace.peaks: rates of rows, by window and of all the time.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local peaks = require "shark.trace.peaks"
local t = require "t"

local tests = {}

-- Rows as the kernel has them: two actions of IRQ 9, one of them in two rows.
local function session_of(counts)
  local names = { [0] = "a", "b", "a" }
  local rows = {}
  for i = 0, 2 do
    rows[i] = { used = 1, what = 0, id = 9, cpu = 0, name = names[i], count = counts[i + 1] }
  end
  return {
    rows = rows, nr_rows = 3,
    key_at = function(_, i) return rows[i].id .. " " .. rows[i].name end,
  }
end

local function set(session, ...)
  for i, count in ipairs { ... } do
    session.rows[i - 1].count = count
  end
end

function tests.test_rows_of_one_interrupt_are_not_mixed()
  local session = session_of { 1000, 5, 0 }
  local seen = peaks.new(session, 0.02)
  seen:sample(1)
  set(session, 1100, 6, 10)
  seen:sample(2)
  t.assertEquals({ seen:of "9 a", seen:of "9 b", seen:of "9 c" }, { 110, 1, 0 })
end

function tests.test_all_the_time_has_the_highest_of_every_window()
  local session = session_of { 0, 0, 0 }
  local seen = peaks.new(session, 0.02)
  seen:sample(0)
  set(session, 500, 0, 0)
  seen:sample(1)
  t.assertEquals({ seen:of "9 a", seen:of("9 a", true) }, { 500, 500 })
  seen:end_window()
  set(session, 520, 0, 0)
  seen:sample(2)
  t.assertEquals({ seen:of "9 a", seen:of("9 a", true) }, { 20, 500 })
end

function tests.test_two_looks_at_once_make_no_peak()
  local session = session_of { 0, 0, 0 }
  local seen = peaks.new(session, 0.02)
  seen:sample(1)
  set(session, 2, 0, 0)
  seen:sample(1.000001)
  t.assertEquals(seen:of "9 a", 100)
end

t.run(tests)
