-- Every method of a session from every callback: what it does is defined, and each
-- event is handed over once, or counted.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local irq = require "shark.irq"
local load = require "load"
local proc = require "proc"
local rows = require "rows"
local t = require "t"
local uv = require "uv"
local virtblk = require "shark.virtblk"

local READS = 150 -- more than two batches of those that are not yet known to be fast
local count_of = rows.count_of
local tests = {}

-- ---- what was produced, and where it went ----

-- A session with so many events waiting, and who took them: trace.first and
-- trace.second count those of two handlers, and no event may come twice.
local function trace_of(disk, first_is_batch, attached)
  local trace = { first = 0, second = 0, calls = 0, seen = {}, before = shark.stats() }
  local function take(field, event)
    local id = tostring(event.ts_ns) .. event.action .. event.cpu
    t.assertNil(trace.seen[id], "handed over twice")
    trace.seen[id] = true
    trace[field] = trace[field] + 1
  end
  local function call_once()
    trace.calls = trace.calls + 1
    if trace.calls == 1 and trace.call then
      trace.call(trace.session)
    end
  end
  function trace.on_first(event)
    take("first", event)
    call_once()
  end
  function trace.on_first_batch(events, n)
    for i = 0, n - 1 do
      take("first", events[i])
    end
    call_once()
  end
  function trace.on_second(event)
    take("second", event)
  end
  function trace.on_second_batch(events, n)
    for i = 0, n - 1 do
      take("second", events[i])
    end
  end
  repeat -- counting begins before streaming does
    if trace.session then
      trace.session:close()
    end
    trace.session = assert(irq.hardirq { irq = disk.irq, audit = true, stacks = true })
    if first_is_batch then
      assert(trace.session:on_batch(trace.on_first_batch))
    else
      assert(trace.session:on(trace.on_first))
    end
    trace.before = shark.stats()
  until count_of(trace.session) == 0
  for _ = 1, 20 do -- what is hidden from programs leaves no event
    disk_load.direct_reads(disk, READS)
    if count_of(trace.session) >= READS then
      break
    end
  end
  if not attached then
    trace.session.handle:stop() -- what others read meanwhile is not of this test
  end
  trace.produced = count_of(trace.session)
  t.assertTrue(trace.produced >= READS, ("%d events"):format(trace.produced))
  return trace
end

-- Of a session that can still be asked; then it is closed.
local function assert_ledger(trace, what)
  local session = trace.session
  if not session.closed then
    session:stop()
    local loss = session:loss()
    t.assertEquals(count_of(session), trace.produced, what)
    t.assertEquals(trace.first + trace.second + loss.undelivered + loss.ring_drops, trace.produced, what)
    session:close()
  end
end

-- All that waited is with a handler, or counted.
local function assert_all_there(trace, what)
  local session = trace.session
  assert_ledger(trace, what)
  local after = shark.stats()
  t.assertEquals(after.events - trace.before.events, trace.first + trace.second, what)
  t.assertEquals(trace.first + trace.second + after.undelivered - trace.before.undelivered
    + after.ring_drops - trace.before.ring_drops, trace.produced, what)
  t.assertNil(session.timer, what)
end

-- ---- the methods ----

