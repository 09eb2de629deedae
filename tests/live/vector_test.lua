-- System vectors and IPIs on this machine's kernel.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local irq = require "shark.irq"
local load = require "load"
local t = require "t"
local uv = require "uv"
local witness = require "witness"

local CALLS = t.in_guest and 211 or 509 -- emulated CPUs take turns, and one is kept busy
-- A call to a CPU that has one pending needs no interrupt of its own.
local CALLS_SEEN = CALLS * 0.95
local tests = {}

local function open(kind, options)
  local session, message = irq[kind](options)
  t.assertNotNil(session, message)
  return session
end

local EVENTS = {
  { "irq_vectors/local_timer_entry" }, { "irq_vectors/reschedule_entry" }, { "irq_vectors/call_function_entry" },
  { "irq_vectors/call_function_single_entry" }, { "irq_vectors/irq_work_entry" },
}

local function window(kind, options, work)
  options.audit = true
  local seen
  local hidden = witness.hidden_events(EVENTS, function()
    local session = open(kind, options)
    work()
    seen = { audit = session:audit(), rows = session:read(), how = session:how(), loss = session:loss() }
    session:stop()
    seen.last_rows = session:read()
    session:close()
  end)
  seen.hidden = hidden
  return seen
end

local function assert_as_the_kernel_counted(seen)
  local unseen = seen.hidden + (seen.loss.missed_runs or 0)
  t.assertTrue(seen.audit.missing >= 0 and seen.audit.missing <= unseen,
    ("%s; hidden %d; lost: %s"):format(tostring(seen.audit), seen.hidden, tostring(seen.loss)))
  t.assertEquals({ seen.loss.map_full, seen.loss.too_deep }, { 0, 0 })
end

local function sum(rows, wanted)
  local total = 0
  for _, row in ipairs(rows) do
    total = total + (wanted(row) and row.count or 0)
  end
  return total
end

