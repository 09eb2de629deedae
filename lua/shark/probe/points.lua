--- From what a script names to points: one each, or as many as a pattern matches.

local names = require "shark.probe.names"
local tracepoints = require "shark.probe.tracepoints"
local types = require "shark.probe.types"

local M = {}

-- What a pattern may match: each has a program and descriptors of its own, of which a process has 1024. By one
-- program for all of them, all functions that can be traced.
local MOST, MOST_AT_ONCE = 400, 100000

-- ---- patterns ----

local Pattern = {}
Pattern.__index = Pattern

--- A name that cannot be had.
function Pattern:leave_out(point, refusal)
  for i, member in ipairs(self.members) do
    if member == point then
      table.remove(self.members, i)
      break
    end
  end
  self.skipped[#self.skipped + 1] =
    { point = point.target.name, reason = refusal.reason, error = refusal.error }
end

-- Functions that cannot be traced are not in this list of the kernel's; without it, attaching tells.
local function traceable()
  local file = io.open "/sys/kernel/tracing/available_filter_functions"
    or io.open "/sys/kernel/debug/tracing/available_filter_functions"
  if not file then
    return nil
  end
  local set = {}
  for line in file:lines() do
    set[line:match("^[^ ]+")] = true
  end
  file:close()
  return set
end

local function functions(target)
  local found, message, errname = types.funcs(target.name)
  if not found then
    return nil, message, errname
  end
  local known, list = traceable(), {}
  for _, name in ipairs(found) do
    list[#list + 1] = (not known or known[name]) and { name = name } or nil
  end
  return list
end

local function kernel_tracepoints(target)
  local found, message, errname = types.tracepoints(target.name)
  local list = {}
  for i, name in ipairs(found or {}) do
    list[i] = { name = name }
  end
  return found and list, message, errname
end

local function records(target)
  local found, message, errname = tracepoints.matching(target.group, target.name)
  local list = {}
  for i, pair in ipairs(found or {}) do
    list[i] = { group = pair[1], name = pair[2] }
  end
  return found and list, message, errname
end

-- A marker has a place wherever it was inlined.
local function places(target)
  local found, message, errname = require("shark.core.probe").usdt(target.binary)
  local list = {}
  for _, place in ipairs(found or {}) do
    local is_it = place.provider == target.provider and place.name == target.name
    list[#list + 1] = is_it and { name = target.name, binary = target.binary, place = place } or nil
  end
  return found and list, message, errname
end

local MATCHING = {
  tracepoint = kernel_tracepoints, record = records, entry = functions, ["return"] = functions, usdt = places,
}

local function too_many(target, n, most)
  return ("%s matches %d; a session has room for %d: narrow the pattern"):format(target.text, n, most)
end

--- What a target names: itself, or all that match its pattern.
--- @param target table of shark.probe.names @param most? integer so many, default 400
--- @return table[]? targets @return string? message @return string? name
function M.matching(target, most)
  most = most or MOST
  if not target.is_glob and not (target.group or ""):find("[*?]") and target.what ~= "usdt" then
    return { target }
  end
  local find = MATCHING[target.what]
  if not find then
    return nil, ("%s: only tracepoints and functions of the kernel have patterns"):format(target.text), "EINVAL"
  end
  local list, message, errname = find(target)
  if not list then
    return nil, message, errname
  elseif #list == 0 then
    return nil, ("there is nothing called %s"):format(target.text), "ENOENT"
  elseif #list > most then
    return nil, too_many(target, #list, most), "E2BIG"
  end
  for _, one in ipairs(list) do
    one.what, one.ways, one.is_pinned = target.what, target.ways, target.is_pinned
    one.text = M.name_of(one)
  end
  return list
end

local FORMS = { record = "%s:%s", entry = "%s()", ["return"] = "return %s()" }

--- How a script names a target.
--- @return string
function M.name_of(target)
  local form = FORMS[target.what]
  if target.what == "record" then
    return form:format(target.group, target.name)
  end
  return form and form:format(target.name) or target.what == "tracepoint" and target.name or target.text
end

local function point_of(target, fn, pattern, refused)
  return { target = target, fn = fn, at = 1, refused = refused or {}, of = pattern }
end

-- ---- one program for all of a pattern ----

local AT_ONCE = { entry = "kprobe_multi", ["return"] = "kretprobe_multi" }

-- Where a handler takes nothing, one program will do.
local function can_be_at_once(target, fn)
  return AT_ONCE[target.what] and target.is_glob and not target.is_pinned and debug.getinfo(fn, "u").nparams == 0
end

local function points_of(targets, fn, asked, refused)
  asked.members = {}
  for i, one in ipairs(targets) do
    asked.members[i] = point_of(one, fn, asked, { unpack(refused or {}) })
  end
  return asked.members
end

local function at_once(target, targets, fn, asked)
  local all = {}
  for i, one in ipairs(targets) do
    all[i] = one.name
  end
  local point = point_of({
    text = target.text, what = target.what, name = target.name, names = all, ways = { AT_ONCE[target.what] },
  }, fn, asked)
  -- Refused, it becomes a point for each name.
  function point.split()
    if #targets > MOST then
      point.refused[#point.refused + 1] =
        { way = targets[1].ways[1], reason = too_many(target, #targets, MOST), error = "E2BIG" }
      return nil
    end
    return points_of(targets, fn, asked, point.refused)
  end
  asked.members = { point }
  return asked.members
end

--- The points of a name and its handler.
--- @param name string @param fn function
--- @return table[]? points @return table|string asked { text, members, skipped }, what how() tells; or message
--- @return string? name of the error
function M.of(name, fn)
  local target = names.parse(name)
  local is_at_once = can_be_at_once(target, fn)
  local targets, message, errname = M.matching(target, is_at_once and MOST_AT_ONCE or nil)
  if not targets then
    return nil, message, errname
  end
  local asked = setmetatable({ text = target.text, skipped = {}, is_pattern = targets[1] ~= target }, Pattern)
  return is_at_once and at_once(target, targets, fn, asked) or points_of(targets, fn, asked), asked
end

--- The names of what is attached for what was asked.
--- @return string[]
function M.names_of(asked)
  local list, target = {}, asked.members[1].target
  for i, name in ipairs(target.names or {}) do
    list[i] = M.name_of { what = target.what, name = name }
  end
  for i, member in ipairs(target.names and {} or asked.members) do
    list[i] = M.name_of(member.target)
  end
  return list
end

return M
