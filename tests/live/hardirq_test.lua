-- Hard interrupt handlers on this machine's kernel: exact counts, filters,
-- every way of attaching.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local irq = require "shark.irq"
local load = require "load"
local proc = require "proc"
local t = require "t"

local WAYS = { "tp_btf", "raw_tp", "tp" }
local READS = 1009
local tests = {}

local function open(options)
  local session, message = irq.hardirq(options)
  t.assertNotNil(session, message)
  return session
end

local function sum(rows, field, wanted)
  local total = 0
  for _, row in ipairs(rows) do
    if not wanted or wanted(row) then
      total = total + row[field]
    end
  end
  return total
end

local function is_of(disk)
  return function(row)
    for _, number in ipairs(disk.irqs) do
      if row.irq == number then
        return true
      end
    end
    return false
  end
end

-- Counts of the disk's interrupts, by shark and by /proc/interrupts, over one
-- window. The window's ends are exact only if no interrupt came while they
-- were taken: /proc is read before and after, and all is done again if the
-- two differ; and if the kernel skipped runs, as it does by way tp while others
-- use maps (docs/design.md): not for ever, they may go on.
local function window(disk, options, work)
  local wanted = is_of(disk)
  for attempt = 1, 200 do
    local before = disk_load.interrupts(disk)
    local session = open(options)
    local quiet = disk_load.interrupts(disk) == before
    if quiet then
      local _, hidden = work()
      local rows = session:read()
      local after = disk_load.interrupts(disk)
      local how, loss = session:how(), session:loss()
      quiet = sum(session:read(), "count", wanted) == sum(rows, "count", wanted) and
        disk_load.interrupts(disk) == after and ((loss.missed_runs or 0) == 0 or attempt > 20)
      if quiet then
        session:close()
        return {
          rows = rows, count = sum(rows, "count", wanted), proc = after - before, hidden = hidden,
          how = how, loss = loss,
        }
      end
    end
    session:close()
  end
  t.fail("the disk was never quiet")
end

local function assert_nothing_lost(loss)
  t.assertEquals({ loss.ring_drops, loss.map_full, loss.too_deep, loss.unmatched_entries }, { 0, 0, 0, 0 })
end

-- Of each, the run at its entry is skipped and the one at its exit. Where the kernel does not count, nothing else
-- uses maps: in guests.
local function interrupts_missed(runs)
  return (runs or 0) / 2
end

-- Every interrupt was counted, but for those that this kernel hides and those that it says it skipped.
local function assert_all_counted(seen, reads)
  local missed = interrupts_missed(seen.loss.missed_runs)
  t.assertTrue(seen.count == seen.proc or seen.count == seen.proc - seen.hidden or
    seen.count < seen.proc and seen.count >= seen.proc - seen.hidden - missed,
    ("counted %d, /proc/interrupts %d, hidden %d, missed %d"):format(seen.count, seen.proc, seen.hidden, missed))
  -- One read at a time: every request has its interrupt.
  t.assertTrue(seen.proc >= reads, ("%d interrupts for %d reads"):format(seen.proc, reads))
end

-- ---- counts ----

function tests.test_counts_equal_proc_interrupts()
  local disk = t.needs("root", "tracing", "disk")
  local before = disk_load.completed(disk)
  local seen = window(disk, {}, function() return disk_load.direct_reads(disk, READS) end)
  local after = disk_load.completed(disk)
  t.assertTrue(after.reads - before.reads >= READS)
  assert_all_counted(seen, READS)
  assert_nothing_lost(seen.loss)
end

local function test_way(way)
  local disk = t.needs("root", "tracing", "disk")
  if way == "tp" then
    t.needs "tracefs"
  end
  local seen = window(disk, { way = way }, function() return disk_load.direct_reads(disk, READS) end)
  t.assertEquals(seen.how.way, way)
  t.assertTrue(seen.how.forced)
  assert_all_counted(seen, READS)
  assert_nothing_lost(seen.loss)
end

for _, way in ipairs(WAYS) do
  tests["test_counts_equal_proc_interrupts_by_" .. way] = function()
    test_way(way)
  end
