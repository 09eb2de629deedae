-- shark.hist: buckets, percentiles, bars.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local ffi = require "ffi"
local hist = require "shark.hist"
local t = require "t"

local tests = {}

function tests.test_bounds_are_without_gaps()
  local end_of_last = 0
  for i = 0, 495 do
    local lo, hi = hist.bounds(i)
    t.assertEquals(lo, end_of_last)
    t.assertTrue(i < 8 or hi - lo <= lo / 8)
    end_of_last = hi
  end
  t.assertEquals(end_of_last, 2 ^ 64)
end

function tests.test_a_value_lies_within_the_bounds_of_its_bucket()
  for power = 0, 52 do
    for _, value in ipairs { 2 ^ power, 2 ^ power + 1, 2 ^ (power + 1) - 1, math.floor(2 ^ power * 1.4) } do
      local lo, hi = hist.bounds(hist.bucket(value))
      t.assertTrue(lo <= value and value < hi, ("%.0f in [%.0f, %.0f)"):format(value, lo, hi))
    end
  end
end

function tests.test_percentiles_are_within_an_eighth()
  local h = hist.new()
  for value = 1, 10000 do
    h:add(value)
  end
  t.assertEquals(h:count(), 10000)
  for _, p in ipairs { 1, 50, 90, 99, 100 } do
    local exact = 10000 * p / 100
    t.assertTrue(math.abs(h:percentile(p) - exact) <= exact / 8, ("p%d"):format(p))
  end
end

-- As the kernel side counts.
local function counters(values)
  local buckets = ffi.new("uint64_t[?]", 496)
  for _, value in ipairs(values) do
    local i = hist.bucket(value)
    buckets[i] = buckets[i] + 1
  end
  return buckets
end

-- As the kernel counts, which keeps the largest value, and as a histogram of one's own.
function tests.test_percentiles_stay_within_what_was_seen()
  for _, values in ipairs { { 1000 }, { 961, 1023 }, { 12800, 12801, 12802 }, { 0 }, { 7, 4097 }, { 2 ^ 40 + 1 } } do
    local own, least, most = hist.new(), math.huge, 0
    for _, value in ipairs(values) do
      own:add(value)
      least, most = math.min(least, value), math.max(most, value)
    end
    for _, h in ipairs { own, hist.new(counters(values), most), hist.new():merge(own), own:since(hist.new()) } do
      for _, p in ipairs { 0, 1, 50, 99, 100 } do
        local value = h:percentile(p)
        t.assertTrue(value >= least and value <= most, ("p%d of %.0f to %.0f: %.1f"):format(p, least, most, value))
      end
      t.assertEquals(h:percentile(100), most)
    end
  end
end

function tests.test_what_is_far_apart_is_kept_together()
  local values, h = { 0, 63, 64, 511, 2 ^ 20, 2 ^ 40, 2 ^ 52 }, hist.new()
  for _, value in ipairs(values) do
    h:add(value)
  end
  local from_kernel = hist.new(counters(values))
  t.assertEquals(from_kernel:buckets(), h:buckets())
  t.assertEquals({ from_kernel:count(), h:copy():count(), #h:buckets() }, { 7, 7, 7 })
  t.assertEquals(h:copy():merge(h):since(h):buckets(), h:buckets())
  t.assertEquals(h:since(h):buckets(), {})
end

function tests.test_percentiles_are_not_too_low()
  local h = hist.new()
  for value = 1, 10000 do
    h:add(value)
  end
  for p = 1, 100 do
    t.assertTrue(h:percentile(p) >= 100 * p, ("p%d"):format(p))
  end
end

function tests.test_an_empty_histogram_has_no_percentiles()
  local h = hist.new()
  t.assertNil(h:percentile(50))
  t.assertEquals(h:buckets(), {})
  t.assertEquals(h:bars(), "")
end

function tests.test_merge_and_since()
  local a, b = hist.new(), hist.new()
  a:add(5, 3)
  b:add(5, 2)
  b:add(1000)
  t.assertEquals(a:merge(b):count(), 6)
  t.assertEquals(a:since(b):buckets(), { { lo = 5, hi = 6, count = 3 } })
end

function tests.test_bars()
  local h = hist.new()
  h:add(0, 10)
  h:add(2, 5)
  t.assertEquals(h:bars { width = 10 },
    "         0 .. 1                  10 |**********|\n" ..
    "         1 .. 2                   0 |          |\n" ..
    "         2 .. 3                   5 |*****     |")
end

function tests.test_bars_join_buckets_and_lose_none()
  local h, sum = hist.new(), 0
  for power = 0, 50 do
    h:add(2 ^ power)
  end
  local text = h:bars { most = 10 }
  local _, lines = text:gsub("[^\n]+", function(line)
    sum = sum + tonumber(line:match("%s(%d+)%s|"))
  end)
  t.assertTrue(lines <= 10)
  t.assertEquals(sum, 51)
end

t.run(tests)
