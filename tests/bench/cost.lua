--- Targets: what a histogram of softirqs costs each softirq.
local stats = require "stats"
local tool = require "tool"
local uv = require "uv"

local M = {}

local SLICES, SLICE_SECONDS = 20, 0.05

-- The last CPU: bpftrace opens its events on the first, where they cost more.
local CPU = tostring(#uv.cpu_info() - 1)

-- Times per softirq of a flood, slice by slice.
local function flood_times(slices)
  local times = {}
  for i, slice in ipairs(tool.flood("-c", CPU, "-i", tostring(slices), "-s", tostring(SLICE_SECONDS))) do
    times[i] = slice.ns / slice.softirqs
  end
  return times
end

local function traced_times()
  return flood_times(SLICES)
end

-- What tracing adds: with it, and without right before and right afterwards.
-- Other tasks only ever add to a slice's time, so the lower quartile of many.
local function added(command)
  return function()
    local untraced = flood_times(SLICES / 2)
    local traced = tool.during(command, traced_times)
    for _, time in ipairs(flood_times(SLICES / 2)) do
      untraced[#untraced + 1] = time
    end
    return stats.of(traced).q1 - stats.of(untraced).q1
  end
end

--- @return table[] targets see bench.lua
function M.targets(commands)
  local softirqs = commands.softirqs
  local list = {}
  local function against(name, title, limit)
    list[#list + 1] = { name = "softirq/" .. name, title = "softirq histogram, added per softirq, against " .. title,
      unit = "ns", scale = 1, ours = added(softirqs.shark), at_most = limit,
      theirs = added(softirqs[name:gsub("-", "_")]) }
  end
  against("bpftrace", "bpftrace hist", 0.45)
  against("bcc", "bcc softirqs -d", 0.5)
  against("libbpf-tools", "libbpf-tools softirqs -d", 1.05)
  against("clock", "two clock reads", 1.1)
  return list
end

return M