end

local function counts_by_action(session, wanted)
  local counts = {}
  for _, row in ipairs(session:read()) do
    if wanted(row) then
      local key = ("%d %s"):format(row.irq, row.action)
      counts[key] = (counts[key] or 0) + row.count
    end
  end
  return counts
end

-- Sessions of each way over the same interrupts: { { counts, total, missed } }. Again if one came while the first
-- was there and the last not yet, or no longer; and while it is not what is wanted, but that not for ever.
local function side_by_side(disk, work, is_wanted)
  for attempt = 1, 200 do
    local sessions, seen = {}, {}
    local start = disk_load.interrupts(disk)
    for i, way in ipairs(WAYS) do
      sessions[i] = open { way = way }
    end
    local quiet = disk_load.interrupts(disk) == start
    work()
    start = disk_load.interrupts(disk)
    for i, session in ipairs(sessions) do
      seen[i] = { counts = counts_by_action(session, is_of(disk)), total = sum(session:read(), "count", is_of(disk)) }
    end
    quiet = quiet and disk_load.interrupts(disk) == start
    for i, session in ipairs(sessions) do
      seen[i].missed = session:loss().missed_runs
      session:close()
    end
    if quiet and (is_wanted(seen) or attempt > 20) then
      return seen
    end
  end
  t.fail("the disk was never quiet")
end

-- Programs on perf events: by the kernel that counts what they skip, which is the one whose links have a word for it.
-- The others always tell. It is the same when the trace is over.
function tests.test_missed_runs_are_told_where_the_kernel_counts_them()
  t.needs("root", "tracing", "tracefs")
  local k = require "shark.kernel"
  for _, way in ipairs(WAYS) do
    local session = open { way = way }
    local told = session:loss().missed_runs ~= nil
    t.assertEquals(told, way ~= "tp" or k.has_field("struct bpf_link_info", "perf_event.kprobe.missed"), way)
    session:stop()
    t.assertEquals(session:loss().missed_runs ~= nil, told, way)
    session:close()
  end
end

-- Of classic tracepoints the kernel skips some while others use maps, and says so.
function tests.test_all_ways_give_the_same_rows()
  local disk = t.needs("root", "tracing", "tracefs", "disk")
  local seen = side_by_side(disk, function() disk_load.direct_reads(disk, READS) end, function(seen)
    return (seen[3].missed or 0) == 0
  end)
  t.assertNotNil(next(seen[1].counts))
  t.assertEquals(seen[2].counts, seen[1].counts)
  for key, count in pairs(seen[1].counts) do
    local by_tp = seen[3].counts[key] or 0
    t.assertTrue(by_tp <= count and by_tp >= count - interrupts_missed(seen[3].missed),
      ("%s: %d, by tp %d, missed runs %s"):format(key, count, by_tp, tostring(seen[3].missed)))
  end
end

local function cpu_of(number)
  return tonumber(io.open(("/proc/irq/%d/effective_affinity_list"):format(number)):read "*n")
end

-- Any process that uses a map holds classic tracepoints off on its CPU meanwhile, and no others.
function tests.test_what_others_hold_off_is_counted_where_the_kernel_counts()
  local disk = t.needs("root", "tracing", "tracefs", "disk")
  local seen
  load.while_maps_are_read(cpu_of(disk.irq), function()
    seen = side_by_side(disk, function() disk_load.direct_reads(disk, 200) end, function(now)
      return now[3].total < now[1].total
    end)
  end)
  local unseen, missed = seen[1].total - seen[3].total, seen[3].missed
  t.assertEquals(seen[2].counts, seen[1].counts)
  t.assertTrue(unseen > 0, "nothing was held off")
  t.assertTrue(not missed or unseen <= interrupts_missed(missed), ("%d unseen, missed runs %s"):format(unseen,
    tostring(missed)))
end

-- ---- rows ----

