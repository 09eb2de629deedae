--- What `shark -e` does for a line that has attached probes and says no more: it goes on until it is
-- interrupted, prints what is sent, and at the end what was counted and what was lost.

local maps = require "shark.probe.maps"
local printing = require "shark.probe.printing"
local session = require "shark.probe.session"

local M = {}

local HOUR_MS = 3600000

local function out()
  return require "shark.text.out"
end

-- "comm=bash n=5", in the order of the names.
local function line_of(event, names)
  local parts = {}
  for _, name in ipairs(names) do
    local value = event[name]
    if value ~= nil then
      parts[#parts + 1] = ("%s=%s"):format(name, printing.value(value))
    end
  end
  return table.concat(parts, "  ")
end

local function print_events(probes)
  local names = probes.kind.names
  probes:on(function(event) out().line("%s", line_of(event, names)) end)
end

-- What the line has read itself, it has said itself.
local function print_unread(probes, printed)
  for _, agg in ipairs(probes.build.maps:counted()) do
    if not printed[agg] and not agg.was_read and agg.kind ~= "map" then
      printed[agg] = true
      out().lines(("%s:\n%s\n"):format(maps.label(agg), printing.text(agg)))
    end
  end
end

local function complain_of_losses(probes)
  local loss = tostring(probes:loss())
  if not loss:find "^nothing" then
    out().complain("shark: lost: %s", loss)
  end
end

local function at_end(list)
  local printed = {}
  for _, probes in ipairs(list) do
    if probes:is_open() then
      print_unread(probes, printed)
      complain_of_losses(probes)
    end
  end
end

-- Nobody looks at what a line gives back: it raises.
local function or_raise(call)
  return function(...)
    local probes, message = call(...)
    return probes or error(message, 0)
  end
end

--- What lines have as `probe`: a refusal is an error.
--- @param probe table shark.probe @return table
function M.at_hand(probe)
  return setmetatable({ on = or_raise(probe.on), session = or_raise(probe.session) }, { __index = probe })
end

--- Called when the line has run.
function M.go_on()
  local list = session.running()
  for _, probes in ipairs(list) do
    if probes.kind.pointer and not probes.consumer then
      print_events(probes)
    end
  end
  if #list > 0 then
    set_interval(function() end, HOUR_MS)
    shark.on_end(function() at_end(list) end)
  end
end

return M
