--- Measures two things in turn (ABABAB...), so that what else the machine does
--- meets both alike.
local stats = require "stats"

local M = {}

-- A sample, or an error that says why there is none.
local function sample(measure)
  local value = measure()
  if type(value) ~= "number" or value ~= value then
    error(("not a number: %s"):format(tostring(value)), 0)
  end
  return value
end

--- A first round warms up and is not counted.
--- @param rounds integer
--- @param measures table name -> fun(): number, which raises when it cannot
--- @param order string[] names, in the order of measuring
--- @return table? stats name -> see stats.of() @return string? why
function M.measure(rounds, measures, order)
  local samples, result = {}, {}
  for round = 0, rounds do
    for _, name in ipairs(order) do
      local ok, value = pcall(sample, measures[name])
      if not ok then
        return nil, ("%s: %s"):format(name, value)
      end
      samples[name] = samples[name] or {}
      samples[name][round] = value
    end
  end
  for name, list in pairs(samples) do
    list[0] = nil
    result[name] = stats.of(list)
  end
  return result
end

return M