function tests.test_rows_agree_with_themselves_and_with_proc()
  local disk = t.needs("root", "tracing", "disk")
  local seen = window(disk, {}, function() return disk_load.direct_reads(disk, READS) end)
  local interrupts, of_disk = require("shark.system.interrupts").read(), 0
  for _, row in ipairs(seen.rows) do
    t.assertTrue(row.count > 0)
    of_disk = of_disk + (row.irq == disk.irq and row.count or 0)
    t.assertEquals(row.hist:count(), row.count)
    t.assertTrue(row.none + row.handled + row.wake_thread >= row.count)
    t.assertTrue(row.max_ns <= row.total_ns and row.total_ns <= row.max_ns * row.count)
    t.assertTrue(row.hist:percentile(100) <= row.max_ns)
    local known = {}
    for _, action in ipairs(interrupts[row.irq].actions) do
      known[action] = true
    end
    t.assertTrue(known[row.action], row.action)
  end
  t.assertTrue(of_disk >= READS * 0.5, of_disk)
end

function tests.test_rows_are_in_order()
  local disk = t.needs("root", "tracing", "disk")
  local session = open {}
  disk_load.direct_reads(disk, 100)
  proc.run_shell "for d in /dev/vd?; do dd if=$d of=/dev/null bs=4k count=20 iflag=direct; done 2>/dev/null"
  local rows, last = session:read(), nil
  t.assertTrue(#rows >= 1)
  t.skipIf(#rows == 1 and not t.in_guest, "needs two interrupts")
  t.assertTrue(#rows >= 2, #rows)
  for _, row in ipairs(rows) do
    t.assertTrue(not last or last.irq < row.irq or (last.irq == row.irq and
      (last.action < row.action or (last.action == row.action and last.cpu < row.cpu))))
    last = row
  end
  session:close()
end

-- ---- filters ----

function tests.test_filter_by_irq()
  local disk = t.needs("root", "tracing", "disk")
  local wanted, other = disk.irq, nil
  for number in pairs(require("shark.system.interrupts").read()) do
    other = number ~= wanted and number or other
  end
  for _, way in ipairs(WAYS) do
    if way ~= "tp" or t.needs "tracefs" then
      local mine, foreign = open { irq = wanted, way = way }, open { irq = other, way = way }
      local visible = disk_load.direct_reads(disk, 200)
      local rows, loss = mine:read(), mine:loss()
      t.assertTrue(sum(rows, "count") + interrupts_missed(loss.missed_runs) >= visible,
        ("%s: %d of %d; lost: %s"):format(way, sum(rows, "count"), visible, tostring(loss)))
      t.assertEquals(sum(rows, "count"), sum(rows, "count", function(row) return row.irq == wanted end))
      t.assertEquals(sum(foreign:read(), "count", is_of(disk)), 0)
      t.assertEquals(loss.unmatched_exits, 0)
      mine:close()
      foreign:close()
    end
  end
end

function tests.test_filters_by_cpu_add_up()
  local disk = t.needs("root", "tracing", "disk")
  local cpus = #require("uv").cpu_info()
  local seen = window(disk, {}, function() return disk_load.direct_reads(disk, 200) end)
  assert_all_counted(seen, 200)
  local sessions = {}
  for cpu = 0, cpus - 1 do
    sessions[cpu] = open { cpu = cpu }
  end
  local visible = disk_load.direct_reads(disk, 200)
  local total = 0
  for cpu = 0, cpus - 1 do
    local rows = sessions[cpu]:read()
    t.assertEquals(sum(rows, "count", function(row) return row.cpu ~= cpu end), 0)
    total = total + sum(rows, "count", is_of(disk))
    sessions[cpu]:close()
  end
  t.assertTrue(total >= visible)
end

-- ---- what cannot be traced ----

function tests.test_no_such_irq_or_cpu()
  t.needs("root", "tracing")
  t.assertEquals({ irq.hardirq { irq = 999999 } },
    { nil, "hardirq: no such IRQ: 999999; /proc/interrupts lists those there are", "ENOENT" })
  local session, message, name = irq.hardirq { cpu = 4096 }
  t.assertNil(session)
  t.assertStrContains(message, "no such CPU: 4096; this machine has 0 to")
  t.assertEquals(name, "ENOENT")
end

function tests.test_misuse_raises()
  t.assertErrorMsgContains("hardirq has no filter or option 'irqs'", irq.hardirq, { irqs = 1 })
  t.assertErrorMsgContains("filter 'irq' takes a whole number, not string", irq.hardirq, { irq = "36" })
  t.assertErrorMsgContains("filter 'cpu' takes a whole number", irq.hardirq, { cpu = 0.5 })
  t.assertErrorMsgContains("option 'way' takes one of: tp_btf raw_tp tp", irq.hardirq, { way = "kprobe" })
  t.assertErrorMsgContains("option 'ring_bytes' takes a number", irq.hardirq, { ring_bytes = -1 })
  t.assertErrorMsgContains("the filters of hardirq have names", irq.hardirq, { 36 })
  t.assertErrorMsgContains("the options of hardirq are a table, not a number", irq.hardirq, 36)
end

-- ---- how, stop and close ----

function tests.test_how_says_the_way_and_why_no_better()
  t.needs("root", "tracing")
  local session = open {}
  local how = session:how()
  t.assertEquals(#how.refused == 0, how.way == "tp_btf")
  t.assertEquals(tostring(how):match("^%w+"), how.way:match("^%w+"))
  session:close()
  session = open { way = "raw_tp" }
  t.assertEquals(tostring(session:how()), "raw_tp, as asked for")
  session:close()
end

-- Types from a file without irqaction: what relocates against types is refused.
function tests.test_types_from_a_file_are_used()
  local disk = t.needs("root", "tracing", "tracefs", "disk")
  local btf = proc.shark:gsub("shark$", "tests/other_types.o")
  t.assertTrue(shark.debuginfo_set(btf))
  local session = open {}
  local how = session:how()
  t.assertEquals(how.way, "tp")
  t.assertEquals({ how.refused[1].way, how.refused[2].way }, { "tp_btf", "raw_tp" })
  t.assertStrContains(tostring(how), "tp; not tp_btf: ")
  for _, refusal in ipairs(how.refused) do
    t.assertStrContains(refusal.reason, "the kernel's types have no struct irqaction.name")
  end
  session:close()
  t.assertTrue(shark.debuginfo_set("/sys/kernel/btf/vmlinux"))
  session = open {}
  t.assertEquals(session:how().way, "tp_btf")
  local visible = disk_load.direct_reads(disk, 50)
  t.assertTrue(sum(session:read(), "count", is_of(disk)) >= visible)
  session:close()
  shark.debuginfo_set(nil)
  session = open {}
  t.assertEquals(#session:how().refused, 0)
  session:close()
end

function tests.test_a_stopped_session_counts_no_more()
  local disk = t.needs("root", "tracing", "disk")
  local session = open {}
  local visible = disk_load.direct_reads(disk, 100)
  session:stop()
  local count = sum(session:read(), "count")
  t.assertTrue(count >= visible)
  disk_load.direct_reads(disk, 100)
  t.assertEquals(sum(session:read(), "count"), count)
  session:stop()
  session:close()
end

function tests.test_a_closed_session()
  t.needs("root", "tracing")
  local session = open {}
  session:close()
  session:close()
  for _, method in ipairs { "read", "how", "loss", "stop", "on", "on_batch", "drain" } do
    t.assertErrorMsgContains("the session is closed", session[method], session)
  end
end

-- Neither file descriptors nor programs are left.
function tests.test_many_sessions_leave_nothing()
  t.needs("root", "tracing")
  local uv = require "uv"
  local function descriptors()
    local n, scan = 0, uv.fs_scandir("/proc/self/fd")
    while uv.fs_scandir_next(scan) do
      n = n + 1
    end
    return n
  end
  open({}):close()
  collectgarbage()
  local before = descriptors()
  for _ = 1, 20 do
    open({ way = "raw_tp" }):close()
  end
  irq.hardirq {} -- nobody keeps it: the collector closes it
  collectgarbage()
  collectgarbage()
  t.assertEquals(descriptors(), before)
  t.assertEquals(shark.stats().sessions_open, 0)
end

t.run(tests)
