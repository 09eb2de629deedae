-- shark.decode.cpulist, shark.map.affinity: lists of CPUs, and affinities in words.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local affinity = require "shark.map.affinity"
local cpulist = require "shark.decode.cpulist"
local cpus = require "shark.system.cpus"
local t = require "t"

local tests = {}

function tests.test_lists_of_cpus()
  for text, list in pairs { [""] = {}, ["0"] = { 0 }, ["0-3"] = { 0, 1, 2, 3 }, ["0-1,4,6-7"] = { 0, 1, 4, 6, 7 } } do
    t.assertEquals(cpulist.parse(text), list)
    t.assertEquals(cpulist.format(list), text)
  end
  t.assertNil(cpulist.parse("x"))
  t.assertTrue(cpulist.contains({ 0, 1, 2 }, { 1 }))
  t.assertFalse(cpulist.contains({ 0 }, { 1 }))
end

function tests.test_affinity_in_words()
  t.assertEquals(affinity.words { asked = "0-1", effective = "1" }, { "asked for CPUs 0-1", "in force CPU 1" })
  t.assertEquals(affinity.words { asked = "", effective = nil }, { "asked for no CPU", "in force unknown" })
  t.assertStrContains(affinity.words({ asked = "0", effective = "0", managed = true })[3], "managed")
end

-- What /proc shows as done and is not.
function tests.test_the_pending_move()
  local words = affinity.words { asked = "0", effective = "0", pending = "1" }
  t.assertEquals(words[3], "PENDING: the move to CPU 1 waits for the next interrupt, which still arrives on CPU 0")
  t.assertStrContains(affinity.words({ asked = "0", effective = "0", pending = "0" })[3], "PENDING: CPU 0 was asked")
  words = affinity.words { asked = "1", effective = "0" }
  t.assertStrContains(words[3], "NOT where it was asked for: it still arrives on CPU 0")
end

function tests.test_cpus_that_are_online()
  local text = io.open("/sys/devices/system/cpu/online"):read("*l")
  t.assertEquals(cpulist.format(cpus.online()), text)
end

function tests.test_masks()
  for text, list in pairs { ["0"] = {}, ["3"] = { 0, 1 }, ["00000001,80000000"] = { 31, 32 }, a0 = { 5, 7 } } do
    t.assertEquals(cpulist.of_mask(text), list)
  end
end

t.run(tests)
