-- Softirqs on this machine's kernel: exact counts, who raised, who interrupted.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local irq = require "shark.irq"
local load = require "load"
local proc = require "proc"
local t = require "t"
local uv = require "uv"
local witness = require "witness"

local DATAGRAMS = 1009
local NET_RX = 3
local tests = {}

local function open(options)
  local session, message = irq.softirq(options)
  t.assertNotNil(session, message)
  return session
end

local function sum(rows, field)
  local total = 0
  for _, row in ipairs(rows) do
    total = total + row[field]
  end
  return total
end

-- A session over some work, set against /proc/softirqs; what this kernel hid
-- from it is all that may be missing.
local function window(options, work)
  options.audit = true
  local seen
  local hidden = witness.hidden_events({ { "irq/softirq_entry", options.softirq and "vec == " .. options.softirq } },
    function()
      local session = open(options)
      work()
      seen = { audit = session:audit(), how = session:how(), loss = session:loss() }
      session:stop()
      seen.rows = session:read()
      session:close()
    end)
  seen.hidden = hidden
  return seen
end

local function assert_as_the_kernel_counted(seen)
  local unseen = seen.hidden + (seen.loss.missed_runs or 0)
  t.assertTrue(seen.audit.missing >= 0 and seen.audit.missing <= unseen,
    ("%s; hidden %d; lost: %s"):format(tostring(seen.audit), seen.hidden, tostring(seen.loss)))
  local loss = seen.loss
  t.assertEquals({ loss.map_full, loss.too_deep, loss.ring_drops }, { 0, 0, 0 })
end

local function assert_all_datagrams(seen)
  local count = sum(seen.rows, "count")
  t.assertTrue(count + seen.hidden >= DATAGRAMS, ("%d, hidden %d; %s; lost: %s"):format(count, seen.hidden,
    tostring(seen.audit), tostring(seen.loss)))
end

-- ---- counts ----

local function test_way(way)
  t.needs("root", "tracing", "tracefs")
  local seen = window({ softirq = NET_RX, way = way }, function() load.datagrams(DATAGRAMS) end)
  t.assertEquals(seen.how.way, way)
  assert_all_datagrams(seen)
  assert_as_the_kernel_counted(seen)
end

function tests.test_counts_equal_proc_softirqs_by_raw_tp()
  test_way "raw_tp"
end

function tests.test_counts_equal_proc_softirqs_by_tp()
  test_way "tp"
end

function tests.test_all_softirqs_at_once()
  t.needs("root", "tracing", "tracefs")
  local seen = window({}, function()
    load.datagrams(100)
    uv.sleep(300)
  end)
  local kinds = {}
  for _, row in ipairs(seen.rows) do
    kinds[row.softirq] = true
    t.assertEquals(row.hist:count(), row.count)
    t.assertEquals(row.wait_hist:count(), row.waits)
    t.assertTrue(row.count == 0 or row.max_ns <= row.total_ns)
    t.assertTrue(row.ksoftirqd <= row.count)
    -- Every run has a raise, or is said to have none.
    t.assertTrue(row.waits + row.raise_unseen >= row.count)
  end
  t.assertTrue(kinds.NET_RX)
  assert_as_the_kernel_counted(seen)
end

function tests.test_without_raises_and_context()
  t.needs("root", "tracing", "tracefs")
  local seen = window({ softirq = NET_RX, wait = false, context = false }, function() load.datagrams(DATAGRAMS) end)
  assert_all_datagrams(seen)
  t.assertEquals(sum(seen.rows, "waits"), 0)
  t.assertEquals(sum(seen.rows, "interrupted_ns"), 0)
  assert_as_the_kernel_counted(seen)
end

-- ---- who raised ----

function tests.test_a_datagram_is_raised_by_its_task()
  t.needs("root", "tracing")
  local session = open { softirq = NET_RX }
  load.datagrams(DATAGRAMS)
  session:stop()
  local by_task = 0
  for _, row in ipairs(session:read()) do
    by_task = by_task + (row.raised_by.task or 0)
  end
  session:close()
  t.assertTrue(by_task >= DATAGRAMS * 0.9, by_task)
end

function tests.test_timers_are_raised_by_the_local_timer()
  t.needs("root", "tracing")
  local session = open { softirq = "timer" }
  uv.sleep(500)
  session:stop()
  local by_timer = 0
  for _, row in ipairs(session:read()) do
    t.assertEquals(row.softirq, "TIMER")
    by_timer = by_timer + (row.raised_by["local timer"] or 0)
  end
  session:close()
  t.assertTrue(by_timer > 0)
end

-- ---- events ----

