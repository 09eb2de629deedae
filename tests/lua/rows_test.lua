-- Rows that mean the same become one, also where one of them has no times.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local hist = require "shark.hist"
local rows = require "shark.rows"
local t = require "t"

local tests = {}

local merge = rows.merger { sums = { "count", "ns" }, maxima = { "max_ns" }, hists = { "hist" }, counts = { "by" } }

local function timed()
  local row = { count = 2, ns = 30, max_ns = 20, hist = hist.new(), by = { a = 2 } }
  row.hist:add(10)
  row.hist:add(20)
  return row
end

local function untimed()
  return { count = 1, by = { a = 1, b = 1 } }
end

local function assert_joined(row)
  t.assertEquals({ row.count, row.ns, row.max_ns, row.hist:count() }, { 3, 30, 20, 2 })
  t.assertEquals(row.by, { a = 3, b = 1 })
end

function tests.test_one_without_times_is_added_to_one_with()
  local into = timed()
  merge(into, untimed())
  assert_joined(into)
end

function tests.test_one_with_times_is_added_to_one_without()
  local into, row = untimed(), timed()
  merge(into, row)
  assert_joined(into)
  into.hist:add(30)
  t.assertEquals(row.hist:count(), 2) -- its own
end

t.run(tests)
