-- shark.pipeline.changes(): two readings, and what came between them.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local pipeline = require "shark.pipeline"
local t = require "t"

local tests = {}

local function row(irq, role, hits, cpus)
  return { irq = irq, role = role, stage = role, hits = hits, cpus = cpus or {}, handler = "handle_" .. irq }
end

local function lines(before, now)
  local list = {}
  for i, change in ipairs(pipeline.changes({ interrupts = before }, { interrupts = now })) do
    list[i] = ("%d %s +%d P%s H%s S%s %s"):format(change.irq, change.role, change.hits, change.pending, change.held,
      change.stray, change.handler)
  end
  return list
end

function tests.test_nothing_changed()
  local rows = { row(4, "root", 10, { { cpu = 0, hits = 10, pending = true } }), row(4, "head", 3) }
  t.assertEquals(lines(rows, rows), {})
end

function tests.test_hits_and_what_waits()
  t.assertEquals(lines({ row(4, "root", 10), row(4, "head", 3), row(9, "root", 1) }, {
    row(4, "root", 10, { { cpu = 0, hits = 5, pending = true }, { cpu = 2, hits = 5, pending = true } }),
    row(4, "head", 8), row(9, "root", 1, { { cpu = 1, hits = 1, held = true } }),
  }), { "4 head +5 P H S handle_4", "4 root +0 P0,2 H S handle_4", "9 root +0 P H1 S handle_9" })
end

-- One that waited where it is not handled has no row any more.
function tests.test_rows_come_and_go()
  local waiting = row(7, "in-band", 2, { { cpu = 3, hits = 2, stray = true } })
  t.assertEquals(lines({}, { waiting }), { "7 in-band +2 P H S3 handle_7" })
  t.assertEquals(lines({ waiting }, {}), { "7 in-band +0 P H S handle_7" })
end

function tests.test_a_count_that_began_again()
  t.assertEquals(lines({ row(1, "root", 4294967290) }, { row(1, "root", 5) }), { "1 root +5 P H S handle_1" })
end

t.run(tests)
