-- shark.trace.event: what copies of events have, of every kind that there is; from records in
-- our own memory, since few machines can trace all kinds.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local event = require "shark.trace.event"
local ffi = require "ffi"
local json = require "shark.json"
local session = require "shark.trace.session"
local t = require "t"

shark.providers() -- has all of them declared
local kinds = session.kinds

local COMMON = { "ts_ns", "cpu", "stack" }
local IRTE = { "ns", "flush_ns", "irq", "unit_name", "device_name", "index", "entries", "flushes", "reason", "before",
  "after", "old", "now", "no_old", "no_time", "ret", "pid", "task" }
local FIELDS = {
  hardirq = { "ns", "irq", "ret", "action" },
  irqthread = { "ns", "irq", "action", "wait_ns", "nested_ns" },
  softirq = { "ns", "softirq", "name", "wait_ns", "nested_ns", "ksoftirqd", "raised_by" },
  vector = { "ns", "vector", "name" },
  ipi = { "ns", "vector", "name", "sender" },
  vecalloc = { "name", "irq", "vector", "on_cpu", "prev_vector", "prev_cpu", "apicdest", "ret", "flag_names", "matrix",
    "pid", "task" },
  affinity = { "ns", "wait_ns", "name", "irq", "cpus", "was_on", "is_on", "pending", "was_pending", "ask_unseen",
    "ret", "pid", "task" },
  irte_intel = IRTE, irte_amd = IRTE,
  fault_intel = { "decoded", "record", "lost" }, fault_amd = { "decoded", "record", "lost" },
  virtblk = { "ns", "first_seen", "queue_ns", "kick_ns", "device_ns", "reap_ns", "complete_ns", "device", "queue",
    "operation", "sector", "bytes", "pid", "tid", "name", "irq", "issue_cpu", "completed_in", "depth", "requeues",
    "status", "status_text" },
}

local tests = {}

-- What handle(record, event) returns for a record of a kind, as in a handler.
local function handled(provider, fill, handle)
  local kind = kinds[provider]
  local record = ffi.new(kind.slot)
  fill(record)
  local turn = { session = { kind = kind, nr_rows = 0, names = {} } }
  local batch = event.enter(turn)
  event.live.record = ffi.cast(kind.pointer, record)
  local ok, result = pcall(handle, kind.event_of(event.live.record, batch), record)
  event.leave()
  return ok and result or error(result, 0)
end

local function nothing() end

local function copy_of(provider, fill)
  return handled(provider, fill or nothing, function(e) return e:copy() end)
end

local function contains(list, wanted)
  for _, value in ipairs(list) do
    if value == wanted then
      return true
    end
  end
  return false
end

for provider, fields in pairs(FIELDS) do
  tests["test_copies_of_" .. provider .. "_have_what_is_documented_and_are_json"] = function()
    local function all_moments(record)
      if provider == "virtblk" then
        record.seen = 63
      end
    end
    local copy = copy_of(provider, all_moments)
    t.assertNotNil(copy.ts_ns)
    for name in pairs(copy) do
      t.assertTrue(contains(fields, name) or contains(COMMON, name), name)
    end
    t.assertEquals(require("dkjson").decode(json.encode(copy)).ts_ns, 0)
    for _, name in ipairs(fields) do -- those that are nil of a record of zeroes
      t.assertTrue(copy[name] ~= nil or name == "device_name", name)
    end
  end
end

function tests.test_arrays_become_lists_and_structs_tables()
  local copy = copy_of("irte_intel", function(record) record.old[0], record.old[1] = 2ULL ^ 63, 5 end)
  t.assertStrContains(json.encode(copy), '"old":[9223372036854775808,5]')
  copy = copy_of("vecalloc", function(record) record.matrix.available, record.matrix.online_maps = 200, 4 end)
  t.assertEquals(type(copy.matrix), "table")
  t.assertEquals({ copy.matrix.available, copy.matrix.online_maps, copy.matrix.managed }, { 200, 4, 0 })
end

function tests.test_what_copies_do_not_have_can_be_read_by_our_own_code()
  t.assertEquals(handled("vecalloc", function(record) record.what = 3 end, function(e) return e.what end), 3)
end

local NO_SECTOR = 0xffffffffffffffffULL

function tests.test_a_flush_without_data_has_no_sector()
  local virtblk = require "shark.virtblk"
  local function fill(record)
    record.seen, record.sector = 63, NO_SECTOR
  end
  t.assertNil(copy_of("virtblk", fill).sector)
  local seen = handled("virtblk", fill, function(e) return { event = tostring(e.sector), copy = virtblk.copy(e) } end)
  t.assertEquals({ seen.event, seen.copy.sector }, { "nil", nil })
  t.assertEquals(virtblk.extent(seen.copy), "-")
  seen = handled("virtblk", function(record) record.seen, record.sector = 63, 2048 end, function(e)
    return { event = e.sector == 2048ULL, copy = virtblk.copy(e).sector, text = tostring(e) }
  end)
  t.assertEquals({ seen.event, seen.copy }, { true, 2048 })
  t.assertStrContains(seen.text, "sector=2048")
end

-- The likeliest slip of who describes a tracer is found when it is described.
function tests.test_a_field_that_is_nowhere()
  t.assertErrorMsgContains("nothing: an event has no 'nosuch', and nothing says where it is from", session.define, {
    provider = "nothing", about = "nothing", source = "nothing", event = "struct shark_event",
    rows = { { "count", "how many" } }, events = { { "ts_ns", "when" }, { "nosuch", "what" } },
  })
end

t.run(tests)
