-- shark.probe: aggregates as they are declared, and what is read of their maps; the maps are
-- in our own memory and filled as the layout of shark.probe.maps has it.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local fake = require "fake_maps"
local ffi = require "ffi"
local json = require "shark.json"
local maps = require "shark.probe.maps"
local probe = require "shark.probe"
local t = require "t"

local tests = {}

local u64, text = fake.u64, fake.text

local function possible()
  local list = require("shark.system.cpus").possible()
  return list[#list] + 1
end

-- ---- declaring ----

function tests.test_a_layout_for_each_kind()
  local cpus = possible()
  local function spec(agg)
    local s = agg.spec[1]
    return { s.type, s.key_size, s.value_size, s.entries }
  end
  t.assertEquals(spec(probe.count()), { "array", 4, 8, cpus })
  t.assertEquals(spec(probe.sum("comm")), { "percpu_hash", 16, 8, 4096 })
  t.assertEquals(spec(probe.hist()), { "array", 4, 8, cpus * 512 })
  t.assertEquals(spec(probe.hist("comm", "cpu")), { "percpu_hash", 32, 8, 8192 })
  t.assertEquals(spec(probe.max()), { "array", 4, 16, cpus })
  t.assertEquals(spec(probe.min("dev", { entries = 7 })), { "percpu_hash", 8, 16, 7 })
  t.assertEquals(spec(probe.map("tid", "u64", { entries = 10240 })), { "hash", 8, 8, 10240 })
  t.assertEquals(spec(probe.map("i64")), { "array", 4, 8, 1 })
  t.assertEquals(spec(probe.var(4096)), { "array", 4, 8, 1 })
end

function tests.test_keys_are_names_with_types()
  local agg = probe.count("comm", "tid", "at:ptr", "file:text(60)", "stack", "who:ustack")
  local got = {}
  for i, key in ipairs(agg.keys) do
    got[i] = { key.name, key.type, key.size }
  end
  t.assertEquals(got, { { "comm", "text", 16 }, { "tid", "i64", 8 }, { "at", "u64", 8 }, { "file", "text", 64 },
    { "stack", "i64", 8 }, { "who", "i64", 8 } })
  t.assertEquals(agg.key_size, 16 + 8 + 8 + 64 + 8 + 8)
end

local function refused(message, call, ...)
  local ok, got = pcall(call, ...)
  t.assertFalse(ok)
  t.assertStrContains(got, message)
  t.assertStrContains(got, "probe_maps_test.lua:") -- where the script called
end

function tests.test_misuse_raises_where_it_was_written()
  refused("two keys are named 'comm'", function() local _ = probe.count("comm", "comm") end)
  refused("'a b' is no key", function() local _ = probe.count("a b") end)
  refused("'dev:u65' is no key", function() local _ = probe.count("dev:u65") end)
  refused("only texts have a size", function() local _ = probe.count("dev:u64(8)") end)
  refused("a key is a name, not a number", function() local _ = probe.count(5) end)
  refused("a text has 1 to 256 bytes", function() local _ = probe.count("text(300)") end)
  refused("there is no option 'entires'", function() local _ = probe.hist("comm", { entires = 5 }) end)
  refused("entries is a whole number", function() local _ = probe.hist("comm", { entries = 0.5 }) end)
  refused("the type of the values", function() local _ = probe.map("tid") end)
  refused("a whole number of 64 bits is wanted, not 0.5", function() local _ = probe.var(0.5) end)
  refused("a count has no 'add' outside of handlers", function() local _ = probe.count():add() end)
  refused("a count has no set()", function() local _ = probe.count():set(5) end)
  refused("a map has no 'comm' outside of handlers", function() local _ = probe.map("comm", "u64").comm end)
  refused("only handlers write into a map", function() probe.map("comm", "u64").bash = 5 end)
  refused("a hist cannot be called", function() local _ = probe.hist()() end)
  refused("key 'comm' is a text, not a number", function() local _ = probe.map("comm", "u64"):set(5, 5) end)
end

function tests.test_a_key_has_no_name_that_rows_have()
  refused("a key cannot be named 'count': rows of a hist have", function() local _ = probe.hist("count") end)
  refused("a key cannot be named 'total'", function() local _ = probe.sum("comm", "total:u64") end)
  refused("a key cannot be named 'value'", function() local _ = probe.map("value", "u64") end)
  t.assertEquals(probe.sum("count").keys[1].name, "count")
end

function tests.test_misuse_of_reading_raises_where_it_was_written()
  local n, m = probe.count("comm"), probe.map("tid", "u64")
  refused("read() is a method: n:read(), not n.read()", function() local _ = n.read() end)
  refused("get() is a method", function() local _ = m.get(5) end)
  refused("since() takes a row of read(), not a nil", function() local _ = n:since() end)
  refused("key() takes a row of read(), not a number", function() local _ = n:key(5) end)
  refused("a map of 1 key, and a value, is wanted", function() local _ = m:set(5) end)
  refused("a map of 1 key, and a value, is wanted", function() local _ = m:set(5, 6, 7) end)
  refused("a map of 1 key is wanted", function() local _ = m:get() end)
  refused("a map of 1 key is wanted", function() local _ = m:delete(5, 6) end)
end

function tests.test_a_variable_is_read_before_anything_uses_it()
  local limit = probe.var(5)
  t.assertEquals({ limit(), limit:get(), limit:read()[1].value }, { 5, 5, 5 })
  t.assertStrContains(tostring(limit), "5")
  limit:set(-7)
  t.assertEquals(limit:read()[1].value, -7)
end

function tests.test_declaring_makes_no_maps()
  fake.refuse = true
  local agg = probe.count("comm")
  t.assertEquals(agg:read(), {})
  local list, message, name = agg:maps()
  fake.refuse = nil
  t.assertNil(list)
  t.assertEquals({ message, name }, { "a count: no memory for it", "ENOMEM" })
end

-- ---- reading ----

local function map_of(agg)
  return assert(agg:maps())[1]
end

local function per_cpu(...)
  return u64(...)
end

function tests.test_counts_without_keys_are_sums_over_the_cpus()
  local agg = probe.count()
  t.assertEquals(agg:read(), { { count = 0 } })
  map_of(agg).memory[0] = 5
  map_of(agg).memory[possible() - 1] = map_of(agg).memory[possible() - 1] + 7
  t.assertEquals(agg:read(), { { count = 12 } })
  t.assertEquals(agg:clear(), true)
  t.assertEquals(agg:read(), { { count = 0 } })
end

function tests.test_counts_by_key_are_in_the_order_of_the_keys()
  local agg = probe.count("comm", "cpu")
  local map = map_of(agg)
  map:set(text "zsh" .. u64(1), per_cpu(1, 0, 0, 2))
  map:set(text "bash" .. u64(10), per_cpu(0, 4, 0, 0))
  map:set(text "bash" .. u64(9), per_cpu(9, 9, 9, 9))
  t.assertEquals(agg:read(), {
    { comm = "bash", cpu = 9, count = 36 }, { comm = "bash", cpu = 10, count = 4 },
    { comm = "zsh", cpu = 1, count = 3 },
  })
  t.assertEquals(agg:clear(), true)
  t.assertEquals(agg:read(), {})
end

function tests.test_64_bits_are_exact()
  local agg = probe.sum("at:ptr", "n")
  map_of(agg):set(u64(0xffff888101234567ULL, 2 ^ 53), per_cpu(0x20000000000001ULL, 0, 0, 0))
  local row = agg:read()[1]
  t.assertEquals({ type(row.at), row.at == 0xffff888101234567ULL }, { "cdata", true })
  t.assertEquals(tostring(row.n), "9007199254740992LL")
  t.assertEquals(tostring(row.total), "9007199254740993LL")
  t.assertEquals(json.encode(row, { "at", "n" }),
    '{"at":18446612686384088423,"n":9007199254740992,"total":9007199254740993}')
end

function tests.test_numbers_below_zero()
  local agg = probe.sum("n")
  map_of(agg):set(u64(-3LL), per_cpu(-5LL, 1, 0, 0))
  t.assertEquals(agg:read(), { { n = -3, total = -4 } })
end

function tests.test_extremes_are_those_of_all_cpus_that_have_one()
  local big, small = probe.max("comm"), probe.min("comm")
  local sign, rest = bit.lshift(1LL, 63), bit.rshift(-1LL, 1)
  map_of(big):set(text "a", per_cpu(bit.bxor(sign, -7LL), 1, 0, 0, bit.bxor(sign, -9LL), 3, 0, 0))
  map_of(small):set(text "a", per_cpu(bit.bxor(rest, 7), 1, 0, 0, bit.bxor(rest, 9), 3, 0, 0))
  t.assertEquals(big:read(), { { comm = "a", max = -7, count = 4 } })
  t.assertEquals(small:read(), { { comm = "a", min = 7, count = 4 } })
  t.assertEquals(probe.max():read(), { { count = 0 } })
  local addresses = probe.max("comm", { value = "u64" })
  map_of(addresses):set(text "a", per_cpu(-1LL, 1, 5, 1, 0, 0, 0, 0))
  t.assertEquals(tostring(addresses:read()[1].max), "18446744073709551615ULL")
end

local function lows(hist)
  local list = {}
  for i, bucket in ipairs(hist:buckets()) do
    list[i] = { bucket.lo, bucket.count }
  end
  return list
end

function tests.test_histograms_have_the_buckets_of_all_cpus()
  local agg = probe.hist()
  t.assertEquals(agg:read()[1].count, 0)
  local memory = map_of(agg).memory
  memory[5] = 2
  memory[(possible() - 1) * 512 + 495] = 1
  local row = agg:read()[1]
  t.assertEquals(row.count, 3)
  t.assertEquals(lows(row.hist), { { 5, 2 }, { 15 * 2 ^ 60, 1 } })
end

function tests.test_histograms_by_key_are_put_together_from_their_buckets()
  local agg = probe.hist("comm")
  local map = map_of(agg)
  map:set(text "b" .. u64(3), per_cpu(1, 1, 0, 0))
  map:set(text "a" .. u64(16), per_cpu(0, 0, 0, 4))
  map:set(text "b" .. u64(8), per_cpu(5, 0, 0, 0))
  local rows = agg:read()
  t.assertEquals({ #rows, rows[1].comm, rows[1].count, rows[2].comm, rows[2].count }, { 2, "a", 4, "b", 7 })
  t.assertEquals(lows(rows[1].hist), { { 16, 4 } })
  t.assertEquals(lows(rows[2].hist), { { 3, 2 }, { 8, 5 } })
  t.assertEquals(require("dkjson").decode(json.encode(rows[2])).hist[2], { lo = 8, hi = 9, count = 5 })
end

function tests.test_what_came_since_the_last_look()
  local agg = probe.hist("comm")
  local map = map_of(agg)
  map:set(text "b" .. u64(3), per_cpu(1, 1, 0, 0))
  local before = agg:read()[1]
  map:set(text "b" .. u64(3), per_cpu(1, 5, 0, 0))
  local now = agg:read()[1]
  t.assertEquals(agg:key(now), agg:key(before))
  t.assertEquals(agg:since(now, before).count, 4)
  t.assertEquals(lows(agg:since(now, before).hist), { { 3, 4 } })
  t.assertEquals(agg:since(now, nil).count, 6)
end

function tests.test_names_are_as_the_kernel_has_them()
  local agg = probe.count("comm")
  map_of(agg):set("\27]2;x\7\255\0yyyyyyyyy", per_cpu(1, 0, 0, 0))
  t.assertEquals(agg:read()[1].comm, "\27]2;x\7\255")
end

function tests.test_as_text_the_largest_is_first_and_names_are_fit()
  local agg = probe.sum("comm", { unit = "bytes" })
  local map = map_of(agg)
  map:set(text "a", per_cpu(2048, 0, 0, 0))
  map:set(text "\27[1mb", per_cpu(2 ^ 20, 2 ^ 20, 0, 0))
  t.assertEquals(tostring(agg), "COMM       TOTAL\n\\x1b[1mb  2.0MiB\na         2.0KiB")
  local hist = probe.hist("comm", { unit = "ns" })
  map_of(hist):set(text "x" .. u64(8), per_cpu(1, 0, 0, 0))
  t.assertStrContains(tostring(hist), "COMM  COUNT\nx         1\ncomm x\n       8ns .. 9ns")
end

-- ---- what scripts write ----

function tests.test_maps_are_written_by_scripts()
  local agg = probe.map("comm", "cpu", "u64")
  t.assertNil(agg:get("bash", 1))
  t.assertEquals(agg:set("bash", 1, 0xffffffffffffffffULL), true)
  t.assertEquals(agg:set("zsh", 2, 7), true)
  t.assertEquals({ tostring(agg:get("bash", 1)), agg:get("zsh", 2) }, { "18446744073709551615ULL", 7 })
  agg:delete("bash", 1)
  t.assertNil(agg:get("bash", 1))
  t.assertEquals(agg:read(), { { comm = "zsh", cpu = 2, value = 7 } })
end

function tests.test_a_map_without_keys_is_one_number()
  local agg = probe.map "i64"
  t.assertEquals(agg:read(), { { value = 0 } })
  t.assertEquals(map_of(agg).spec.type, "array")
  map_of(agg).memory[0] = -7LL
  t.assertEquals(agg:read(), { { value = -7 } })
end

function tests.test_a_text_that_is_too_long_is_cut_as_the_kernel_cuts_it()
  local agg = probe.map("comm", "u64")
  agg:set(("x"):rep(20), 1)
  t.assertEquals(agg:read()[1].comm, ("x"):rep(15))
end

function tests.test_a_variable_keeps_its_value_when_its_memory_is_made()
  local limit = probe.var(4096)
  t.assertEquals({ limit(), limit:get() }, { 4096, 4096 })
  limit:set(-5)
  t.assertEquals(limit(), -5)
  map_of(limit)
  t.assertEquals(tostring(map_of(limit).memory[0]), "18446744073709551611ULL")
  limit:set(7)
  t.assertEquals({ limit(), tonumber(map_of(limit).memory[0]) }, { 7, 7 })
  t.assertEquals(tostring(probe.var(0xffffffffffffffffULL)()), "18446744073709551615ULL")
end

-- ---- stacks ----

function tests.test_stacks_are_read_by_their_number()
  local agg = probe.count("stack", "cpu")
  map_of(maps.stacks):set(ffi.string(ffi.new("uint32_t[1]", 77), 4), u64(0x1000, 0xffffffff81234567ULL, 0, 0))
  map_of(agg):set(u64(77, 1), per_cpu(3, 0, 0, 0))
  map_of(agg):set(u64(-17LL, 1), per_cpu(1, 0, 0, 0))
  local rows = agg:read()
  t.assertEquals({ #rows, rows[1].stack, rows[1].count, rows[2].count }, { 2, nil, 1, 3 })
  t.assertEquals({ #rows[2].stack, rows[2].stack[2] == 0xffffffff81234567ULL }, { 2, true })
  t.assertNotEquals(agg:key(rows[1]), agg:key(rows[2]))
end

t.run(tests)
