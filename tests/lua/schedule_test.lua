-- When reports are due; on a clock that the test sets.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local schedule = require "shark.schedule"
local t = require "t"

local tests = {}

-- Carries out a plan. late(n) is by how much the n-th wake-up comes too late.
-- Returns the times of the reports and of the end; at most so many reports.
local function carry_out(plan, late, most)
  local clock, wake_ups, queue = 1000, 0, {}
  local reports, ended = {}, nil
  plan.now = function() return clock end
  plan.after = function(callback, seconds) queue[#queue + 1] = { callback, clock + math.max(seconds, 0) } end
  plan.report = function() reports[#reports + 1] = clock - 1000 end
  plan.stop = function() ended = clock - 1000 end
  schedule.run(plan)
  while #queue > 0 and #reports < (most or 100) do
    local entry = table.remove(queue, 1)
    wake_ups = wake_ups + 1
    clock = math.max(clock, entry[2]) + (late and late(wake_ups) or 0)
    entry[1]()
  end
  return reports, ended
end

function tests.test_every_whole_interval_has_its_report()
  t.assertEquals({ carry_out { interval = 1, duration = 2 } }, { { 1, 2 }, 2 })
  local reports, ended = carry_out { interval = 0.1, duration = 0.3 }
  t.assertEquals(#reports, 3)
  t.assertAlmostEquals(ended, 0.3, 1e-6)
  t.assertEquals(#carry_out { interval = 0.1, duration = 1 }, 10)
end

function tests.test_what_is_no_whole_interval_is_in_the_total_only()
  t.assertEquals({ carry_out { interval = 2, duration = 5 } }, { { 2, 4 }, 5 })
  t.assertEquals({ carry_out { interval = 3, duration = 2 } }, { {}, 2 })
end

function tests.test_one_of_both()
  t.assertEquals({ carry_out { duration = 2 } }, { {}, 2 })
  t.assertEquals({ carry_out({ interval = 2 }, nil, 3) }, { { 2, 4, 6 }, nil })
  t.assertEquals({ carry_out {} }, { {}, nil })
end

function tests.test_lateness_does_not_add_up()
  local reports = carry_out({ interval = 1 }, function() return 0.25 end, 4)
  t.assertEquals(reports, { 1.25, 2.25, 3.25, 4.25 })
end

function tests.test_a_late_report_takes_none_away_and_no_interval_is_a_moment()
  local reports, ended = carry_out({ interval = 1, duration = 4 }, function(n) return n == 2 and 7 or 0 end)
  t.assertEquals(reports, { 1, 9, 9.5, 10 })
  t.assertEquals(ended, 10)
end

function tests.test_without_an_end_reports_that_were_missed_are_left_out()
  local reports = carry_out({ interval = 1 }, function(n) return n == 2 and 3.25 or 0 end, 4)
  t.assertEquals(reports, { 1, 5.25, 6, 7 })
end

t.run(tests)
