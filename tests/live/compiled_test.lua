-- Handlers that LuaJIT compiles with the loop over their events: no memory, no interpreter.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local ffi = require "ffi"
local irq = require "shark.irq"
local t = require "t"

local READS = 1009
local tests = {}

local function open_streaming(options, handler)
  local session, message = irq.hardirq(options)
  t.assertNotNil(session, message)
  t.assertNotNil(session:on(handler))
  return session
end

-- A handler that is arithmetic is compiled as part of the loop over the batch.
function tests.test_a_trace_forms_over_a_batch()
  local disk = t.needs("root", "tracing", "disk")
  local compiled, aborted = 0, {}
  local jutil = require "jit.util"
  local function watch(what, trace, func, _, reason)
    if what == "stop" then
      compiled = compiled + (jutil.traceinfo(trace).linktype == "loop" and 1 or 0)
    elseif what == "abort" then
      aborted[#aborted + 1] = tostring(reason) .. " in " .. jutil.funcinfo(func).loc
    end
  end
  local total = 0
  local session = open_streaming({}, function(e) total = total + tonumber(e.ns) end)
  disk_load.direct_reads(disk, READS)
  jit.attach(watch, "trace")
  session:drain()
  jit.attach(watch)
  session:close()
  t.assertTrue(total > 0)
  t.assertTrue(compiled > 0, "no trace; aborted: " .. table.concat(aborted, "; "))
  t.assertEquals(ffi.sizeof("struct shark_event"), 32)
end

-- Bytes that handing over what waits took, and for how many events.
local function memory_of_drain(session)
  collectgarbage "stop"
  local before = collectgarbage "count"
  local n = session:drain()
  local grown = (collectgarbage "count" - before) * 1024
  collectgarbage "restart"
  return grown, n
end

-- What is made for each event of a compiled loop is never made. When LuaJIT compiles is its
-- own affair, later where it is slow.
function tests.test_no_memory_for_an_event()
  local disk = t.needs("root", "tracing", "disk")
  local total, rounds = 0, 0
  local session = open_streaming({ irq = disk.irq }, function(e) total = total + tonumber(e.ns) end)
  local grown, n
  repeat
    rounds = rounds + 1
    local visible = disk_load.direct_reads(disk, READS)
    grown, n = memory_of_drain(session)
    t.assertTrue(n >= visible and total > 0)
  until grown < n * 8 or rounds == 20
  session:close()
  t.assertTrue(grown < n * 8, ("%d bytes for %d events"):format(grown, n))
end

t.run(tests)
