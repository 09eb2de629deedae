--- What lines have without requiring it: names that are made when one is named first.

local M = {}

-- Modules that are asked for by hand, under their own names.
local MODULES = { "affinity", "iommu", "irq", "irqmap", "kernel", "remap", "virtblk" }

local made = {
  probe = function()
    local probe, why_not = require("shark.probe.oneliner").at_hand(require "shark.probe")
    return probe or error(why_not, 0)
  end,
  help = function() return require("shark.prompt.help").show end,
}
for _, name in ipairs(MODULES) do
  made[name] = function() return require("shark." .. name) end
end

--- The names, in no order.
--- @return string[]
function M.names()
  local list = {}
  for name in pairs(made) do
    list[#list + 1] = name
  end
  return list
end

--- The value of a name; nil if it is none.
--- @param name any
function M.make(name)
  return made[name] and made[name]()
end

return M
