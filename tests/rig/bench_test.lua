-- The bench's verdicts: a limit within the spread is neither met nor missed.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. arg[0]:gsub("[^/]+/[^/]+$", "bench/?.lua;") .. package.path
local stats = require "stats"
local t = require "t"
local verdict = require "verdict"

local tests = {}

local function of(target, ours, theirs)
  return verdict.of(target, { ours = stats.of(ours), theirs = theirs and stats.of(theirs) })
end

local function assert_verdict(found, expected, ratio)
  t.assertEquals({ found.verdict, found.ratio }, { expected, ratio })
end

function tests.test_interval_of_the_median()
  t.assertEquals({ stats.interval { 5 } }, { 5, 5 })
  t.assertEquals({ stats.interval { 3, 1, 2, 5, 4, 7, 6 } }, { 1, 7 }) -- 127 of 128
  t.assertEquals({ stats.interval { 9, 1, 2, 3, 4, 5, 6, 7, 8 } }, { 2, 8 }) -- 96.1 %; the next 82 %
  local many = {}
  for i = 1, 100 do
    many[i] = i
  end
  t.assertEquals({ stats.interval(many) }, { 40, 61 }) -- as tables of the sign test have it
end

function tests.test_a_ratio_clear_of_its_limit()
  local theirs = { 10, 10, 10, 10, 10, 10, 10 }
  assert_verdict(of({ at_most = 0.5 }, { 3, 3, 4, 3, 3, 2, 3 }, theirs), "met", 0.3)
  assert_verdict(of({ at_most = 0.1 }, { 3, 3, 4, 3, 3, 2, 3 }, theirs), "MISSED", 0.3)
  assert_verdict(of({ at_least = 2 }, { 30, 30, 40, 30, 30, 20, 30 }, theirs), "met", 3)
  assert_verdict(of({ at_least = 5 }, { 30, 30, 40, 30, 30, 20, 30 }, theirs), "MISSED", 3)
end

function tests.test_a_limit_within_the_spread_is_no_figure()
  local theirs = { 10, 10, 10, 10, 10, 10, 10 }
  assert_verdict(of({ at_most = 0.3 }, { 3, 3, 4, 3, 3, 2, 3 }, theirs), "too noisy", nil)
  assert_verdict(of({ at_least = 2.5 }, { 30, 30, 40, 30, 30, 20, 30 }, theirs), "too noisy", nil)
end

function tests.test_rounds_are_pairs()
  -- Both get slower together: the ratio is steady though the times are not.
  assert_verdict(of({ at_most = 0.45 }, { 4, 8, 40, 4, 12, 4, 4 }, { 10, 20, 100, 10, 30, 10, 10 }), "met", 0.4)
end

function tests.test_a_difference_that_came_out_below_zero()
  assert_verdict(of({ at_most = 0.5 }, { 3, -1, 3, 3, 3, 3, 3 }, { 10, 10, 10, 10, 10, 10, 10 }), "too noisy", nil)
  assert_verdict(of({ at_most = 0.5 }, { 3, 3, 3, 3, 3, 3, 3 }, { 10, 10, 0, 10, 10, 10, 10 }), "too noisy", nil)
end

function tests.test_a_limit_of_ours_alone()
  assert_verdict(of({ most = 0 }, { 0, 0, 0, 0, 0, 0 }), "met", nil)
  assert_verdict(of({ most = 3 }, { 1, 2, 4, 1, 1, 1 }), "too noisy", nil)
  assert_verdict(of({ most = 3 }, { 5, 4, 6, 5, 5, 5 }), "MISSED", nil)
end

function tests.test_few_rounds_say_nothing()
  assert_verdict(of({ most = 3 }, { 1, 1, 1, 1, 1 }), "too noisy", nil)
end

t.run(tests)
