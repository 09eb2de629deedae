-- Which name was meant.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local nearest = require "shark.text.nearest"
local t = require "t"

local tests = {}

local MEMBERS = { "state", "stack", "prio", "tgid", "pid", "comm", "__data_len", "real_parent", "parent" }

function tests.test_what_was_mistyped()
  local meant = { pidd = "pid", pdi = "pid", PID = "pid", con = "comm", parnet = "parent", prioo = "prio" }
  for wrong, right in pairs(meant) do
    t.assertEquals(nearest.names(wrong, MEMBERS, 1), { right }, wrong)
  end
end

function tests.test_a_part_of_a_name()
  t.assertEquals(nearest.names("data_len", MEMBERS, 1), { "__data_len" })
  t.assertEquals(nearest.names("parent", MEMBERS, 2), { "parent", "real_parent" })
end

function tests.test_as_many_as_there_are()
  t.assertEquals(nearest.names("x", {}, 3), {})
  t.assertEquals(#nearest.names("", MEMBERS, 3), 3)
  t.assertEquals(#nearest.names("pid", MEMBERS, 100), #MEMBERS)
  t.assertEquals(nearest.names("zz", { "ab", "cd" }, 2), { "ab", "cd" })
end

function tests.test_only_what_is_near_enough()
  t.assertEquals(nearest.names("pdi", MEMBERS, 3, 1), { "pid" })
  t.assertEquals(nearest.names("nothing", MEMBERS, 3, 1), {})
end

t.run(tests)
