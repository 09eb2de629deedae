-- The parts of interrupt remapping's traces that need no kernel: what fits
-- together, what words mean, what order is.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local affinity = require "shark.affinity"
local apic = require "shark.decode.apic"
local apics = require "shark.system.apic"
local fault_words = require "shark.decode.fault_words"
local records = require "shark.remap.records"
local t = require "t"
local timeline = require "shark.timeline"
local vector_life = require "shark.remap.vector_life"

local tests = {}

-- ---- lives of vectors ----

local function life_of(steps)
  local lives = vector_life.new()
  for _, step in ipairs(steps) do
    step.irq = step.irq or 30
    lives:feed(step)
  end
  return lives:list()
end

local function update(vector, cpu, prev_vector, prev_cpu)
  return { name = "vector_update", vector = vector, on_cpu = cpu, prev_vector = prev_vector, prev_cpu = prev_cpu }
end

function tests.test_a_whole_life_fits_together()
  local list = life_of {
    { name = "vector_setup" }, { name = "vector_reserve" }, { name = "vector_activate" }, { name = "vector_alloc" },
    update(37, 0), { name = "vector_alloc" }, update(39, 1, 37, 0),
    { name = "vector_free_moved", vector = 37, on_cpu = 0 },
    { name = "vector_deactivate" }, { name = "vector_clear", vector = 39, on_cpu = 1 }, { name = "vector_teardown" },
  }
  t.assertEquals(#list, 1)
  local life = list[1]
  t.assertEquals(life.unmatched, {})
  t.assertEquals(life.moving, {})
  t.assertNil(life.vector)
  t.assertEquals({ life.set_up, life.allocated, life.moved, life.cleaned, life.cleared, life.torn_down },
    { 1, 2, 1, 1, 1, 1 })
end

function tests.test_a_move_that_is_not_cleaned_up_is_in_progress()
  local life = life_of { update(39, 1, 37, 0) }[1]
  t.assertEquals(life.moving, { "37 of CPU 0" })
  t.assertEquals({ life.vector, life.on_cpu }, { 39, 1 })
  t.assertEquals(life.unmatched, {}) -- it had 37 before the trace
end

function tests.test_a_move_ends_with_the_vector_too()
  local life = life_of { update(39, 1, 37, 0),
    { name = "vector_clear", vector = 39, on_cpu = 1, prev_vector = 37, prev_cpu = 0 } }[1]
  t.assertEquals({ life.moving, life.unmatched, life.cleaned, life.cleared }, { {}, {}, 1, 1 })
end

function tests.test_what_does_not_fit_is_told()
  t.assertEquals(life_of { { name = "vector_setup" }, { name = "vector_setup" } }[1].unmatched, { "set up twice" })
  t.assertEquals(life_of { { name = "vector_teardown" }, { name = "vector_teardown" } }[1].unmatched,
    { "torn down and not set up" })
  t.assertEquals(life_of {
    { name = "vector_setup" }, { name = "vector_free_moved", vector = 9, on_cpu = 1 },
  }[1].unmatched, { "vector 9 of CPU 1 was given back and not taken" })
  t.assertEquals(life_of { update(40, 0), { irq = 31, name = "vector_update", vector = 40, on_cpu = 0 } }[2].unmatched,
    { "vector 40 of CPU 0 was still IRQ 30's" })
end

function tests.test_a_managed_irq_that_is_shut_down_has_a_vector_of_nobody()
  local life = life_of {
    { name = "vector_setup" }, update(40, 0, 239, 0), { name = "vector_clear", vector = 40, on_cpu = 0 },
  }
  t.assertEquals({ life[1].unmatched, life[1].moved }, { {}, 0 })
end

function tests.test_failures_are_counted()
  local life = life_of { { name = "vector_alloc", error = "ENOSPC" }, { name = "vector_reserve", error = "ENOMEM" } }[1]
  t.assertEquals({ life.failed, life.allocated }, { 2, 0 })
end

-- ---- order ----

function tests.test_records_come_by_time_and_then_as_told()
  local told = {}
  local line = timeline.new(0, function(record) told[#told + 1] = record end)
  for _, entry in ipairs { { 30, "c" }, { 10, "a" }, { 20, "b1" }, { 20, "b2" }, { 40, "d" } } do
    line:add(entry[1], entry[2])
  end
  line:flush(true)
  t.assertEquals(told, { "a", "b1", "b2", "c", "d" })
  line:flush(true)
  t.assertEquals(#told, 5)
end

function tests.test_what_is_young_waits()
  local told = {}
  local line = timeline.new(1e6, function(record) told[#told + 1] = record end)
  line:add(tonumber(require("uv").hrtime()), "young")
  line:add(-1e12, "old") -- so much older that it is old on a machine that has just started, too
  line:flush()
  t.assertEquals(told, { "old" })
end

-- A session as the timeline sees one, of which so many slices wait.
local function session_of(slices)
  local self = { open = true }
  function self.is_open() return self.open end
  function self.drain_slice()
    assert(self.open)
    slices = slices - 1
    return slices > 0
  end
  self.drain = self.drain_slice
  return self
end

function tests.test_what_a_late_session_may_precede_waits()
  local told = {}
  local line = timeline.new(0, function(record) told[#told + 1] = record end)
  local late = session_of(2)
  line:follow(late)
  line:add(10, "late", late)
  line:add(5, "older")
  line:add(20, "younger")
  line:flush()
  t.assertEquals(told, { "older", "late" })
  line:flush()
  t.assertEquals(told, { "older", "late", "younger" })
end

function tests.test_a_closed_session_holds_nothing_up()
  local told = {}
  local line = timeline.new(0, function(record) told[#told + 1] = record end)
  local session = session_of(9)
  line:follow(session)
  line:add(1, "a", session)
  session.open = false
  line:flush()
  line:flush(true)
  t.assertEquals(told, { "a" })
end

function tests.test_what_is_held_is_bounded_and_disorder_counted()
  local told = {}
  local line = timeline.new(0, function(record) told[#told + 1] = record end, 2)
  line:follow(session_of(9))
  for ns = 2, 5 do
    line:add(ns, ns)
  end
  line:flush()
  t.assertEquals({ told, line.out_of_order }, { { 2, 3 }, 0 })
  line:add(1, 1)
  line:flush(true)
  t.assertEquals({ told, line.out_of_order }, { { 2, 3, 1, 4, 5 }, 1 })
end

-- ---- words ----

function tests.test_reasons_of_faults()
  local words, is_interrupt = fault_words.intel(0x05)
  t.assertEquals({ words, is_interrupt }, { "no mapping of the address that allows writing", false })
  words, is_interrupt = fault_words.intel(0x22)
  t.assertEquals({ words, is_interrupt }, { "the table entry is not present", true })
  t.assertStrContains(fault_words.intel(0x7f), "0x7f")
  t.assertStrContains(fault_words.amd(2, true), "table entry")
  t.assertStrContains(fault_words.amd(2, false), "no mapping")
  t.assertStrContains(fault_words.amd(0xf), "0xf")
end

function tests.test_a_failed_allocation_is_loud()
  local text = records.text { kind = "vector", name = "vector_alloc", irq = 44, error = "ENOSPC",
    full = ", no vector left on CPU 1", by = { pid = 12, task = "modprobe" } }
  t.assertStrContains(text, "vector alloc FAILED: ENOSPC, no vector left on CPU 1, by modprobe[12]")
end

function tests.test_destinations_are_cpus()
  local by_id = apics.parse("processor\t: 0\napicid\t\t: 4\n\nprocessor\t: 1\napicid\t\t: 6\n")
  t.assertEquals(by_id, { [4] = 0, [6] = 1 })
  t.assertEquals(apics.cpus_of(0x05, "logical"), { 0, 2 })
  t.assertEquals({ apic.targets(5, "physical") }, { { 5 } })
  t.assertEquals({ apic.targets(0x20003, "logical", true) }, { { 32, 33 } })
end

-- ---- verdicts ----

local function verdict(entry)
  entry.online = entry.online or "0-3"
  entry.arrived = entry.arrived or {}
  return (affinity.verdict(entry))
end

function tests.test_destinations_in_words()
  t.assertEquals(apic.words(5, "physical"), "physical APIC id 5")
  t.assertEquals(apic.words(300, "physical", true), "physical APIC id 300")
  t.assertEquals(apic.words(5, "logical"), "logical APIC mask 0x5 (CPUs 0,2)")
  t.assertEquals(apic.words(0, "logical"), "logical APIC mask 0x0 (no CPU)")
  t.assertEquals(apic.words(0x80, "logical"), "logical APIC mask 0x80 (CPU 7)")
  t.assertEquals(apic.words(0x20013, "logical", true), "logical x2APIC mask 0x13 of cluster 2 (APIC ids 32-33,36)")
  t.assertEquals(apic.words(0x18000, "logical", true), "logical x2APIC mask 0x8000 of cluster 1 (APIC id 31)")
end

function tests.test_verdicts_on_affinity()
  t.assertEquals(verdict { asked = "0-3", effective = "1" }, "quiet")
  t.assertEquals(verdict { asked = "1", effective = "1", arrived = { [1] = 7 } }, "ok")
  t.assertEquals(verdict { asked = "2", effective = "1", arrived = { [1] = 7 } }, "pending")
  t.assertEquals(verdict { asked = "1-2", effective = "1", pending = true }, "pending")
  t.assertEquals(verdict { asked = "1", effective = "1", arrived = { [1] = 7, [3] = 1 } }, "stray")
  t.assertEquals(verdict { asked = "5", effective = "1" }, "offline")
  t.assertEquals(verdict { asked = "1", effective = "1", effective_before = "0", arrived = { [0] = 3, [1] = 7 } },
    "moved")
  t.assertEquals(verdict { asked = "1", effective = "1", moved_to = { 2, 1 }, arrived = { [2] = 3 } }, "moved")
  t.assertEquals(verdict { asked = "0-3" }, "unknown")
end

t.run(tests)
