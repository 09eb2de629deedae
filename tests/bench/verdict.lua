--- Whether a target is met, as far as samples can tell.
--
-- The rounds are pairs, so their ratios are what is compared. What they say of the
-- median is an interval; a limit inside it is neither met nor missed.
local stats = require "stats"

local M = {}

-- Per round, what is compared with the limit; nil where a round says nothing: a
-- difference of two times can come out at zero or below.
local function compared(target, found)
  if target.most then
    return found.ours.samples
  end
  local ratios = {}
  for i, ours in ipairs(found.ours.samples) do
    local theirs = found.theirs.samples[i]
    if ours <= 0 or theirs <= 0 then
      return nil
    end
    ratios[i] = ours / theirs
  end
  return ratios
end

local function judge(low, high, target)
  local most, least = target.most or target.at_most, target.at_least
  if most and high <= most or least and low >= least then
    return "met"
  elseif most and low > most or least and high < least then
    return "MISSED"
  end
  return "too noisy"
end

--- @param target table see bench.lua
--- @param found table ours, theirs? see stats.of()
--- @return table { verdict = "met", "MISSED" or "too noisy", low, high: what the median
---   lies between; ratio: the median of the rounds' ratios, unless it is too noisy }
function M.of(target, found)
  local samples = compared(target, found)
  if not samples then
    return { verdict = "too noisy" }
  end
  if #samples < stats.ENOUGH then
    return { verdict = "too noisy" }
  end
  local low, high = stats.interval(samples)
  local result = { verdict = judge(low, high, target), low = low, high = high }
  if not target.most and result.verdict ~= "too noisy" then
    result.ratio = stats.median(samples)
  end
  return result
end

return M
