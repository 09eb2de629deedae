-- Which test runs in which guest: nothing is named that is not there.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. arg[0]:gsub("[^/]+/[^/]+$", "vm/?.lua;") .. package.path
local guests = require "guests"
local t = require "t"
local uv = require "uv"

local tests = {}

local function by_name(list)
  local names = {}
  for _, guest in ipairs(list) do
    t.assertNil(names[guest.name], guest.name)
    names[guest.name] = guest
  end
  return names
end

function tests.test_tests_and_guests_that_are_named_exist()
  local names = by_name(guests.representative())
  for test, where in pairs(guests.WHERE) do
    t.assertNotNil(uv.fs_stat("tests/" .. test) or uv.fs_stat("tests/" .. test .. ".c"), test)
    t.assertTrue(#where > 0 or where == guests.HERE_ONLY, test)
    for _, name in ipairs(where) do
      t.assertNotNil(names[name], test .. ": " .. name)
    end
  end
end

function tests.test_the_whole_matrix_has_the_representative_guests()
  local names = by_name(guests.all())
  for _, guest in ipairs(guests.representative()) do
    t.assertNotNil(names[guest.name], guest.name)
  end
end

function tests.test_a_test_that_is_not_named_runs_everywhere()
  local list = { "live/new_test.lua", "live/irqmap_scripts_test.lua" }
  for _, guest in ipairs(guests.representative()) do
    local runs = guests.tests_of(guest, list, false, true)
    t.assertEquals(guest.tests or runs[1] == list[1] and list, guest.tests or list)
    t.assertEquals(#runs, (guest.tests or guest.name == "6.12-amd64-amd") and #(guest.tests or list) or 1)
    t.assertEquals(guests.tests_of(guest, list, true, true), guest.tests or list)
  end
end

function tests.test_what_needs_no_guest_runs_in_one_where_this_machine_cannot_be_traced()
  local list, runs = { "live/scripts_test.lua" }, { [true] = 0, [false] = 0 }
  for _, guest in ipairs(guests.representative()) do
    for here in pairs(runs) do
      runs[here] = runs[here] + (guest.tests and 0 or #guests.tests_of(guest, list, false, here))
    end
  end
  t.assertEquals(runs, { [true] = 0, [false] = 1 })
end

t.run(tests)
