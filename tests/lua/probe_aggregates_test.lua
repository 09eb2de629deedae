-- shark.probe.aggregates and emission: what handlers count, keep and send.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local compiled = require "compiled"
local ffi = require "ffi"
local hist = require "shark.hist"
local maps = require "shark.probe.maps"
local probe = require "shark.probe"
local t = require "t"

local tests = {}

local LAST = probe.count().spec[1].entries - 1 -- CPU

-- luacheck: globals emit now tid pid cpu comm stack ustack str

local function index(i)
  return ffi.string(ffi.new("uint32_t[1]", i), 4)
end

local function key(...)
  local bytes = {}
  for i, value in ipairs { ... } do
    bytes[i] = type(value) == "string" and value .. ("\0"):rep(16 - #value)
      or ffi.string(ffi.new("int64_t[1]", value), 8)
  end
  return table.concat(bytes)
end

function tests.test_counts_and_sums_of_each_cpu()
  local n, total = probe.count(), probe.sum()
  local run = compiled.run(function(a)
    n:add()
    n:add(a)
    total:add(a * 2)
  end, { args = { 5 }, cpu = LAST, times = 3 })
  t.assertEquals(run:word(n, index(LAST)), 18LL)
  t.assertEquals(run:word(total, index(LAST)), 30LL)
  t.assertEquals(LAST == 0 and 0LL or run:word(n, index(0)), 0LL)
end

function tests.test_counts_by_keys()
  local by = probe.count("comm", "cpu")
  local run = compiled.run(function(a) by[comm()][a]:add() end, { args = { 7 }, comm = "bash", times = 2 })
  t.assertEquals(run:word(by, key("bash", 7)), 2LL)
end

function tests.test_one_text_as_the_key()
  local by = probe.count("comm")
  local run = compiled.run(function() by[comm()]:add(); by.init:add(4) end, { n = 0, comm = "bash" })
  t.assertEquals({ run:word(by, key "bash"), run:word(by, key "init") }, { 1LL, 4LL })
end

function tests.test_buckets_are_those_of_histograms()
  local h = probe.hist()
  for power = 0, 52 do
    for _, value in ipairs { 2 ^ power, 2 ^ power + 1, 2 ^ (power + 1) - 1, math.floor(2 ^ power * 1.4) } do
      local run = compiled.run(function(a) h:add(a) end, { args = { value }, cpu = LAST })
      t.assertEquals(run:word(h, index(LAST * 512 + hist.bucket(value))), 1LL, ("%.0f"):format(value))
    end
  end
  local run = compiled.run(function(a) h:add(a) end, { args = { -1 }, cpu = 0 })
  t.assertEquals(run:word(h, index(495)), 1LL)
end

function tests.test_histograms_by_key_have_the_bucket_last()
  local h = probe.hist("comm")
  local run = compiled.run(function(a) h[comm()]:add(a) end, { args = { 1000 }, comm = "x", times = 4 })
  t.assertEquals(run:word(h, key("x", hist.bucket(1000))), 4LL)
end

-- The word of an extreme as the value that it stands for.
local function extreme(run, agg, key_text)
  return bit.bxor(run:word(agg, key_text), ffi.cast("int64_t", maps.mask_of(agg)))
end

local function the_largest_and_the_smallest(swaps)
  local most, least, big, low = probe.max(), probe.min("cpu"), probe.max { value = "u64" }, probe.min { value = "u64" }
  local run = compiled.run(function(a, b, c)
    most:add(a)
    most:add(b)
    most:add(c)
    least[cpu()]:add(a)
    least[cpu()]:add(b)
    least[cpu()]:add(c)
    big:add(a)
    big:add(b)
    low:add(a)
    low:add(b)
  end, { args = { -3, 12, 5 }, cpu = LAST, swaps = swaps })
  t.assertEquals({ extreme(run, most, index(LAST)), run:word(most, index(LAST), 8) }, { 12LL, 3LL })
  t.assertEquals({ extreme(run, least, key(LAST)), run:word(least, key(LAST), 8) }, { -3LL, 3LL })
  t.assertEquals({ extreme(run, big, index(LAST)), extreme(run, low, index(LAST)) }, { -3LL, 12LL })
end

function tests.test_the_largest_and_the_smallest()
  the_largest_and_the_smallest(false)
  the_largest_and_the_smallest(true)
end

function tests.test_a_map_keeps_and_forgets()
  local m = probe.map("tid", "u64")
  local run = compiled.run(function(a)
    local before = m[a]
    if not before then
      m[a] = 5
    else
      m[a] = nil
      m[9] = before + 1
    end
    emit { had = m[a] ~= nil, nine = m[9] or 77, was_five = before == 5 }
  end, { args = { 3 }, times = 2 })
  t.assertEquals(run.sent[1], { had = true, nine = 77ULL, was_five = false })
  t.assertEquals(run.sent[2], { had = false, nine = 6ULL, was_five = true })
end

function tests.test_a_value_that_was_looked_up_stays()
  local m = probe.map("tid", "i64")
  local run = compiled.run(function(a)
    m[a] = 5
    local value = m[a]
    m[a] = nil
    if value then emit { value = value, again = m[a] or -1 } end
  end, { args = { 3 } })
  t.assertEquals(run.sent[1], { value = 5LL, again = -1LL })
end

function tests.test_a_map_without_a_key_has_one_number()
  local m = probe.map "i64"
  local run = compiled.run(function(a)
    m:set((m:get() or 0) + a)
  end, { args = { 3 }, times = 3 })
  t.assertEquals(run:word(m), 9LL)
end

function tests.test_what_finds_no_room_is_counted()
  local m, by = probe.map("tid", "u64", { entries = 2 }), probe.count("tid", { entries = 2 })
  local run = compiled.run(function()
    for i = 1, 5 do
      m[i] = i
      by[i]:add()
    end
  end, { n = 0 })
  t.assertEquals({ run:lost(m), run:lost(by) }, { 3, 3 })
end

function tests.test_a_variable_of_the_script_is_read_as_it_is()
  local limit = probe.var(4096)
  local run = compiled.run(function(a) emit { beyond = a > limit() } end, { args = { 5 } })
  t.assertEquals(run.sent[1].beyond, true) -- nobody has set it here
end

function tests.test_records_have_all_kinds()
  local run = compiled.run(function(a, b)
    emit {
      n = a, u = b, yes = a < 0, text = "reading", comm = comm(), k = 3, nothing = nil, id = stack(), user = ustack(),
    }
  end, { args = { -1, -1 }, types = { "i64", "u64" }, comm = "sh" })
  t.assertEquals(run.sent[1], { n = -1LL, u = 0xffffffffffffffffULL, yes = true, text = "reading", comm = "sh", k = 3LL,
    id = 7LL, user = 7LL })
end

function tests.test_records_of_one_shape_have_one_tag()
  local func, _, shapes = compiled.compile(function(a)
    if a > 3 then emit { x = a, y = 1 } else emit { y = a, x = 2 } end
    emit { x = a }
  end, { args = { 1 } })
  t.assertEquals(#shapes.shapes, 2)
  t.assertNotNil(func)
end

function tests.test_a_full_ring_is_counted()
  local run = compiled.run(function(a) emit { x = a } end, { args = { 1 }, full = true, times = 3 })
  t.assertEquals({ #run.sent, tonumber(run.words[1]) }, { 0, 3 })
end

function tests.test_stacks_as_keys()
  local by = probe.count("stack")
  local run = compiled.run(function() by[stack()]:add() end, { n = 0 })
  t.assertEquals(run:word(by, key(7)), 1LL)
end

t.run(tests)
