-- The event stream: nothing lost, or what was lost is counted.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local ffi = require "ffi"
local irq = require "shark.irq"
local load = require "load"
local patience = require "patience"
local proc = require "proc"
local rows = require "rows"
local t = require "t"
local uv = require "uv"
local virtblk = require "shark.virtblk"

local READS = 1009
local IRQ_HANDLED, IRQ_WAKE_THREAD = 1, 2
local count_of = rows.count_of
local tests = {}

-- Streaming begins after counting does: what came in between has no event.
local function open_streaming(options, method, handler)
  local session, message = irq.hardirq(options)
  t.assertNotNil(session, message)
  for _ = 1, 100 do
    t.assertNotNil(session[method](session, handler))
    if count_of(session) == 0 then
      return session
    end
    session:close()
    session = assert(irq.hardirq(options))
  end
  t.fail("interrupts all the time")
end

function tests.test_every_interrupt_is_one_event()
  local disk = t.needs("root", "tracing", "disk")
  local n, total_ns, by_action = 0, 0, {}
  local session = open_streaming({ irq = disk.irq }, "on", function(e)
    n = n + 1
    total_ns = total_ns + tonumber(e.ns)
    by_action[e.action] = (by_action[e.action] or 0) + 1
    t.assertEquals(e.irq, disk.irq)
  end)
  disk_load.direct_reads(disk, READS)
  session:drain() -- what is left when it stops has a second only
  session:stop()
  local count, row_ns = 0, 0
  for _, row in ipairs(session:read()) do
    count, row_ns = count + row.count, row_ns + row.total_ns
    t.assertTrue(by_action[row.action] >= row.count)
  end
  t.assertEquals({ n, total_ns }, { count, row_ns })
  t.assertEquals(session:loss().ring_drops, 0)
  t.assertEquals(shark.stats().events >= n, true)
  session:close()
end

function tests.test_events_come_on_the_loop_by_themselves()
  local disk = t.needs("root", "tracing", "disk")
  local n = 0
  local session = open_streaming({}, "on", function() n = n + 1 end)
  local visible = disk_load.direct_reads(disk, 100)
  t.assertEquals(n, 0)
  local over = patience.limit(60)
  while n < visible and not over() do
    uv.run("once")
  end
  t.assertTrue(n >= visible)
  session:close()
end

function tests.test_batches_are_arrays_of_structs()
  local disk = t.needs("root", "tracing", "disk")
  local n, last, batches = 0, 0ULL, 0
  local session = open_streaming({ irq = disk.irq, cpu = nil }, "on_batch", function(events, count)
    batches = batches + 1
    for i = 0, count - 1 do
      t.assertTrue(events[i].ts_ns >= last)
      last = events[i].ts_ns
      t.assertTrue(events[i].ret == IRQ_HANDLED or events[i].ret == IRQ_WAKE_THREAD) -- the latter on PREEMPT_RT
    end
    n = n + count
  end)
  local visible = disk_load.direct_reads(disk, READS)
  session:drain()
  t.assertTrue(n >= visible)
  t.assertTrue(batches < n)
  session:close()
end

function tests.test_an_event_has_no_other_fields_and_cannot_be_written()
  local disk = t.needs("root", "tracing", "disk")
  local session = open_streaming({}, "on", function(e)
    t.assertErrorMsgContains("has no field 'nope'", function() return e.nope end)
    t.assertErrorMsgContains("an event cannot be written", function() e.irq = 1 end)
    t.assertErrorMsgContains("an event cannot be written", function() e.nope = 1 end)
  end)
  disk_load.visible_reads(disk, 1)
  t.assertTrue(session:drain() >= 1)
  session:on_batch(function(events)
    t.assertErrorMsgContains("attempt to write to constant location", function() events[0].irq = 1 end)
    t.assertErrorMsgContains("has no field 'nope'", function() return events[0].nope end)
  end)
  disk_load.visible_reads(disk, 1)
  t.assertTrue(session:drain() >= 1)
  session:close()
end

-- ---- events are over when their call is ----

local function assert_over(event)
  for _, field in ipairs { "ns", "irq", "action", "copy", "nope" } do
    t.assertErrorMsgContains("event:copy()", function() return event[field] end)
  end
  t.assertEquals(tostring(event), "event of hardirq that is over")
end

function tests.test_a_kept_event_raises()
  local disk = t.needs("root", "tracing", "disk")
  local n, kept = 0, nil
  local session = open_streaming({ irq = disk.irq }, "on", function(e)
    if kept then
      assert_over(kept) -- of this batch or an earlier one
    end
    n, kept = n + 1, e
    t.assertEquals(e.irq, disk.irq)
  end)
  local visible = disk_load.direct_reads(disk, 10)
  session:drain()
  t.assertTrue(n >= visible)
  assert_over(kept)
  session:close()
  assert_over(kept)
  collectgarbage()
  assert_over(kept)
