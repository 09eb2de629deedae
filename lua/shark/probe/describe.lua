--- What handlers are given, in words: arguments with their types and members.

local points = require "shark.probe.points"
local types = require "shark.probe.types"
local ways = require "shark.probe.ways"

local M = {}

local function members_of(type)
  local target = type.kind == "pointer" and types.target(type) or type
  local list, named = types.members(target), {}
  for _, member in ipairs(list or {}) do
    if member.name ~= "" then
      named[#named + 1] = { name = member.name, type = types.label(member.type) }
    end
  end
  return #named > 0 and named or nil
end

local function arguments_of(args)
  local list = {}
  for i, arg in ipairs(args) do
    list[i] = { name = arg.name or "arg" .. i, type = types.label(arg.type), members = members_of(arg.type) }
  end
  return list
end

local function record_of(record)
  local members = {}
  for _, field in ipairs(record.fields) do
    if not field.name:find "^common_" then
      members[#members + 1] = { name = field.name, type = field.ctype .. (field.is_array and "[]" or "") }
    end
  end
  return { { name = "r", type = "record", members = members } }
end

--- @param target table of shark.probe.names
--- @return table? { name, way, arguments } @return string? message @return string? name of the error
function M.of(target)
  local list, message, errname = points.matching(target)
  if not list then
    return nil, message, errname
  end
  local first = list[1]
  for _, way in ipairs(first.ways) do
    local plan, why, name = ways.of(way, first)
    if plan then
      local context = plan.context
      return {
        name = points.name_of(first), way = way,
        arguments = context.record and record_of(context.record) or arguments_of(context.args),
      }
    end
    message, errname = message or why, errname or name
  end
  return nil, message, errname
end

return M
