-- shark.decode.ioapic and shark.decode.irqflags: redirection entries and flag words.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local flags = require "shark.decode.irqflags"
local ioapic = require "shark.decode.ioapic"
local t = require "t"

local tests = {}

function tests.test_compatibility()
  local entry = ioapic.decode(0x010000000001a821ULL)
  t.assertEquals({ entry.format, entry.vector, entry.dest, entry.dest_mode, entry.trigger, entry.active_low,
    entry.masked, entry.delivery }, { "compatibility", 0x21, 1, "logical", "level", true, true, "fixed" })
  t.assertEquals(entry.words, "not remapped: vector 33 to logical APIC mask 0x1 (CPU 0), fixed, level, " ..
    "active low, MASKED")
end

function tests.test_remappable()
  local entry = ioapic.decode(0x0009000000000021ULL, "intel") -- format bit 48, index 4
  t.assertEquals({ entry.format, entry.index, entry.vector }, { "remappable", 4, 0x21 })
  t.assertEquals(entry.words, "VT-d remappable: IRTE 4, vector 33 for the EOI, edge, active high")
  t.assertEquals(ioapic.decode(0x0001000000000821ULL, "intel").index, 2 ^ 15)
  t.assertEquals(ioapic.decode(0x21, "intel").format, "compatibility")
  t.assertEquals(ioapic.decode(0x0009000000000021ULL).format, "compatibility")
end

function tests.test_amd()
  local entry = ioapic.decode(0x305, "amd")
  t.assertEquals({ entry.format, entry.index }, { "AMD remapped", 0x305 })
end

-- 0 is what the kernel keeps of a pin that it never wrote: the hardware has 0x10000.
function tests.test_a_pin_that_is_not_set_up()
  local entry = ioapic.kept(0, nil, false)
  t.assertEquals({ entry.set_up, entry.masked, entry.vector }, { false, true, nil })
  t.assertStrContains(entry.words, "not set up")
  local set_up = ioapic.kept(0x21, nil, true)
  t.assertEquals({ set_up.set_up, set_up.masked, set_up.vector }, { true, false, 0x21 })
end

function tests.test_flags()
  t.assertEquals(flags.action(0x2080), { "SHARED", "ONESHOT" })
  t.assertEquals(flags.action(0), {})
  t.assertEquals(flags.state(0x400200), { "activated", "started" })
  t.assertEquals(flags.state(0x30100), { "DISABLED", "MASKED", "affinity change PENDING" })
end

t.run(tests)
