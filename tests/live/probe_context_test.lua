-- What handlers are told by irq(), vector() and softirq(), at places of the kernel where that is known; and the
-- tracer behind it, which comes and goes with the session.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local core = require "shark.core"
local disk_load = require "disk"
local irqs = require "shark.irq"
local json = require "dkjson"
local load = require "load"
local probe = require "shark.probe"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}

local N = 500
local ME = uv.os_getpid()
-- Datagrams that nobody else sends: so long they are as packets.
local BYTES = 200 + ME % 1000
local LENGTH = BYTES + 28

local function datagrams()
  load.datagrams(N, BYTES)
end

local function busy(ms)
  local deadline = uv.hrtime() + ms * 1e6
  while uv.hrtime() < deadline do end
end

-- Rows as [key or "none"] = count, of the one key that they have.
local function counted(agg, key)
  local seen = {}
  for _, row in ipairs(agg:read()) do
    seen[row[key] == nil and "none" or row[key]] = row.count
  end
  return seen
end

local function assert_nothing_lost(session)
  local loss = session:loss()
  t.assertEquals({ loss.map_full, loss.context_too_deep, loss.context_unmatched_entries }, { 0, 0, 0 })
end

-- ---- softirqs ----

function tests.test_each_datagram_is_received_in_net_rx()
  t.needs "root"
  local by = probe.count("softirq")
  local session = assert(probe.on("netif_receive_skb", function(skb)
    if skb.len == LENGTH then by[softirq()]:add() end
  end))
  datagrams()
  session:stop()
  t.assertEquals(counted(by, "softirq"), { NET_RX = N })
  assert_nothing_lost(session)
  session:close()
end

-- A task that sends keeps softirqs out, and is in none.
function tests.test_a_task_is_in_nothing()
  t.needs "root"
  local by = probe.count("irq", "vector", "softirq")
  local session = assert(probe.on("net_dev_queue", function(skb)
    if tid() == ME and skb.len == LENGTH + 14 then by[irq()][vector()][softirq()]:add() end
  end))
  datagrams()
  session:close()
  t.assertEquals(by:read(), { { count = N } })
end

function tests.test_timers_expire_in_their_softirq()
  t.needs "root"
  local by = probe.count("softirq")
  local session = assert(probe.on("timer_expire_entry", function() by[softirq()]:add() end))
  busy(300)
  session:close()
  local seen = counted(by, "softirq")
  t.assertTrue((seen.TIMER or 0) > 0, "no timer expired")
  seen.TIMER = nil
  t.assertEquals(seen, {})
end

-- What the tracepoint says, softirq() says: of each as many as the tracer of softirqs counts, which begins before
-- and ends after.
function tests.test_each_softirq_by_its_own_number()
  t.needs "root"
  local by = probe.count("told:u64", "softirq")
  local tracer = assert(irqs.softirq { wait = false, context = false })
  local session = assert(probe.on("softirq_entry", function(vec) by[vec][softirq()]:add() end))
  datagrams()
  session:stop()
  tracer:stop()
  local most = {}
  for _, row in ipairs(tracer:read()) do
    most[row.softirq] = (most[row.softirq] or 0) + row.count
  end
  local seen, number_of = {}, require("shark.system.softirqs").number_of
  for _, row in ipairs(by:read()) do
    t.assertEquals(number_of(row.softirq), tonumber(row.told))
    t.assertTrue(row.count <= most[row.softirq], row.softirq)
    seen[row.softirq] = row.count
  end
  t.assertTrue((seen.NET_RX or 0) > 0, "no softirq was seen")
  tracer:close()
  session:close()
end

-- ---- hard interrupts ----

-- Every read has the disk's handler begin, which is in the IRQ that the tracepoint names.
function tests.test_each_handler_by_its_own_irq()
  local disk = t.needs("root", "disk")
  local by = probe.count("told:u64", "irq", "vector")
  local tracer = assert(irqs.hardirq { irq = disk.irq })
  local session = assert(probe.on("irq_handler_entry", function(number) by[number][irq()][vector()]:add() end))
  local visible = disk_load.direct_reads(disk, N)
  session:stop()
  tracer:stop()
  local most, of_disk = 0, 0
  for _, row in ipairs(tracer:read()) do
    most = most + row.count
  end
  for _, row in ipairs(by:read()) do
    t.assertEquals({ row.irq, row.vector }, { tonumber(row.told), nil })
    of_disk = of_disk + (row.irq == disk.irq and row.count or 0)
  end
  t.assertTrue(of_disk >= visible and of_disk <= most, ("%d, of %d to %d"):format(of_disk, visible, most))
  assert_nothing_lost(session)
  tracer:close()
  session:close()
end

-- Timers of high resolution expire in the local timer's vector, in that of another device, or in a softirq.
function tests.test_vectors()
  t.needs "root"
  local by = probe.count("irq", "vector", "softirq")
  local session = assert(probe.on("hrtimer_expire_entry", function() by[irq()][vector()][softirq()]:add() end))
  busy(300)
  session:stop()
  local total, by_vector = 0, 0
  for _, row in ipairs(by:read()) do
    t.assertTrue(row.irq ~= nil or row.vector ~= nil or row.softirq == "HRTIMER",
      ("%s of %d"):format(tostring(row.softirq), row.count))
    total, by_vector = total + row.count, by_vector + (row.vector == 236 and row.count or 0)
  end
  t.assertTrue(total > 0 and by_vector > 0, ("%d, by the local timer %d"):format(total, by_vector))
  session:close()
end

-- ---- events ----

