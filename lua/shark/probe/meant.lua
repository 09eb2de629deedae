--- What was probably meant by the name of a probe that there is none of.

local nearest = require "shark.text.nearest"
local tracepoints = require "shark.probe.tracepoints"
local types = require "shark.probe.types"

local M = {}

local MOST = 3

-- So many letters may be wrong.
local function furthest(name)
  return math.max(1, math.floor(#name / 4))
end

-- Of tens of thousands of names those that can be near: most who mistype begin right.
local function comparable(name, names)
  local list, most = {}, furthest(name)
  for _, candidate in ipairs(names or {}) do
    list[#list + 1] = math.abs(#candidate - #name) <= most and candidate or nil
  end
  return list
end

local function near(name, names, form)
  local list = nearest.names(name, comparable(name, names), MOST, furthest(name))
  for i, found in ipairs(list) do
    list[i] = form:format(found)
  end
  return #list > 0 and "; nearest: " .. table.concat(list, ", ") or ""
end

--- Of a tracepoint; it may also be one that only has a record, or a function.
--- @param name string @return string "" or what follows a message
function M.tracepoint(name)
  local groups = tracepoints.groups_of(name)
  if groups[1] then
    return ("; %s:%s is one whose handler gets the record"):format(groups[1], name)
  elseif types.func(name) then
    return ("; %s() is a function"):format(name)
  end
  return near(name, types.tracepoints "*", "%s")
end

--- Of a function.
--- @param name string @return string
function M.func(name)
  return near(name, types.funcs(name:sub(1, 1) .. "*"), "%s()")
end

--- Of a record.
--- @param group string @param name string @return string
function M.record(group, name)
  local names, whole = {}, group .. ":" .. name
  for i, pair in ipairs(tracepoints.matching("*", "*") or {}) do
    names[i] = pair[1] .. ":" .. pair[2]
  end
  return near(whole, names, "%s")
end

return M
