--- Which of many names was meant by one that is none of them.

local M = {}

-- How many letters must be added, taken away, changed or swapped with their neighbour (Damerau's
-- distance, without edits between swapped letters).
local function distance(a, b)
  local before, last, now = {}, {}, {}
  for j = 0, #b do
    last[j] = j
  end
  for i = 1, #a do
    now[0] = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      now[j] = math.min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        now[j] = math.min(now[j], before[j - 2] + 1)
      end
    end
    before, last, now = last, now, before
  end
  return last[#b]
end

-- A name that has the other one in it is nearer than its length tells.
local function remoteness(name, candidate)
  local far = distance(name:lower(), candidate:lower())
  if candidate:find(name, 1, true) or name:find(candidate, 1, true) then
    return math.min(far, 1 + far / 16)
  end
  return far
end

--- The nearest of the candidates, nearest first; those equally near in the order they came in.
--- @param name string
--- @param candidates string[]
--- @param most integer
--- @param furthest? number only those that this many letters make the same
--- @return string[]
function M.names(name, candidates, most, furthest)
  local order, far = {}, {}
  for i, candidate in ipairs(candidates) do
    order[i], far[i] = i, remoteness(name, candidate)
  end
  table.sort(order, function(a, b)
    if far[a] ~= far[b] then
      return far[a] < far[b]
    end
    return a < b
  end)
  local names = {}
  for i = 1, math.min(most, #order) do
    if furthest and far[order[i]] > furthest then
      break
    end
    names[i] = candidates[order[i]]
  end
  return names
end

return M