local function other_cpu()
  t.skipIf(#uv.cpu_info() < 2, "needs a second CPU")
  load.pin(0)
  return 1
end

-- ---- vectors ----

for _, way in ipairs { "raw_tp", "tp" } do
  tests["test_vectors_equal_proc_interrupts_by_" .. way] = function()
    t.needs("root", "tracing", "tracefs")
    local cpu = other_cpu()
    local seen = window("vector", { way = way }, function()
      load.while_busy(cpu, function() load.remote_calls(cpu, CALLS) end)
      uv.sleep(300)
    end)
    t.assertTrue(sum(seen.rows, function(row) return row.name == "local timer" end) > 0)
    t.assertTrue(sum(seen.rows, function(row)
      return row.name == "call function single" and row.cpu == cpu
    end) + seen.hidden >= CALLS_SEEN)
    for _, row in ipairs(seen.rows) do
      t.assertEquals(row.hist:count(), row.count)
    end
    assert_as_the_kernel_counted(seen)
  end
end

function tests.test_filter_by_vector()
  t.needs("root", "tracing")
  local session = open("vector", { vector = 236 })
  uv.sleep(200)
  session:stop()
  t.assertEquals(sum(session:read(), function(row) return row.vector ~= 236 end), 0)
  t.assertTrue(sum(session:read(), function() return true end) > 0)
  session:close()
end

function tests.test_points_this_kernel_lacks_are_named()
  t.needs("root", "tracing", "tracefs")
  local session = open("vector", {})
  local how = session:how()
  for _, skipped in ipairs(how.skipped) do
    local group, event = skipped.point:match("^(.-):(.*)$")
    t.assertNil(uv.fs_stat(("/sys/kernel/tracing/events/%s/%s"):format(group, event)), skipped.point)
    t.assertStrContains(tostring(how), event)
  end
  session:close()
end

function tests.test_no_such_vector()
  t.needs("root", "tracing")
  local _, message = irq.vector { vector = 256 }
  t.assertStrContains(message, "no such vector: 256; there are 0 to 255")
end

-- ---- IPIs ----

local function is_call_to(cpu)
  return function(row)
    return row.what == "received" and row.cpu == cpu and row.name:find("call function", 1, true)
  end
end

function tests.test_calls_to_another_cpu_arrive_there()
  t.needs("root", "tracing", "tracefs")
  local cpu = other_cpu()
  local seen = window("ipi", {}, function()
    load.while_busy(cpu, function() load.remote_calls(cpu, CALLS) end)
  end)
  t.assertTrue(sum(seen.rows, is_call_to(cpu)) + seen.hidden >= CALLS_SEEN)
  assert_as_the_kernel_counted(seen)
end

-- Where the kernel tells of sends: each arrives, and its way took some time.
function tests.test_what_is_sent_is_received()
  t.needs("root", "tracing", "tracefs")
  local cpu = other_cpu()
  local seen = window("ipi", {}, function()
    load.while_busy(cpu, function() load.remote_calls(cpu, CALLS) end)
  end)
  t.skipIf(#seen.how.skipped > 0 or seen.how.way == "receive", "this kernel has no ipi:ipi_send_cpu")
  local sent, coalesced = 0, 0
  for _, row in ipairs(seen.last_rows) do
    if row.what == "sent" then
      sent, coalesced = sent + row.count, coalesced + row.coalesced
      t.assertStrContains(row.callsite, "+0x")
    end
  end
  local matched = sum(seen.last_rows, function(row) return row.what == "received" and row.sender end)
  t.assertTrue(sum(seen.last_rows, function(row) return row.sender == 0 and is_call_to(cpu)(row) end)
    + seen.hidden >= CALLS_SEEN)
  t.assertTrue(math.abs(sent - coalesced - matched) <= seen.hidden + 2, -- two CPUs may have one under way
    ("sent %d, coalesced %d, received %d, hidden %d"):format(sent, coalesced, matched, seen.hidden))
end

-- Calls between two CPUs, seen by a trace of the receiver and one of the sender.
local function calls_seen_by(receiver, sender)
  local traces = { open("ipi", { cpu = receiver }), open("ipi", { cpu = sender }) }
  t.skipIf(#traces[1]:how().skipped > 0 or traces[1]:how().way == "receive", "this kernel has no ipi:ipi_send_cpu")
  load.while_busy(receiver, function() load.remote_calls(receiver, CALLS) end)
  local rows = {}
  for i, session in ipairs(traces) do
    session:stop()
    rows[i] = session:read()
    session:close()
  end
  return rows[1], rows[2]
end

local function sum_sent(rows, sender, field)
  local total = 0
  for _, row in ipairs(rows) do
    total = total + (row.what == "sent" and (not sender or row.cpu == sender) and row[field] or 0)
  end
  return total
end

local function is_from(sender)
  return function(row) return row.what == "received" and row.sender == sender end
end

-- What CPU 0 sends of them is for the other; what it sends itself (PREEMPT_RT and Linux 7 do) it receives.
function tests.test_a_trace_of_one_cpu_is_about_what_is_sent_to_it()
  t.needs("root", "tracing")
  local cpu = other_cpu()
  local received, of_sender = calls_seen_by(cpu, 0)
  t.assertTrue(sum_sent(received, 0, "count") >= CALLS_SEEN)
  local to_itself = sum_sent(of_sender, 0, "count") - sum_sent(of_sender, 0, "coalesced")
  t.assertTrue(to_itself <= sum(of_sender, is_from(0)) + 3, -- one of each vector may be under way
    ("sent %d, received %d"):format(to_itself, sum(of_sender, is_from(0))))
  local arrived = sum(received, function(row) return row.what == "received" and row.sender end)
  t.assertTrue(arrived >= CALLS_SEEN)
  for _, rows in ipairs { received, of_sender } do
    local sent, coalesced = sum_sent(rows, nil, "count"), sum_sent(rows, nil, "coalesced")
    arrived = sum(rows, function(row) return row.what == "received" and row.sender end)
    t.assertTrue(math.abs(sent - coalesced - arrived) <= 3,
      ("sent %d, of them pending %d, received %d"):format(sent, coalesced, arrived))
  end
end

function tests.test_an_ipi_is_an_event()
  t.needs("root", "tracing")
  local cpu = other_cpu()
  local session, n = open("ipi", { cpu = cpu }), 0
  t.skipIf(#session:how().skipped > 0 or session:how().way == "receive", "this kernel has no ipi:ipi_send_cpu")
  local function counted()
    return sum(session:read(), function(row)
      return row.what == "received" and row.sender == 0 and row.name == "call function single"
    end)
  end
  local most = counted()
  session:on(function(e)
    t.assertEquals(e.cpu, cpu)
    n = n + (e.sender == 0 and e.name == "call function single" and 1 or 0)
  end)
  local least = counted() -- some may have come while the streaming began
  load.while_busy(cpu, function() load.remote_calls(cpu, 100) end)
  session:stop()
  local all, loss = counted(), tostring(session:loss())
  session:close()
  t.assertTrue(n >= all - least and n <= all - most, ("%d events, %d to %d counted; lost: %s"):format(n, all - least,
    all - most, loss))
  t.assertTrue(n >= 90, ("%d events; lost: %s"):format(n, loss))
end

function tests.test_membarriers_are_calls()
  t.needs("root", "tracing")
  local cpu, wanted = other_cpu(), 10
  local session, calls = open("ipi", { cpu = cpu }), 0
  load.while_registered(cpu, function()
    local limit = uv.hrtime() + 60e9
    repeat -- one interrupts the process there whenever that runs
      load.membarriers(1)
      uv.sleep(1)
      calls = sum(session:read(), is_call_to(cpu))
    until calls >= wanted or uv.hrtime() > limit
  end)
  session:stop()
  t.assertTrue(calls >= wanted, calls)
  t.assertEquals(session:loss().map_full, 0)
  session:close()
end

t.run(tests)