-- Called with a session and its trace. By default every event comes to the first
-- handler; else `alone` of them do when the call is made in that handler.
local METHODS = {
  { "read", function(s) t.assertTrue(#s:read() > 0) end },
  { "key", function(s) t.assertEquals(type(s:key(s:read()[1])), "string") end },
  { "since", function(s)
    local row = s:read()[1]
    t.assertEquals({ s:since(row).count, s:since(row, row).count }, { row.count, 0 })
  end },
  { "how", function(s) t.assertNotNil(s:how().way) end },
  { "loss", function(s) t.assertEquals(s:loss().ring_drops, 0) end },
  { "audit", function(s) t.assertNotNil(s:audit().kernel) end },
  { "stack", function(s) t.assertNil(s:stack(-1)) end },
  { "drain", function(s, _, inside) t.assertTrue(s:drain() == 0 or not inside) end },
  { "on(nil)", function(s) t.assertEquals(s:on(nil), s) end, ends = true },
  { "on(other)", function(s, trace) t.assertEquals(s:on(trace.on_second), s) end, hands_on = true },
  { "on_batch(nil)", function(s) t.assertEquals(s:on_batch(nil), s) end, ends = true },
  { "on_batch(other)", function(s, trace) t.assertEquals(s:on_batch(trace.on_second_batch), s) end, hands_on = true },
  { "stop", function(s) s:stop() end },
  { "close", function(s) s:close() end, ends = true },
  { "stop, close", function(s)
    s:stop()
    s:close()
  end, ends = true },
  { "on(nil), on(other)", function(s, trace)
    s:on(nil)
    s:on(trace.on_second)
  end, hands_on = true },
  { "stop, drain", function(s)
    s:stop()
    s:drain()
  end },
}

-- When it is closed, nothing else can be done.
local function twice(call)
  return function(s, trace, inside)
    call(s, trace, inside)
    if not s.closed and not s.closing then
      call(s, trace, inside)
    else
      s:close()
      for _, method in ipairs { "read", "how", "loss", "audit", "stack", "drain", "stop", "on", "on_batch" } do
        t.assertErrorMsgContains("the session is closed", s[method], s)
      end
    end
  end
end

local function each_method(make)
  for _, method in ipairs(METHODS) do
    make(method[1], method[2], method)
  end
end

-- ---- the callbacks ----

local function test_in_the_handler(wrap)
  local disk = t.needs("root", "tracing", "disk")
  each_method(function(name, once, method)
    local call = wrap(once)
    local trace = trace_of(disk)
    function trace.call(session) call(session, trace, true) end
    local session = trace.session
    local drained = session:drain()
    t.assertEquals(drained, trace.first + trace.second, name)
    local alone = (method.ends or method.hands_on) and 1 or trace.produced
    t.assertEquals({ trace.first, trace.second }, { alone, method.hands_on and trace.produced - 1 or 0 }, name)
    assert_all_there(trace, name)
  end)
end

function tests.test_in_the_handler()
  test_in_the_handler(function(call) return call end)
end

function tests.test_twice_in_the_handler()
  test_in_the_handler(twice)
end

function tests.test_in_the_batch_handler()
  local disk = t.needs("root", "tracing", "disk")
  each_method(function(name, call, method)
    local trace = trace_of(disk, true)
    function trace.call(session) call(session, trace, true) end
    trace.session:drain()
    t.assertTrue(trace.first >= 1 and trace.first <= trace.produced)
    local rest = trace.produced - trace.first
    t.assertEquals(rest > 0, method.ends or method.hands_on or false, name)
    t.assertEquals(trace.second, method.hands_on and rest or 0, name)
    assert_all_there(trace, name)
  end)
end

-- Nothing is being handed over: what waits goes to the handler there is before it goes.
function tests.test_outside_of_handlers()
  local disk = t.needs("root", "tracing", "disk")
  each_method(function(name, call)
    local trace = trace_of(disk)
    call(trace.session, trace, false)
    local closes = name:find("close", 1, true)
    if trace.session.timer then
      trace.session:drain()
    end
    t.assertEquals(trace.first + trace.second, closes and not name:find("stop", 1, true) and 0 or trace.produced, name)
    assert_all_there(trace, name)
  end)
end

function tests.test_in_a_timer_and_on_the_loop()
  local disk = t.needs("root", "tracing", "disk")
  each_method(function(name, call)
    local trace = trace_of(disk)
    local done, failure = false, nil
    local timer = uv.new_timer()
    timer:start(1, 0, function()
      done, failure = true, select(2, pcall(call, trace.session, trace, false))
      timer:close()
    end)
    while not done do
      uv.run("once")
    end
    uv.run("nowait")
    t.assertNil(failure, name)
    assert_all_there(trace, name)
  end)
end

-- Softirqs go to a handler, and in its first call something is done.
local function softirqs_call(disk, call)
  local session, n = assert(irq.softirq {}), 0
  session:on(function()
    n = n + 1
    if n == 1 then
      call()
    end
  end)
  disk_load.direct_reads(disk, 1)
  load.datagrams(1) -- with PREEMPT_RT a read may raise none
  session.handle:stop()
  return session, function()
    session:drain()
    t.assertTrue(n > 0)
    session:close()
  end
end

function tests.test_in_another_sessions_handler()
  local disk = t.needs("root", "tracing", "disk")
  each_method(function(name, call)
    local trace = trace_of(disk)
    local _, finish = softirqs_call(disk, function() call(trace.session, trace, false) end)
    finish()
    assert_ledger(trace, name)
  end)
end

-- Done to a session that is handing over further out.
function tests.test_in_a_handler_within_a_handler()
  local disk = t.needs("root", "tracing", "disk")
  each_method(function(name, call, method)
    local trace = trace_of(disk)
    local inner, finish = softirqs_call(disk, function() call(trace.session, trace, true) end)
    function trace.call() inner:drain() end
    trace.session:drain()
    finish()
    t.assertEquals(trace.first, (method.ends or method.hands_on) and 1 or trace.produced, name)
    assert_ledger(trace, name)
  end)
end

function tests.test_in_a_coroutine_of_the_handler()
  local disk = t.needs("root", "tracing", "disk")
  each_method(function(name, call, method)
    local trace = trace_of(disk)
    function trace.call(session)
      local co = coroutine.create(function()
        call(session, trace, true)
        coroutine.yield()
      end)
      t.assertTrue(coroutine.resume(co))
      t.assertEquals(coroutine.status(co), "suspended")
    end
    trace.session:drain()
    t.assertEquals(trace.first, (method.ends or method.hands_on) and 1 or trace.produced, name)
    assert_all_there(trace, name)
  end)
end

-- Interpreted: in a finalizer LuaJIT leaves and enters a compiled loop that
-- allocates for ever (lj_gc.c, lj_gc_step_jit()).
function tests.test_in_a_finalizer_during_the_handler()
  local disk = t.needs("root", "tracing", "disk")
  jit.off()
  jit.flush()
  each_method(function(name, call)
    local trace = trace_of(disk)
    local finalized, failure = 0, nil
    function trace.call(session)
      getmetatable(newproxy(true)).__gc = function()
        finalized, failure = finalized + 1, select(2, pcall(call, session, trace, true))
      end
      collectgarbage()
      collectgarbage()
    end
    trace.session:drain()
    t.assertEquals({ finalized, failure }, { 1 }, name)
    assert_all_there(trace, name)
  end)
  jit.on()
end

function tests.test_and_the_handler_fails()
  local disk = t.needs("root", "tracing", "disk")
  each_method(function(name, call)
    local trace = trace_of(disk)
    function trace.call(session)
      call(session, trace, true)
      error "afterwards"
    end
    t.assertErrorMsgContains("afterwards", trace.session.drain, trace.session)
    t.assertEquals({ trace.first, trace.second }, { 1, 0 }, name)
    assert_all_there(trace, name)
  end)
end

-- A handler is called from C: what it yields cannot be resumed.
function tests.test_a_handler_cannot_yield()
  local disk = t.needs("root", "tracing", "disk")
  local trace = trace_of(disk)
  function trace.call() coroutine.yield() end
  local co = coroutine.create(function() trace.session:drain() end)
  local ok, message = coroutine.resume(co)
  t.assertFalse(ok)
  t.assertStrContains(message, "yield across C-call boundary")
  t.assertEquals(trace.first, 1)
  assert_all_there(trace)
end

-- ---- after a failure, and after the end ----

function tests.test_a_session_whose_handler_failed_takes_another()
  local disk = t.needs("root", "tracing", "disk")
  local trace = trace_of(disk, false, true)
  local session = trace.session
  function trace.call() error "once" end
  t.assertErrorMsgContains("once", session.drain, session)
  t.assertNil(session.timer) -- nothing keeps the loop turning
  t.assertTrue(session:loss().undelivered >= trace.produced - 1)
  t.assertEquals(session:on(trace.on_second), session)
  local visible = disk_load.direct_reads(disk, READS)
  session:drain()
  t.assertTrue(trace.second >= visible)
  session:stop()
  -- Events of others came while there was no handler.
  t.assertTrue(trace.first + trace.second + session:loss().undelivered <= count_of(session))
  session:close()
end

function tests.test_a_handler_that_failed_on_the_loop_lets_it_end()
  local disk = t.needs("root", "tracing", "disk")
  local result = proc.run_shark({ stdin = ([[
s = assert(require("shark.irq").hardirq { irq = %d }); s:on(function() error "in the handler" end)
uv = require "uv"; os.execute "dd if=%s of=/dev/null bs=4k count=50 iflag=direct status=none"
print("loop", pcall(uv.run))
n = 0; print("again", s:on(function() n = n + 1 end) == s)
os.execute "dd if=%s of=/dev/null bs=4k count=50 iflag=direct status=none"
s:stop(); p = 0; for _, r in ipairs(s:read()) do p = p + r.count end
print("sum", n > 0, s:loss().undelivered > 0 and n + 1 + s:loss().undelivered <= p, s.timer)
]]):format(disk.irq, disk.path, disk.path) }, "-i")
  t.assertStrContains(result.err, "in the handler")
  t.assertStrContains(result.out, "loop\ttrue")
  t.assertStrContains(result.out, "again\ttrue")
  t.assertStrContains(result.out, "sum\ttrue\ttrue\tnil")
end

function tests.test_a_stopped_session_takes_no_handler()
  local disk = t.needs("root", "tracing", "disk")
  local trace = trace_of(disk)
  trace.session:stop()
  t.assertErrorMsgContains("the session is stopped", trace.session.on, trace.session, trace.on_second)
  t.assertErrorMsgContains("the session is stopped", trace.session.on_batch, trace.session, trace.on_second_batch)
  t.assertEquals(trace.session:on(nil), trace.session)
  t.assertEquals(trace.session:drain(), 0)
  assert_all_there(trace)
end

-- Makes a call when the run ends; returns how many events were undelivered.
local function run_that_ends_with(call, disk)
  local result = proc.run_shark("-e", ([[
    local n, s = 0, assert(require("shark.irq").hardirq { irq = %d })
    s:on(function() n = n + 1 end)
    os.execute "dd if=%s of=/dev/null bs=4k count=50 iflag=direct status=none"
    shark.on_end(function()
      %s
      local stats = shark.stats()
      print(n >= 25, stats.events == n, stats.undelivered)
    end)
    shark.stop()]]):format(disk.irq, disk.path, call))
  local undelivered = result.out:match("^true\ttrue\t(%d+)\n$")
  t.assertEquals({ undelivered ~= nil, result.err, result.status }, { true, "", 0 }, call .. ": " .. result.out)
  return tonumber(undelivered)
end

-- What others have the disk do at the very end comes too late for any handler; not each time.
function tests.test_at_the_end_of_the_run()
  local disk = t.needs("root", "tracing", "disk")
  for _, call in ipairs { "s:drain()", "s:on(nil)", "s:stop()", "s:stop() s:stop()", "s:close()",
    "s:stop() s:close()" } do
    local runs, undelivered = 0
    repeat
      runs, undelivered = runs + 1, run_that_ends_with(call, disk)
    until undelivered == 0 or runs == 10
    t.assertEquals(undelivered, 0, call)
  end
end

-- ---- methods of certain kinds ----

function tests.test_open_requests_in_a_handler()
  local disk = t.needs("root", "tracing", "disk")
  local session, n = assert(virtblk.requests {}), 0
  session:on(function()
    n = n + 1
    if n == 1 then
      t.assertEquals(type(session:open_requests()), "table")
      session:close()
      t.assertErrorMsgContains("the session is closed", session.open_requests, session)
    end
  end)
  disk_load.direct_reads(disk, READS)
  session:drain()
  t.assertEquals(n, 1)
end

function tests.test_cpus_after_close()
  t.needs("root", "tracing")
  local session, message = irq.vecalloc {}
  t.skipIf(not session, message)
  t.assertEquals(type((session:cpus())), "table")
  session:close()
  t.assertErrorMsgContains("the session is closed", session.cpus, session)
end

t.run(tests)
