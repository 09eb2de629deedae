--- Every tracer, as scripts open it, by each of its ways.

local attempt = require "shark.doctor.attempt"
local progress = require "shark.text.progress"
local providers = require "shark.providers"

local M = {}

-- Several providers may be of one call, as the makes of IOMMU are of remap.changes.
local function calls()
  local list, known = {}, {}
  for _, provider in ipairs(providers.list()) do
    local entry = known[provider.call]
    if not entry then
      entry = { name = provider.call, title = provider.title, providers = {} }
      known[provider.call], list[#list + 1] = entry, entry
    end
    table.insert(entry.providers, provider.name)
  end
  return list
end

-- Functions that look for the right make of IOMMU first, and for whether there is one.
local MODULES = { irq = require "shark.irq", remap = require "shark.remap", virtblk = require "shark.virtblk" }

local function opener(call)
  local module, name = call.name:match("^(%w+)%.(%w+)$")
  return MODULES[module] and MODULES[module][name] or function(options)
    return providers.open(call.providers[1], options)
  end
end

local function answer_of(call, all)
  local open = opener(call)
  local tried = attempt.each(providers.ways(call.providers), all, function(way)
    return attempt.open(way, function() return open { way = way } end)
  end)
  return attempt.answer(call.name, call.title, tried)
end

--- @param all boolean? ways after the first that succeeds, too
--- @return table[] answers of shark.doctor.attempt
function M.answers(all)
  local list, all_calls = {}, calls()
  for i, call in ipairs(all_calls) do
    progress.tell("tracers tried", i, #all_calls)
    list[i] = answer_of(call, all)
  end
  return list
end

return M
