-- Floods, consumers that do not come, and many sessions: what is lost is counted
-- exactly, and nothing is left.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local irq = require "shark.irq"
local load = require "load"
local patience = require "patience"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local NET_RX = 3
local tests = {}

local function open(options)
  local session, message = irq.softirq(options)
  t.assertNotNil(session, message)
  return session
end

local function counted(session)
  local total = 0
  for _, row in ipairs(session:read()) do
    total = total + row.count
  end
  return total
end

local FAST = { softirq = NET_RX, wait = false, context = false }

local function fast(options)
  for name, value in pairs(FAST) do
    options[name] = value
  end
  return options
end

-- Every softirq that was counted while events were streamed is one, or is lost.
local function assert_all_accounted_for(session, before, received)
  local produced = counted(session) - before
  local accounted = received + session:loss().ring_drops + session:loss().undelivered
  t.assertTrue(math.abs(produced - accounted) <= 2, -- one on each CPU between the two readings
    ("%.0f produced, %.0f received, %.0f dropped"):format(produced, received, session:loss().ring_drops))
end

-- Another process sends, from the other CPU where there is one.
local function start_flood(n)
  return proc.start(proc.shark, { "-e", ([[
    package.path = %q .. package.path
    local load = require "load"
local patience = require "patience"
    load.pin(%d)
    load.datagrams(%d)
    print "sent"]]):format(arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;"), #uv.cpu_info() - 1, n) })
end

function tests.test_a_flood_is_received_or_counted_as_lost()
  t.needs("root", "tracing")
  local n = t.in_guest and 1e5 or 2e6 -- emulated CPUs take many times as long
  load.pin(0)
  local session, received, ns = open(fast { ring_bytes = 16 * 1048576 }), 0, 0
  session:on_batch(function(events, count)
    for i = 0, count - 1 do
      ns = ns + tonumber(events[i].ns)
    end
    received = received + count
  end)
  local before = counted(session)
  t.assertEquals(start_flood(n).wait().out, "sent\n")
  session:stop()
  t.assertTrue(received > 0 and ns > 0)
  t.assertTrue(counted(session) >= n * 0.9)
  assert_all_accounted_for(session, before, received)
  session:close()
end

function tests.test_a_slow_consumer()
  t.needs("root", "tracing")
  load.pin(0)
  local session, received = open(fast { ring_bytes = 65536 }), 0
  session:on_batch(function(_, count)
    received = received + count
    uv.sleep(20)
  end)
  local before = counted(session)
  start_flood(50000).wait()
  session:stop()
  t.assertTrue(session:loss().ring_drops > 0)
  assert_all_accounted_for(session, before, received)
  session:close()
end

-- The consumer is another process, stopped while the events come.
function tests.test_a_stopped_consumer()
  t.needs("root", "tracing")
  local child = proc.start(proc.shark, { "-e", [[
    local s = assert(require("shark.irq").softirq {
      softirq = 3, wait = false, context = false, ring_bytes = 65536 })
    local received, before = 0, 0
    local function counted() local n = 0 for _, r in ipairs(s:read()) do n = n + r.count end return n end
    s:on_batch(function(_, n) received = received + n end)
    before = counted()
    print "ready"
    io.stdout:flush()
    shark.on_end(function()
      s:stop()
      print(("%.0f %.0f %.0f"):format(counted() - before, received, s:loss().ring_drops))
    end)
    set_interval(function() end, 1000)]] })
  child.wait_for("ready")
  child.kill("sigstop")
  load.datagrams(5000)
  child.kill("sigcont")
  child.kill("sigint")
  local result = child.wait()
  local produced, received, dropped = result.out:match("(%d+) (%d+) (%d+)")
  t.assertNotNil(dropped, result.out .. result.err)
  t.assertTrue(tonumber(dropped) > 0)
  t.assertTrue(tonumber(produced) >= 4900)
  t.assertTrue(math.abs(produced - received - dropped) <= 2, result.out)
end

-- ---- many sessions ----

local function descriptors()
  local n, scan = 0, uv.fs_scandir("/proc/self/fd")
  while uv.fs_scandir_next(scan) do
    n = n + 1
  end
  return n
end

local function resident_kib()
  local file = io.open("/proc/self/status")
  local text = file:read("*a")
  file:close()
  return tonumber(text:match("VmRSS:%s+(%d+)"))
end

-- Ids of the programs that this process holds, by themselves or by links.
local function own_programs()
  local ids, scan = {}, uv.fs_scandir "/proc/self/fdinfo"
  for fd in function() return uv.fs_scandir_next(scan) end do
    local file = io.open("/proc/self/fdinfo/" .. fd)
    ids[#ids + 1] = file and file:read("*a"):match "prog_id:%s*(%d+)"
    if file then
      file:close()
    end
  end
  return ids
end

local function is_loaded(id)
  return proc.run("bpftool", { "prog", "show", "id", id }).status == 0
end

function tests.test_a_thousand_sessions_leave_nothing()
  t.needs("root", "tracing")
  local sessions = t.in_guest and 100 or 1000
  local kinds = { irq.hardirq, irq.softirq, irq.vector, irq.ipi, irq.thread }
  local function one(i)
    local session = assert(kinds[i % #kinds + 1] { cpu = 0 })
    if i % 7 == 0 and session.kind.provider ~= "ipi" then
      session:on(function() end)
    end
    session:close()
  end
  for i = 1, 50 do
    one(i)
  end
  collectgarbage()
  uv.run("nowait")
  local function grown_by_all()
    local before = resident_kib()
    for i = 1, sessions do
      one(i)
      if i % 100 == 0 then
        collectgarbage()
        uv.run("nowait")
      end
    end
    collectgarbage()
    collectgarbage()
    uv.run("nowait")
    return resident_kib() - before
  end
  local fds, grown = descriptors(), nil
  -- libbpf, where it loads, has the heap grow until its pieces fit; what leaks grows on.
  for _ = 1, 3 do
    grown = grown_by_all()
    if grown < 1024 then
      break
    end
  end
  t.assertEquals(descriptors(), fds)
  t.assertEquals(shark.stats().sessions_open, 0)
  t.assertTrue(grown < 1024, ("%d KiB more after %d sessions, again and again"):format(grown, sessions))
end

function tests.test_a_closed_session_takes_its_programs_along()
  t.needs("root", "tracing", "bpftool")
  local session = open {}
  local ids = own_programs()
  t.assertTrue(#ids > 0 and is_loaded(ids[1]))
  session:close()
  for _, id in ipairs(ids) do -- the kernel frees them after a grace period
    patience.wait_until("the end of program " .. id, function() return not is_loaded(id) end)
  end
end

t.run(tests)
