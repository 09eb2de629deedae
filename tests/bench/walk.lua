--- Targets: the interrupt map. What an interrupt costs must not grow with how many
-- there are.
local k = require "shark.kernel"
local map_system = require "shark.map.system"
local walk = require "shark.map.walk"

local M = {}

local FEW, MANY = 2, 50

-- CPU time for each interrupt, in ns, in a look at all of them so many times.
local function each(rounds)
  return function()
    if not k.how().way then
      error(tostring(k.how()), 0)
    end
    local system = assert(map_system.look())
    local irqs = system:irqs()
    local before = os.clock()
    walk.look(function()
      for _ = 1, rounds do
        for _, irq in ipairs(irqs) do
          local map = system:describe(irq)
          map.missing = {}
          walk.fill(map)
        end
      end
    end)
    return (os.clock() - before) * 1e9 / (rounds * #irqs)
  end
end

--- @return table[] targets, see bench.lua
function M.targets()
  return { {
    name = "walk/growth", title = ("CPU time for an interrupt's map, of %d looks at all against %d"):format(MANY, FEW),
    unit = "us", scale = 1000, ours = each(MANY), theirs = each(FEW), at_most = 1.2,
  } }
end

return M