end

function tests.test_a_copy_is_a_table_to_keep()
  local disk = t.needs("root", "tracing", "disk")
  local copies, n, total = {}, 0, 0ULL
  local session = open_streaming({ irq = disk.irq }, "on", function(e)
    local copy = e:copy()
    for name, value in pairs(copy) do
      t.assertTrue(value == e[name], name)
    end
    t.assertStrContains(tostring(e), ("irq=%d "):format(disk.irq))
    t.assertStrContains(tostring(e), "action=" .. copy.action)
    n, total = n + 1, total + e.ns
    copies[n] = copy
  end)
  local visible = disk_load.direct_reads(disk, 10)
  session:drain()
  session:close()
  t.assertTrue(n >= visible)
  for _, copy in ipairs(copies) do
    total = total - copy.ns
    t.assertTrue(ffi.istype("uint64_t", copy.ts_ns))
    local names = {}
    for name in pairs(copy) do
      names[#names + 1] = name
    end
    t.assertItemsEquals(names, { "ts_ns", "ns", "irq", "cpu", "ret", "stack", "action" })
  end
  t.assertTrue(total == 0ULL)
end

-- Of every kind that this load has and this machine can trace.
function tests.test_copies_are_json()
  local disk = t.needs("root", "tracing", "disk")
  local sessions, copies, of = {}, {}, { virtblk = virtblk.requests, vecalloc = irq.vecalloc, hardirq = irq.hardirq,
    softirq = irq.softirq, vector = irq.vector, ipi = irq.ipi, thread = irq.thread }
  for name, open in pairs(of) do
    sessions[name] = open {}
    if sessions[name] then
      sessions[name]:on(function(e) copies[name] = e:copy() end)
    end
  end
  disk_load.direct_reads(disk, 100)
  load.datagrams(100)
  for _, session in pairs(sessions) do
    session:stop()
    session:close()
  end
  for name, copy in pairs(copies) do
    local text = require("shark.json").encode(copy)
    t.assertTrue(require("dkjson").decode(text).ts_ns > 0, name)
  end
  t.assertTrue(copies.hardirq and copies.softirq and copies.vector and true, "no events")
  t.assertTrue(copies.virtblk ~= nil or not sessions.virtblk, "no events of virtblk")
end

function tests.test_records_of_a_batch_copy_themselves()
  local disk = t.needs("root", "tracing", "disk")
  local copy, action
  local session = open_streaming({ irq = disk.irq }, "on_batch", function(events, n)
    copy, action = events[n - 1]:copy(), events[n - 1].action
  end)
  disk_load.visible_reads(disk, 10)
  session:stop()
  session:close()
  t.assertEquals(copy.irq, disk.irq)
  t.assertEquals(copy.action, action)
end

function tests.test_arrays_of_an_event_are_copies()
  local disk = t.needs("root", "tracing", "disk")
  local session, n, kept = assert(virtblk.requests {}), 0, {}
  session:on(function(e)
    n = n + 1
    kept[n] = { at_ns = e.at_ns, ts_ns = e.ts_ns }
  end)
  local visible = disk_load.direct_reads(disk, 100)
  session:stop()
  session:close()
  t.assertTrue(visible > 0 and n >= visible)
  for _, request in ipairs(kept) do
    t.assertTrue(request.at_ns[0] == request.ts_ns)
  end
end

-- The event of a handler further out is not over, and is still of its own session.
function tests.test_an_event_is_there_in_handlers_that_run_meanwhile()
  local disk = t.needs("root", "tracing", "disk")
  local outer = open_streaming({ irq = disk.irq }, "on", function() end)
  local inner = assert(irq.softirq {})
  local seen, all, outer_event = 0, 0, nil
  inner:on(function(e)
    all = all + 1
    if outer_event then
      seen = seen + 1
      t.assertStrContains(outer_event.action, "req")
      t.assertEquals(outer_event:copy().irq, disk.irq)
      t.assertEquals(e:copy().name, e.name)
    end
  end)
  outer:on(function(e)
    outer_event = e
    inner:drain()
    t.assertEquals(e.irq, disk.irq)
    outer_event = nil
  end)
  disk_load.visible_reads(disk, 10)
  load.datagrams(100)
  outer:drain()
  t.assertTrue(seen >= 100 and seen <= all)
  outer:close()
  inner:close()
end

-- Memory that handlers had addresses of is there as long as they keep those.
function tests.test_reading_late_is_no_crash()
  local disk = t.needs("root", "tracing", "disk")
  local result = proc.run_shark("-e", ([[
    local function trace()
      local s, batch, last = assert(require("shark.irq").hardirq { irq = %d }), nil, nil
      local rows, n = s.rows, nil
      s:on_batch(function(events, count) batch, n = events, count end)
      os.execute "dd if=%s of=/dev/null bs=4k count=50 iflag=direct status=none"
      s:drain()
      s:close()
      return batch, n, rows
    end
    local batch, n, rows = trace()
    collectgarbage() collectgarbage()
    print(n > 0, batch[n - 1].irq, rows[0].used <= 1, pcall(function() return batch[0].action end))
    batch, rows = nil, nil
    collectgarbage() collectgarbage()]]):format(disk.irq, disk.path))
  t.assertEquals(result.err, "")
  t.assertStrContains(result.out, ("true\t%d\ttrue\tfalse\t"):format(disk.irq))
  t.assertStrContains(result.out, "can be read in the call it is given to")
  t.assertEquals(result.status, 0)
end

function tests.test_a_full_ring_counts_what_it_drops()
  local disk = t.needs("root", "tracing", "disk")
  local n = 0
  local session = open_streaming({ ring_bytes = 4096, irq = disk.irq }, "on", function() n = n + 1 end)
  local visible = disk_load.direct_reads(disk, READS) -- nobody drains meanwhile
  session:stop()
  local produced, dropped = count_of(session), session:loss().ring_drops
  t.assertTrue(produced >= visible)
  t.assertEquals(n + dropped, produced)
  t.assertTrue(dropped > 0 and n > 0)
  t.assertStrContains(tostring(session:loss()), ("%d events dropped (ring full)"):format(dropped))
  t.assertStrContains(tostring(session:loss()), "; what helps: the session's option ring_bytes")
  session:close()
end

function tests.test_a_ring_that_fills_up_wakes_the_loop()
  local disk = t.needs("root", "tracing", "disk")
  local n = 0
  local session = open_streaming({ ring_bytes = 4096, irq = disk.irq }, "on", function() n = n + 1 end)
  session.timer:stop() -- only the ring is left to wake the loop
  local visible = disk_load.direct_reads(disk, 90) -- 90 * 40 bytes: past the half, not full
  local timer = uv.new_timer()
  timer:start(patience.seconds(30) * 1000, 0, function() end)
  while n < visible and timer:is_active() do
    uv.run("once")
  end
  timer:close()
  t.assertTrue(n >= visible)
  session:close()
end

function tests.test_no_handler_no_events()
  local disk = t.needs("root", "tracing", "disk")
  local n = 0
  local session = open_streaming({ irq = disk.irq }, "on", function() n = n + 1 end)
  local visible = disk_load.direct_reads(disk, 10)
  session:on(nil)
  local seen = n
  t.assertTrue(seen >= visible)
  disk_load.direct_reads(disk, 10)
  t.assertEquals(session:drain(), 0)
  t.assertEquals(n, seen)
  session:close()
end

function tests.test_a_handler_may_close_its_session()
  local disk = t.needs("root", "tracing", "disk")
  local n, session = 0, nil
  session = open_streaming({}, "on", function(e)
    n = n + 1
    session:close()
    t.assertTrue(e.irq > 0) -- still there until the handler returns
  end)
  disk_load.visible_reads(disk, 10)
  t.assertEquals(session:drain(), 1)
  t.assertEquals(n, 1)
  t.assertErrorMsgContains("the session is closed", session.read, session)
end

function tests.test_a_failing_handler_is_taken_off()
  local disk = t.needs("root", "tracing", "disk")
  local n = 0
  local session = open_streaming({}, "on", function()
    n = n + 1
    error "in the handler"
  end)
  disk_load.visible_reads(disk, 10)
  t.assertErrorMsgContains("in the handler", session.drain, session)
  t.assertEquals(session:drain(), 0)
  t.assertEquals(n, 1)
  t.assertNotNil(session:read())
  session:close()
end

function tests.test_a_failing_handler_ends_the_run_with_a_traceback()
  local disk = t.needs("root", "tracing", "disk")
  local result = proc.run_shark("-e", ([[
    local s = assert(require('shark.irq').hardirq { irq = %d })
    s:on(function(e) error 'in the handler' end)
    shark.on_end(function() print('rows', #s:read() > 0) end)
    shark.exec('dd', 'if=%s', 'of=/dev/null', 'bs=4k', 'count=50', 'iflag=direct', 'status=none')
    set_interval(function() end, 1000)]]):format(disk.irq, disk.path))
  t.assertEquals(result.status, 1)
  t.assertEquals(result.out, "rows\ttrue\n")
  t.assertStrContains(result.err, "in the handler")
  local _, tracebacks = result.err:gsub("stack traceback:", "")
  t.assertEquals(tracebacks, 1)
end

t.run(tests)
