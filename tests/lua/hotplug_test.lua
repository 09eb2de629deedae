-- shark.remap.hotplug: interrupts that move when a CPU goes offline, and no event says so.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local hotplug = require "shark.remap.hotplug"
local records = require "shark.remap.records"
local t = require "t"
local vector_life = require "shark.remap.vector_life"

local tests = {}

-- A machine of a test's own, which it changes.
local function machine(cpus, places)
  local self = { cpus = cpus, places = places, ns = 0 }
  function self.online() return self.cpus end
  function self.positions()
    local copy = {}
    for irq, place in pairs(self.places) do
      copy[irq] = place
    end
    return copy
  end
  function self.now() return self.ns end
  return self
end

local function update(irq, cpu)
  return { name = "vector_update", irq = irq, vector = 40, on_cpu = cpu }
end

function tests.test_moves_without_an_event_are_found()
  local of = machine({ 0, 1 }, { [30] = "1", [31] = "0", [32] = "1", [33] = "0-1" })
  local watch = hotplug.new(of)
  t.assertNil(watch:look())
  of.cpus, of.places = { 0 }, { [30] = "0", [31] = "0", [32] = "1", [33] = "0-1" }
  t.assertEquals(watch:look(), 0)
  t.assertNil(watch:look()) -- the first are yet to be judged
  local record = watch:judge()
  t.assertEquals(record, { kind = "cpu", what = "offline", cpu = 1, cpus = { 1 },
    moved = { { irq = 30, from = "1", to = "0" } }, waiting = { { irq = 32, from = "1", to = "1" } } })
  t.assertEquals(records.text(record), "          CPU 1 went OFFLINE: 1 IRQ moved without an event, as the kernel " ..
    "emits none then: IRQ 30 to CPU 0; 1 managed IRQ shut down until it is back")
  t.assertNil(watch:look())
end

function tests.test_moves_that_events_told_are_not_counted()
  local of = machine({ 0, 1 }, { [30] = "1", [31] = "1" })
  local watch = hotplug.new(of)
  of.ns = 10e6
  of.cpus, of.places = { 0 }, { [30] = "0", [31] = "0" }
  t.assertEquals(watch:look(), 10e6)
  watch:feed(update(30, 0), 5e6) -- told late, and from before the CPU went
  watch:feed(update(31, 0), 20e6) -- from after it
  local record = watch:judge()
  t.assertEquals(record.moved, { { irq = 31, from = "1", to = "0" } })
end

function tests.test_a_cpu_that_comes_is_no_loss()
  local of = machine({ 0 }, { [30] = "0" })
  local watch = hotplug.new(of)
  of.cpus = { 0, 1 }
  t.assertNil(watch:look())
  of.cpus = { 0 }
  t.assertEquals(watch:look(), 0)
  t.assertEquals(watch:judge().moved, {})
end

-- Nothing is called unmatched of an IRQ whose vectors are not known any more.
function tests.test_lives_lose_track()
  local lives = vector_life.new()
  lives:feed { name = "vector_setup", irq = 30 }
  lives:feed { name = "vector_update", irq = 30, vector = 40, on_cpu = 1 }
  lives:lose_track(30)
  lives:feed { name = "vector_update", irq = 30, vector = 41, on_cpu = 0, prev_vector = 50, prev_cpu = 0 }
  local life = lives:list()[1]
  t.assertEquals({ life.unmatched, life.unseen, life.vector, life.on_cpu }, { {}, 1, 41, 0 })
end

t.run(tests)
