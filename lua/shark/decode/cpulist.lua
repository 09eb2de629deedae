--- Lists of CPUs as the kernel prints them: "0-3,8" (Documentation/core-api/
-- cpu_hotplug, "cpulist").

local M = {}

-- Far above what a kernel can be built for (CONFIG_NR_CPUS): longer lists are mistakes.
local MOST = 2 ^ 20

--- @param text string "0-3,8"; "" is none
--- @return integer[]? cpus ascending @return string? message
function M.parse(text)
  local cpus = {}
  for part in text:gmatch("[^,%s]+") do
    local first, last = part:match("^(%d+)%-?(%d*)$")
    first, last = tonumber(first), tonumber(last) or tonumber(first)
    if not first or last > MOST then
      return nil, ("'%s' is no list of CPUs"):format(text)
    end
    for cpu = first, last do
      cpus[#cpus + 1] = cpu
    end
  end
  return cpus
end

--- Of a mask in hexadecimal, as "00000000,0000000f".
--- @param text string
--- @return integer[] cpus ascending
function M.of_mask(text)
  local cpus, digits = {}, text:gsub(",", ""):reverse()
  for i = 1, #digits do
    local digit = tonumber(digits:sub(i, i), 16)
    for bit = 0, 3 do
      cpus[#cpus + 1] = math.floor(digit / 2 ^ bit) % 2 == 1 and (i - 1) * 4 + bit or nil
    end
  end
  return cpus
end

--- @param cpus integer[] ascending
--- @return string "0-3,8"; "" for none
function M.format(cpus)
  local parts, i = {}, 1
  while i <= #cpus do
    local last = i
    while cpus[last + 1] == cpus[last] + 1 do
      last = last + 1
    end
    parts[#parts + 1] = last > i and ("%d-%d"):format(cpus[i], cpus[last]) or tostring(cpus[i])
    i = last + 1
  end
  return table.concat(parts, ",")
end

--- Is every CPU of one list in another?
--- @param some integer[] @param all integer[]
function M.contains(all, some)
  local set = {}
  for _, cpu in ipairs(all) do
    set[cpu] = true
  end
  for _, cpu in ipairs(some) do
    if not set[cpu] then
      return false
    end
  end
  return true
end

return M
