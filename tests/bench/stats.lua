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

-- Probability that fewer than k of n samples lie below the median.
local function tail(n, k)
  local sum, term = 0, 0.5 ^ n
  for i = 0, k - 1 do
    sum = sum + term
    term = term * (n - i) / (i + 1)
  end
  return sum
end

--- Fewer samples than these say nothing of the median with a probability of 95 %.
M.ENOUGH = 6

--- What the true median lies between, with a probability of 95 % at least, whatever the
--- samples' distribution; with fewer than ENOUGH just the least and the most.
--- @return number low @return number high
function M.interval(samples)
  local sorted, k = {}, 1
  for i, sample in ipairs(samples) do
    sorted[i] = sample
  end
  table.sort(sorted)
  while k + 1 <= #sorted / 2 and 2 * tail(#sorted, k + 1) <= 0.05 do
    k = k + 1
  end
  return sorted[k], sorted[#sorted + 1 - k]
end

return M
