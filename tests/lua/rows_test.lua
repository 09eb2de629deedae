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

-- ---- what shark.every() hands over ----

local source = {
  key = function(_, row) return row.name end,
  since = function(_, row, before) return rows.since(row, before, { sums = { "count" } }) end,
}

-- What was handed over of each row, added up, over several looks.
local function added_up(looks)
  local sums, before, sizes = {}, {}, {}
  for i, look in ipairs(looks) do
    local list
    list, before = require("shark.trace.every").differences(source, look, before)
    for _, row in ipairs(list) do
      sums[row.name] = (sums[row.name] or 0) + row.count
    end
    sizes[i] = #list
  end
  return sums, sizes
end

function tests.test_differences_add_up_to_the_last_look()
  local sums, sizes = added_up {
    { { name = "a", count = 5 } },
    { { name = "a", count = 5 }, { name = "b", count = 7 } }, -- one appears
    { { name = "a", count = 6 }, { name = "b", count = 7 } },
    { { name = "b", count = 9 } }, -- one goes
    { { name = "b", count = 9 } },
    { { name = "a", count = 2 }, { name = "b", count = 9 } }, -- and comes again
  }
  t.assertEquals(sums, { a = 2, b = 9 })
  t.assertEquals(sizes, { 1, 1, 1, 2, 0, 1 })
end

function tests.test_a_row_that_is_gone_is_taken_back()
  local list = require("shark.trace.every").differences(source, {}, { a = { name = "a", count = 5, max = 3 } })
  t.assertEquals(list, { { name = "a", count = -5, max = 3 } })
end

t.run(tests)
