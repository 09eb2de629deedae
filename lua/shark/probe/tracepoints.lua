--- Classic tracepoints by name, as tracefs has them.

local files = require "shark.system.files"

local M = {}

local PLACES = { "/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events" }

local function events()
  for _, place in ipairs(PLACES) do
    if files.exists(place) then
      return place
    end
  end
  return nil
end

--- The groups that have a tracepoint of that name.
--- @param name string @return string[] groups none where tracefs is not there
function M.groups_of(name)
  local place, groups = events(), {}
  for _, group in ipairs(place and files.names(place) or {}) do
    if files.exists(("%s/%s/%s/id"):format(place, group, name)) then
      groups[#groups + 1] = group
    end
  end
  return groups
end

-- "sys_enter_*" as a pattern of Lua.
local function pattern_of(glob)
  return "^" .. glob:gsub("[%-%.%+%%%^%$%(%)]", "%%%0"):gsub("%*", ".*"):gsub("%?", ".") .. "$"
end

--- All that match, as {group, name}; sorted.
--- @param group string a pattern @param name string a pattern
--- @return table[]? list @return string? message @return string? name
function M.matching(group, name)
  local place, list = events(), {}
  if not place then
    return nil, "tracefs is not mounted (/sys/kernel/tracing)", "ENOENT"
  end
  local group_pattern, name_pattern = pattern_of(group), pattern_of(name)
  for _, found in ipairs(files.names(place)) do
    for _, event in ipairs(found:find(group_pattern) and files.names(place .. "/" .. found) or {}) do
      if event:find(name_pattern) and files.exists(("%s/%s/%s/id"):format(place, found, event)) then
        list[#list + 1] = { found, event }
      end
    end
  end
  return list
end

return M
