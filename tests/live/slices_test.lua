-- A handler that is slower than its events takes its share of the loop, no more:
-- timers fire, other sessions get their events, the end comes, and what nobody got
-- is counted.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local irq = require "shark.irq"
local load = require "load"
local proc = require "proc"
local rows = require "rows"
local t = require "t"
local uv = require "uv"

local NET_RX = 3
local SLOW_MS = 1
local EVENTS = 5000 -- as many seconds of its handler's work as timers must not wait for
local count_of = rows.count_of
local tests = {}

local function work(ms)
  local limit = uv.hrtime() + ms * 1e6
  while uv.hrtime() < limit do end
end

-- Sessions with so many events waiting, of the same softirqs.
local function open(method, handler)
  local session
  repeat -- counting begins before streaming does
    if session then
      session:close()
    end
    session = assert(irq.softirq { softirq = NET_RX, wait = false, context = false, ring_bytes = 2 * 1048576 })
    assert(session[method](session, handler))
  until count_of(session) == 0
  return session
end

local function assert_ledger(session, received)
  local loss = session:loss()
  t.assertEquals(received + loss.undelivered + loss.ring_drops, count_of(session))
end

-- Turns the loop for so many of its turns; says how often a timer fired meanwhile.
local function turn(times)
  local fired = 0
  local timer = uv.new_timer()
  timer:start(1, 1, function() fired = fired + 1 end)
  for _ = 1, times do
    uv.run("once")
  end
  timer:close()
  return fired
end

function tests.test_a_slow_handler_leaves_time_for_timers_and_others()
  t.needs("root", "tracing")
  local slow, fast, also_slow, batch = 0, 0, 0, 0
  local sessions = {
    open("on", function()
      work(SLOW_MS)
      slow = slow + 1
    end),
    open("on", function() fast = fast + 1 end),
    open("on", function()
      work(SLOW_MS)
      also_slow = also_slow + 1
    end),
    open("on_batch", function(_, n)
      work(n * SLOW_MS)
      batch = batch + n
    end),
  }
  load.datagrams(EVENTS)
  local fired = turn(20)
  -- Every turn is a turn for all of them, and none had its work done in one.
  t.assertTrue(fired >= 8, fired .. " timers fired in 20 turns")
  t.assertTrue(fast >= EVENTS, fast .. " events for the fast one")
  for name, n in pairs { slow = slow, also_slow = also_slow, batch = batch } do
    t.assertTrue(n >= 10 and n < EVENTS, ("%s: %d"):format(name, n))
  end
  t.assertTrue(slow <= also_slow * 3 and also_slow <= slow * 3, ("%d and %d"):format(slow, also_slow))
  for i, session in ipairs(sessions) do
    session:stop() -- has its time, too
    t.assertTrue(i == 2 or session:loss().undelivered > 0, "session " .. i)
  end
  for i, n in ipairs { slow, fast, also_slow, batch } do
    assert_ledger(sessions[i], n)
    sessions[i]:close()
  end
end

-- The whole run: a flood by another process, a slow handler, an end by the clock.
function tests.test_a_slow_handler_beside_a_flood_ends()
  t.needs("root", "tracing")
  local flood = proc.start("/bin/sh", { "-c", ("exec %s -e '%s'"):format(proc.shark, ([[
    package.path = "%s" .. package.path
    local load = require "load"
    while true do load.datagrams(100) end]]):format(arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;"))) })
  local result = proc.run_shark("-e", [[
    local irq = require "shark.irq"
    local uv = require "uv"
    local n, fired, s = 0, 0, assert(irq.softirq { wait = false, context = false })
    local function counted() local n = 0 for _, r in ipairs(s:read()) do n = n + r.count end return n end
    local early = counted() -- streaming begins between the two
    s:on(function()
      n = n + 1
      local limit = uv.hrtime() + 1e6
      while uv.hrtime() < limit do end
    end)
    local before = counted()
    set_interval(function() fired = fired + 1 end, 10)
    set_timeout(function()
      shark.on_end(function()
        s:stop()
        local loss, stats = s:loss(), shark.stats()
        local there, slack = n + loss.undelivered + loss.ring_drops, 2 * #uv.cpu_info()
        local least, most = counted() - before - slack, counted() - early + slack
        print(n, fired, loss.undelivered, loss.undelivered == stats.undelivered, n == stats.events,
          there >= least and there <= most or ("%d of %d to %d"):format(there, least, most))
        print(tostring(loss):match("events not handed over"))
      end)
      shark.stop()
    end, 3000)]])
  flood.kill "sigkill"
  flood.wait()
  local n, fired, undelivered, rest = result.out:match("^(%d+)\t(%d+)\t(%d+)\t(.*)")
  t.assertEquals(rest, "true\ttrue\ttrue\nevents not handed over\n", result.out .. result.err)
  t.assertTrue(tonumber(n) >= 100 and tonumber(undelivered) > 0, result.out)
  t.assertTrue(tonumber(fired) >= 20, result.out)
  t.assertEquals({ result.err, result.status }, { "", 0 })
end

-- drain() is asked for everything: it does not count time.
function tests.test_drain_hands_over_all_that_waits()
  t.needs("root", "tracing")
  local n = 0
  local session = open("on", function()
    n = n + 1
    work(0.2)
  end)
  load.datagrams(EVENTS)
  session.handle:stop() -- what comes later is not of this test
  t.assertTrue(session:drain() >= EVENTS)
  t.assertEquals(session:drain(), 0)
  assert_ledger(session, n)
  session:stop()
  t.assertEquals(session:loss().undelivered, 0)
  session:close()
end

-- What the end of the run leaves over is counted before results are printed.
function tests.test_the_end_of_the_run_counts_what_it_leaves()
  t.needs("root", "tracing")
  local result = proc.run_shark("-e", ([[
    package.path = "%s" .. package.path
    local irq, load, uv = require "shark.irq", require "load", require "uv"
    local slow, fast = 0, 0
    local a = assert(irq.softirq { wait = false, context = false, ring_bytes = 2 * 1048576 })
    local b = assert(irq.softirq { wait = false, context = false, ring_bytes = 2 * 1048576 })
    a:on(function()
      slow = slow + 1
      local limit = uv.hrtime() + 1e6
      while uv.hrtime() < limit do end
    end)
    b:on(function() fast = fast + 1 end)
    load.datagrams(%d)
    a.handle:stop() b.handle:stop() -- what comes later is not of this test
    shark.on_end(function()
      local lost = a:loss()
      print(slow > 0, slow + lost.undelivered + lost.ring_drops >= %d, lost.undelivered > 0, b:loss().undelivered,
        fast >= %d)
    end)
    shark.stop()]]):format(arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;"), EVENTS, EVENTS, EVENTS))
  t.assertEquals({ result.out, result.err, result.status }, { "true\ttrue\ttrue\t0\ttrue\n", "", 0 })
end

t.run(tests)
