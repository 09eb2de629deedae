-- Threaded handlers: each wake-up is seen, runs and ends. Where the disk's handler
-- has no thread (PREEMPT_RT and "threadirqs" give it one), there is none to see.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local irq = require "shark.irq"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local READS = 509
local tests = {}

local function open(kind, options)
  local session, message = irq[kind](options)
  t.assertNotNil(session, message)
  return session
end

-- The disk, where its handler has a thread: the kernel names it "irq/NUMBER-ACTION"
-- (kernel/irq/manage.c, setup_irq_thread()).
local function needs_threaded_disk()
  local disk = t.needs("root", "tracing", "disk")
  local listed = proc.run_shell(("grep -l '^irq/%d-' /proc/[0-9]*/comm 2>/dev/null"):format(disk.irq))
  t.skipIf(listed.out == "", "needs a disk whose handler has a thread")
  return disk
end

local function sum(rows, field)
  local total = 0
  for _, row in ipairs(rows) do
    total = total + row[field]
  end
  return total
end

function tests.test_every_wake_up_runs_its_thread()
  local disk = needs_threaded_disk()
  local threads, handlers = open("thread", { irq = disk.irq }), open("hardirq", { irq = disk.irq })
  local visible = disk_load.direct_reads(disk, READS)
  uv.sleep(50) -- the last thread goes to sleep
  handlers:stop()
  threads:stop()
  local rows, asked = threads:read(), sum(handlers:read(), "wake_thread")
  local wakes, runs, waits = sum(rows, "wakes"), sum(rows, "count"), sum(rows, "waits")
  t.assertTrue(wakes >= visible * 0.9, ("%d wakes of %d reads"):format(wakes, visible))
  t.assertTrue(math.abs(wakes - asked) <= 1, ("%d wakes, %d handlers asked"):format(wakes, asked))
  -- One read at a time: the thread sleeps before it is woken again.
  t.assertTrue(math.abs(runs - wakes) <= wakes * 0.02 + 1, ("%d runs of %d wakes"):format(runs, wakes))
  t.assertTrue(math.abs(waits - runs) <= 1)
  for _, row in ipairs(rows) do
    t.assertEquals(row.hist:count(), row.count)
    t.assertEquals(row.wait_hist:count(), row.waits)
    t.assertStrContains(row.action, "virtio")
  end
  threads:close()
  handlers:close()
end

function tests.test_every_run_is_one_event()
  local disk = needs_threaded_disk()
  local n, session = 0, open("thread", { irq = disk.irq })
  local most = sum(session:read(), "count")
  session:on(function(e)
    t.assertEquals(e.irq, disk.irq)
    t.assertTrue(e.wait_ns > 0)
    n = n + 1
  end)
  local least = sum(session:read(), "count") -- some may have come while the streaming began
  local visible = disk_load.direct_reads(disk, 100)
  uv.sleep(50)
  session:stop()
  t.assertTrue(n >= visible * 0.9, n)
  local all = sum(session:read(), "count")
  t.assertTrue(n >= all - least and n <= all - most, ("%d events, %d to %d counted"):format(n, all - least, all - most))
  session:close()
end

t.run(tests)