function tests.test_every_softirq_is_one_event()
  t.needs("root", "tracing")
  local me, mine, n, ns = "task " .. uv.os_getpid(), 0, 0, 0
  local session = open { softirq = NET_RX, ring_bytes = 1048576 }
  local most = session:read()
  session:on(function(e)
    n, ns = n + 1, ns + tonumber(e.ns)
    mine = mine + (e.raised_by == me and 1 or 0)
    t.assertEquals(e.name, "NET_RX")
  end)
  local least = session:read() -- some may have come while the streaming began
  load.datagrams(DATAGRAMS)
  session:stop()
  local rows, loss = session:read(), session:loss()
  local seen, at_least = n + loss.ring_drops, sum(rows, "count") - sum(least, "count")
  -- With PREEMPT_RT the program itself is preempted: on each CPU one that has counted may not have told of it yet.
  t.assertTrue(seen + #uv.cpu_info() >= at_least, ("%d of %d; lost: %s"):format(seen, at_least, tostring(loss)))
  t.assertTrue(seen <= sum(rows, "count") - sum(most, "count"), tostring(seen))
  t.assertTrue(ns <= sum(rows, "total_ns") - sum(most, "total_ns"))
  t.assertTrue(mine >= DATAGRAMS * 0.9, mine)
  session:close()
end

function tests.test_a_raise_has_a_stack()
  t.needs("root", "tracing")
  local session, text, me = open { softirq = NET_RX, stacks = true }, nil, "task " .. uv.os_getpid()
  session:on(function(e)
    local stack = not text and e.raised_by == me and e.stack >= 0 and session:stack(e.stack)
    text = text or stack and tostring(stack)
  end)
  load.datagrams(50)
  session:stop()
  session:close()
  t.assertNotNil(text, "no event had a stack")
  t.assertNotStrContains(text, "bpf_prog_")
  t.assertStrMatches(text:match("^[^\n]+"), "0x%x+ : .+")
  t.assertStrContains(text, "udp_sendmsg+0x")
end

function tests.test_only_slow_ones()
  t.needs("root", "tracing")
  local session, n = open { softirq = NET_RX, at_least_ns = 1e12 }, 0
  session:on(function() n = n + 1 end)
  load.datagrams(100)
  session:stop()
  t.assertEquals(n, 0)
  t.assertTrue(sum(session:read(), "count") > 50)
  session:close()
end

-- ---- what is refused ----

function tests.test_bad_filters()
  t.assertErrorMsgContains("no such softirq: 'NOPE'", irq.softirq, { softirq = "NOPE" })
  t.assertErrorMsgContains("option 'wait' takes true or false", irq.softirq, { wait = 1 })
  t.needs("root", "tracing")
  local _, message, name = irq.softirq { softirq = 12 }
  t.assertStrContains(message, "no such softirq: 12; there are 0 (HI) to 9 (RCU)")
  t.assertEquals(name, "ENOENT")
end

-- ---- reading while the kernel counts ----

local function start_flood()
  local child = proc.start(proc.shark, { "-e", ([[
    package.path = %q .. package.path
    local load = require "load"
    load.pin(%d)
    print "sending"
    io.stdout:flush()
    while true do load.datagrams(1000) end]]):format(package.path:match("^[^;]*;"), #uv.cpu_info() - 1) })
  child.wait_for "sending"
  return child
end

-- A row's figures belong together, and none ever becomes less.
local function assert_whole(row, before)
  if row.torn then
    return 1
  end
  t.assertEquals(row.hist:count(), row.count)
  t.assertEquals(row.wait_hist:count(), row.waits)
  for _, field in ipairs { "count", "total_ns", "max_ns", "interrupted_ns", "waits", "wait_ns", "coalesced" } do
    t.assertTrue(row[field] >= (before and before[field] or 0), field)
  end
  return 0
end

local function read_often(session, readings)
  local before, rows, torn = {}, 0, 0
  for _ = 1, readings do
    for _, row in ipairs(session:read()) do
      local key = session:key(row)
      torn = torn + assert_whole(row, before[key])
      before[key] = not row.torn and row or before[key]
      rows = rows + 1
    end
  end
  return rows, torn
end

function tests.test_rows_are_whole_while_the_kernel_counts()
  t.needs("root", "tracing")
  load.pin(0)
  local readings = t.in_guest and 300 or 10000
  local session, child = open {}, start_flood()
  local ok, rows, torn = xpcall(read_often, debug.traceback, session, readings)
  child.kill "sigkill"
  child.wait()
  local lost = session:loss()
  session:close()
  t.assertTrue(ok, rows)
  t.assertTrue(rows > readings and torn <= rows / 1000, ("%d of %d rows torn"):format(torn or 0, rows))
  t.assertEquals(lost.torn_rows > 0, torn > 0)
end

t.run(tests)
