-- The vector allocator, as far as it can be traced without moving anything.
-- What it does when interrupts move: tests/guest/remap_test.lua.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local irq = require "shark.irq"
local t = require "t"

local tests = {}

local function open(options)
  local session, message = irq.vecalloc(options)
  t.assertNotNil(session, message)
  return session
end

function tests.test_attaches_to_every_tracepoint_that_is_there()
  t.needs("root", "tracing")
  local session = open {}
  local how = session:how()
  t.assertEquals(how.way, "raw_tp")
  for _, skipped in ipairs(how.skipped) do
    t.assertEquals(skipped.point, "irq_matrix:irq_matrix_alloc_reserved")
  end
  local loss = session:loss()
  t.assertEquals(loss.ring_drops, 0)
  t.assertEquals(loss.map_full, 0)
  session:close()
end

function tests.test_cpus_that_did_not_change_are_not_shown()
  t.needs("root", "tracing")
  local session = open { irq = 2147483647 } -- none has this number
  local cpus, all = session:cpus()
  t.assertEquals(cpus, {})
  t.assertEquals(all, {})
  t.assertEquals(session:read(), {})
  session:close()
end

function tests.test_what_cannot_be_asked_for()
  t.needs("root", "tracing")
  local session, message, name = irq.vecalloc { cpu = 99999 }
  t.assertNil(session)
  t.assertStrContains(message, "no such CPU: 99999")
  t.assertEquals(name, "ENOENT")
  session, message, name = irq.vecalloc { irq = -2 }
  t.assertNil(session)
  t.assertStrContains(message, "no such IRQ: -2")
  t.assertEquals(name, "ENOENT")
  t.assertErrorMsgContains("vecalloc has no filter or option 'vector'", irq.vecalloc, { vector = 33 })
  t.assertErrorMsgContains("option 'way' takes one of: raw_tp", irq.vecalloc, { way = "tp" })
end

t.run(tests)
