-- shark.text.heat: lines of a heat map.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local heat = require "shark.text.heat"
local hist = require "shark.hist"
local t = require "t"

local tests = {}

function tests.test_columns_are_powers_of_two()
  local h = hist.new()
  h:add(1, 2)
  h:add(1000, 3)
  h:add(1024, 4)
  h:add(2 ^ 40, 5)
  t.assertEquals(heat.columns(h, 8, 12), { [8] = 2, [9] = 3, [10] = 4, [11] = 0, [12] = 5 })
end

function tests.test_more_is_darker()
  t.assertEquals(heat.line({ [3] = 0, [4] = 1, [5] = 1000 }, 3, 5, false), "  " .. ".." .. "@@")
  t.assertEquals(heat.line({ [3] = 0, [4] = 0, [5] = 0 }, 3, 5, false), "      ")
  t.assertEquals(heat.line({ [3] = 7 }, 3, 3, true), "\27[48;5;231m  \27[0m")
end

-- Whatever it is: logarithms are not exact.
function tests.test_the_most_is_darkest()
  for most = 1, 5000 do
    t.assertEquals(heat.line({ [3] = most }, 3, 3, false), "@@")
  end
end

function tests.test_the_scale_names_columns()
  t.assertEquals(heat.scale(10, 18), "1.02us  16.4us  262us")
end

t.run(tests)
