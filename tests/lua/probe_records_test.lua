-- shark.probe.records: what emit { } sends, laid out and read; records in our own memory.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
require "fake_maps"
local event = require "shark.trace.event"
local ffi = require "ffi"
local json = require "shark.json"
local records_of = require "shark.probe.records"
local t = require "t"

local tests = {}

-- Calls handle(event, record) with a record of a kind, as in a handler.
local function handled(kind, fill, handle)
  local record = ffi.new(kind.slot)
  fill(record)
  local batch = event.enter { session = { kind = kind, names = {} } }
  event.live.record = ffi.cast(kind.pointer, record)
  local ok, result = pcall(handle, kind.event_of(event.live.record, batch), record)
  event.leave()
  return ok or error(result, 0)
end

local N, OK = { name = "n", kind = "i64" }, { name = "ok", kind = "bool" }
local COMM = { name = "comm", kind = "text", size = 16 }

function tests.test_the_same_fields_are_one_shape_in_any_order()
  local records = records_of.new()
  local tag, layout = records:shape { N, COMM }
  t.assertEquals({ tag, layout.size, layout.off }, { 1, 32, { comm = 8, n = 24 } })
  t.assertEquals({ records:shape { COMM, N } }, { tag, layout })
  t.assertEquals(records.size, 32)
  t.assertEquals(records:shape { N }, 2)
  t.assertEquals(records.size, 32)
  t.assertEquals(records:shape { COMM, N, OK }, 3)
  t.assertEquals(records.size, 40)
  t.assertEquals(records:shape { { name = "n", kind = "u64" } }, 4)
end

function tests.test_events_have_the_fields_as_they_were_sent()
  local records = records_of.new()
  local tag, layout = records:shape { N, COMM, OK, { name = "at", kind = "u64" } }
  local kind = records:kind()
  t.assertEquals(ffi.sizeof(kind.slot), 8 + records.size)
  local function fill(record)
    record.tag__, record.n, record.comm, record.ok, record.at = tag, -7, "ba\27sh", 1, 0xffff888101234567ULL
    local raw = ffi.cast("const char *", record) + 8
    t.assertEquals(ffi.cast("const int64_t *", raw + layout.off.n)[0] == -7, true)
  end
  handled(kind, fill, function(e, record)
    t.assertEquals({ e.n, e.comm, e.ok, e.at == 0xffff888101234567ULL }, { -7, "ba\27sh", true, true })
    local text = json.encode(e:copy(), kind.names)
    t.assertEquals(text, '{"at":18446612686384088423,"comm":"ba\\u001bsh","n":-7,"ok":true}')
    t.assertEquals({ tostring(record.n), ffi.string(record.comm) }, { "-7LL", "ba\27sh" }) -- as batches have them
    t.assertStrContains(tostring(e), "event of a probe: ")
    t.assertErrorMsgContains("no field 'nn'", function() return e.nn end)
  end)
end

function tests.test_an_event_that_was_kept_is_over()
  local records = records_of.new()
  records:shape { N }
  local kept
  handled(records:kind(), function() end, function(e) kept = e end)
  t.assertErrorMsgContains("the event is over", function() return kept.n end)
end

function tests.test_of_several_shapes_each_event_has_its_own_fields()
  local records = records_of.new()
  records:shape { N, OK }
  local second = records:shape { COMM, N }
  local kind = records:kind()
  handled(kind, function(record)
    record.tag__ = second
    ffi.copy(record.bytes__, "bash")
    record.words__[2] = 5
  end, function(e, record)
    t.assertEquals({ e.n, e.comm, e.ok }, { 5, "bash", nil })
    t.assertEquals(e:copy(), { n = 5, comm = "bash" })
    t.assertEquals({ record.n, record.comm }, { 5, "bash" })
  end)
  handled(kind, function(record)
    record.tag__, record.words__[0], record.words__[1] = 1, 9, 0
  end, function(e)
    t.assertEquals({ e.n, e.ok, e.comm }, { 9, false, nil })
  end)
end

function tests.test_names_that_c_keeps_for_itself()
  local records = records_of.new()
  local tag = records:shape { { name = "register", kind = "i64" }, { name = "int", kind = "i64" } }
  local kind = records:kind()
  handled(kind, function(record)
    record.tag__, record.words__[0], record.words__[1] = tag, 1, 2
  end, function(e, record)
    t.assertEquals({ e.int, e.register, record.register }, { 1, 2, 2 })
  end)
end

t.run(tests)
