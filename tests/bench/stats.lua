--- Median and spread of samples.

local M = {}

-- Linear between neighbours, as most people's quartiles are.
local function at(sorted, share)
  local position = 1 + (#sorted - 1) * share
  local below = math.floor(position)
  local above = math.min(below + 1, #sorted)
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below)
end

--- @param samples number[] at least one
--- @return table { median, q1, q3, min, max, samples }
function M.of(samples)
  local sorted = {}
  for i, sample in ipairs(samples) do
    sorted[i] = sample
  end
  table.sort(sorted)
  return {
    median = at(sorted, 0.5), q1 = at(sorted, 0.25), q3 = at(sorted, 0.75),
    min = sorted[1], max = sorted[#sorted], samples = samples,
  }
end

--- @return number median
function M.median(samples)
  return M.of(samples).median
end

return M