function tests.test_events_have_them()
  t.needs "root"
  local session = assert(probe.on("netif_receive_skb", function(skb)
    if skb.len == LENGTH then emit { irq = irq(), soft = softirq(), here = in_softirq() } end
  end, { ring_bytes = 1048576 }))
  local seen = {}
  session:on(function(e) seen[#seen + 1] = e:copy() end)
  datagrams()
  session:drain()
  session:close()
  t.assertEquals(#seen, N)
  for _, e in ipairs(seen) do
    t.assertEquals({ e.irq, e.soft, e.here }, { nil, "NET_RX", true })
  end
end

-- ---- sessions ----

local function receiving(by)
  return { "netif_receive_skb", function(skb) if skb.len == LENGTH then by[softirq()]:add() end end }
end

function tests.test_several_sessions_have_a_tracer_each()
  t.needs "root"
  local before = shark.stats().sessions_open
  local counts, sessions = {}, {}
  for i = 1, 3 do
    counts[i] = probe.count("softirq")
    sessions[i] = assert(probe.session { receiving(counts[i]) })
  end
  t.assertEquals(shark.stats().sessions_open, before + 3)
  datagrams()
  sessions[2]:close()
  datagrams()
  sessions[1]:close()
  sessions[3]:close()
  t.assertEquals(counted(counts[1], "softirq"), { NET_RX = 2 * N })
  t.assertEquals(counted(counts[2], "softirq"), { NET_RX = N })
  t.assertEquals(counted(counts[3], "softirq"), { NET_RX = 2 * N })
  t.assertEquals(shark.stats().sessions_open, before)
end

function tests.test_the_probes_of_a_session_share_one()
  t.needs "root"
  local by, queued = probe.count("softirq"), probe.count("irq")
  local before = shark.stats().sessions_open
  local list = {
    receiving(by),
    { "net_dev_queue", function(skb) if tid() == ME and skb.len == LENGTH + 14 then queued[irq()]:add() end end },
  }
  for _ = 1, 2 do -- a list can be opened again
    local session = assert(probe.session(list))
    t.assertEquals(shark.stats().sessions_open, before + 1)
    t.assertEquals(#session:how().context, 1)
    t.assertEquals(session:how().context[1].builtins, { "irq()", "softirq()" })
    t.assertEquals(session:how().context[1].way, "raw_tp")
    t.assertStrContains(tostring(session:how()), "; irq(), softirq(): raw_tp, the best way")
    datagrams()
    session:close()
  end
  t.assertEquals(counted(by, "softirq"), { NET_RX = 2 * N })
  t.assertEquals(counted(queued, "irq"), { none = 2 * N })
  t.assertEquals(shark.stats().sessions_open, before)
end

function tests.test_who_does_not_ask_has_none()
  t.needs "root"
  local before = shark.stats().sessions_open
  local n = probe.count()
  local session = assert(probe.on("sys_enter", function() if in_hardirq() then n:add() end end))
  t.assertEquals(shark.stats().sessions_open, before)
  t.assertEquals(session:how().context, {})
  t.assertNil(session:loss().context_missed_runs)
  t.assertNil(tostring(session:how()):find("irq()", 1, true))
  session:close()
end

function tests.test_a_session_closed_by_its_own_handler_ends_its_tracer()
  t.needs "root"
  local before, seen = shark.stats().sessions_open, 0
  local session = assert(probe.on("netif_receive_skb", function(skb)
    if skb.len == LENGTH then emit { soft = softirq() } end
  end))
  session:on(function()
    seen = seen + 1
    session:close()
  end)
  datagrams()
  session:drain()
  t.assertEquals(seen, 1)
  t.assertFalse(session:is_open())
  t.assertEquals(shark.stats().sessions_open, before)
end

-- ---- refusals ----

function tests.test_a_tracer_that_is_refused_refuses_the_session()
  t.needs "root"
  local open, before = core.session, shark.stats().sessions_open
  core.session = function() return nil, "context: no way to attach: raw_tp: why not", "EPERM" end -- luacheck: ignore
  local by = probe.count("softirq")
  local ok, session, message, name = pcall(probe.session, { receiving(by) })
  core.session = open -- luacheck: ignore
  t.assertEquals({ ok, session, message, name },
    { true, nil, "softirq(): context: no way to attach: raw_tp: why not", "EPERM" })
  t.assertEquals(shark.stats().sessions_open, before)
end

function tests.test_a_probe_that_is_refused_leaves_no_tracer()
  t.needs "root"
  local before = shark.stats().sessions_open
  local by = probe.count("softirq")
  local session = probe.session { receiving(by), { "tp:nothing:such", function() by[softirq()]:add() end } }
  t.assertNil(session)
  t.assertEquals(shark.stats().sessions_open, before)
end

-- ---- the script ----

function tests.test_count_takes_them_as_keys()
  t.needs "root"
  local sender = ("package.path = %q .. package.path require('load').datagrams(%d, %d)"):format(
    package.path:match("^[^;]*;"), N, BYTES)
  local result = proc.run(proc.shark, { "count", "netif_receive_skb", "-k", "softirq", "-k", "irq",
    "-k", "long=skb.len", "--json", "--", proc.shark, "-e", sender })
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local report = json.decode(result.out)
  local seen = {}
  for _, row in ipairs(report.rows) do
    seen[#seen + 1] = row.long == LENGTH and row or nil
  end
  t.assertEquals(seen, { { softirq = "NET_RX", long = LENGTH, count = N } })
  t.assertEquals(report.attached.context[1].builtins, { "irq()", "softirq()" })
  t.assertEquals(report.lost.context_unmatched_entries, 0)
end

t.run(tests)
