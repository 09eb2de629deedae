--- Running probes: sessions as all others of shark, of handlers that the script wrote.

local build = require "shark.probe.build"
local maps = require "shark.probe.maps"
local points_of = require "shark.probe.points"
local reading = require "shark.probe.reading"
local running_of = require "shark.probe.running"
local trace = require "shark.trace.session"

local M = {}

--- @class shark.probe.Session
local Session = setmetatable({}, { __index = trace.Session })
Session.__index = Session

-- A probe counts until it is closed or the run ends, whether or not the script keeps its session.
local running, opened = {}, 0

local function check_open(session)
  if not session:is_open() then
    error("the session is closed", 3)
  end
end

-- ---- the handle, as shark.trace has them ----

local Handle = {}

-- What is not here, the core's session does.
function Handle.__index(handle, name)
  local own = Handle[name]
  if own then
    return own
  end
  local core = handle.core
  local method = core[name]
  local function call(_, ...)
    return method(core, ...)
  end
  rawset(handle, name, call)
  return call
end

-- A field of loss() for each aggregate: "bytes_full", "n_full", "n2_full".
local function fields_of(list)
  local fields, taken = {}, {}
  for _, entry in ipairs(list) do
    local label = (entry.agg.name or entry.agg.kind):gsub("[^%w_]", "_")
    taken[label] = (taken[label] or 0) + 1
    fields[#fields + 1] = label .. (taken[label] > 1 and taken[label] or "") .. "_full"
  end
  return fields
end

local ADVICE = "the option ring_bytes"
local NOT_COUNTED = {
  stack = "stack not kept in %s (place taken)", ustack = "stack not kept in %s (place taken)",
  max = "value not counted in %s (full, or others came in between)",
  min = "value not counted in %s (full, or others came in between)",
}

--- How losses are said: as those of shark.core's sessions.
function Handle:losses()
  local _, full = self.maps:losses()
  local list = {
    {
      field = "ring_drops", one = "event dropped (ring full)", several = "events dropped (ring full)", advice = ADVICE,
    },
    { field = "undelivered", one = "event that nobody took", several = "events that nobody took" },
  }
  for i, field in ipairs(fields_of(full)) do
    local what = full[i].agg
    local text = NOT_COUNTED[what.kind] or "value not counted in %s (full)"
    local label = maps.label(what)
    list[#list + 1] = {
      field = field, one = text:format(label), several = (text:gsub("^%l+", "%0s")):format(label),
      advice = not what.kind:find "stack" and ("the option entries of %s"):format(label) or nil,
    }
  end
  list[#list + 1] = {
    field = "loops_cut", one = "run ended within a loop (the kernel's budget of turns)",
    several = "runs ended within a loop (the kernel's budget of turns)",
  }
  list[#list + 1] = { field = "missed_runs", one = "run of a probe skipped", several = "runs of probes skipped" }
  for _, known in ipairs(running_of.losses(self.maps:tracers())) do
    list[#list + 1] = known
  end
  return list
end

function Handle:loss()
  local drops, full, cut = self.maps:losses()
  local loss = { ring_drops = drops, undelivered = tonumber(self.core:undelivered()), map_full = 0, loops_cut = cut }
  for i, field in ipairs(fields_of(full)) do
    loss[field] = full[i].count
    loss.map_full = loss.map_full + full[i].count
  end
  local missed = self.core:missed()
  loss.missed_runs = missed and tonumber(missed) or nil
  running_of.add_losses(self.maps:tracers(), loss)
  return loss
end

-- What handlers ask of runs as long as they do.
function Handle:stop()
  self.core:stop()
  for _, tracer in ipairs(self.maps:tracers()) do
    tracer:stop()
  end
end

-- ---- how ----

local How = {}

local MOST_NAMED = 6

local function some_of(names)
  local more = #names - MOST_NAMED
  local text = table.concat(names, ", ", 1, math.min(#names, MOST_NAMED))
  return more > 0 and ("%s and %d more"):format(text, more) or text
end

local function said(entry)
  local text = trace.how(entry)
  return entry.names and ("%s; %s"):format(text, some_of(entry.names)) or text
end

local function said_of_points(self)
  if #self.points == 1 and not self.points[1].names then
    return said(self.points[1])
  end
  local by_text, parts = {}, {}
  for _, entry in ipairs(self.points) do -- those of which the same is said, together
    local text = said(entry)
    if not by_text[text] then
      by_text[text] = {}
      parts[#parts + 1] = text
    end
    table.insert(by_text[text], entry.point)
  end
  for i, text in ipairs(parts) do
    parts[i] = ("%s: %s"):format(some_of(by_text[text]), text)
  end
  return table.concat(parts, "; ")
end

function How:__tostring()
  local parts = { said_of_points(self) }
  for i, entry in ipairs(self.context) do
    parts[i + 1] = ("%s: %s"):format(table.concat(entry.builtins, ", "), trace.how(entry))
  end
  return table.concat(parts, "; ")
end

local function way_of(point)
  return point.target.ways[point.at]
end

-- What was asked for as one: the way of its first point stands for all.
local function entry_of(asked)
  local first = asked.members[1]
  local entry = {
    point = asked.text, way = way_of(first), forced = first.target.is_pinned, refused = first.refused,
    skipped = asked.skipped,
  }
  entry.names = asked.is_pattern and points_of.names_of(asked) or nil
  return entry
end

--- How each probe reached the kernel: its way, and why not a better one.
--- @return table how { way = all of them, points = { { point, way, forced, refused = {{way, reason, error}}, skipped,
---   names = of a pattern } }, context = of what irq() and its like are told by, { { builtins = {"irq()"}, way, forced,
---   refused, skipped } } }; as text, a line
function Session:how()
  check_open(self)
  local how, ways, seen = { points = {}, context = {} }, {}, {}
  for i, asked in ipairs(self.asked) do
    local entry = entry_of(asked)
    how.points[i] = entry
    ways[#ways + 1] = not seen[entry.way] and entry.way or nil
    seen[entry.way] = true
  end
  for i, tracer in ipairs(self.build.maps:tracers()) do
    how.context[i] = tracer:how()
  end
  how.way = table.concat(ways, ", ")
  return setmetatable(how, How)
end

-- ---- reading ----

--- What its handlers count in, as rows: by the name of the variable.
--- @return table<string, table[]>
function Session:read()
  check_open(self)
  local all = {}
  for _, agg in ipairs(self.build.maps:counted()) do
    all[agg.name or agg.kind] = assert(reading.read(agg))
  end
  return all
end

-- Rows are those of what was counted in: the aggregate has these.
for _, name in ipairs { "since", "key", "key_at", "audit" } do
  Session[name] = function()
    error(("sessions of probes have no %s(): what they count in has since() and key()"):format(name), 2)
  end
end

--- The stack of a number; events have the stack itself.
function Session:stack(id)
  check_open(self)
  if type(id) ~= "number" then
    error(("stack() takes the number of one, not a %s"):format(type(id)), 2)
  end
  return reading.stack(id)
end

-- ---- events ----

local function check_emits(session)
  if not session.kind.pointer then
    error("no handler of this session has an emit", 3)
  end
end

function Session:on(handler)
  check_open(self)
  check_emits(self)
  return trace.Session.on(self, handler)
end

function Session:on_batch(handler)
  check_open(self)
  check_emits(self)
  return trace.Session.on_batch(self, handler)
end

-- ---- what it is in the kernel ----

--- Each handler as lines of Lua with their IR and BPF, and what the kernel made of it.
--- @return string
function Session:code()
  check_open(self)
  local listing, parts = require "shark.probe.listing", {}
  for i, point in ipairs(self.build.points) do
    parts[i] = listing.text(point)
  end
  return table.concat(parts, "\n")
end

-- ---- the end ----

function Session:close()
  trace.Session.close(self)
  if self.closed and running[self] then
    build.close(self.build)
    running[self] = nil
  end
end

-- ---- opening ----

-- Each aggregate is called as the variable that has it, seen from the handlers.
local function name_aggregates(fn, seen)
  if seen[fn] then
    return
  end
  seen[fn] = true
  local i = 1
  local name, value = debug.getupvalue(fn, i)
  while name do
    if maps.is(value) then
      maps.name_it(value, name)
    elseif type(value) == "function" then
      name_aggregates(value, seen)
    end
    i = i + 1
    name, value = debug.getupvalue(fn, i)
  end
  for global, held in pairs(getfenv(fn)) do
    if maps.is(held) and type(global) == "string" then
      maps.name_it(held, global)
    end
  end
end

local function points_of_all(list)
  local points, asked = {}, {}
  for i, pair in ipairs(list) do
    name_aggregates(pair[2], {})
    local some, what, errname = points_of.of(pair[1], pair[2])
    if not some then
      return nil, what, errname
    end
    asked[i] = what
    for _, point in ipairs(some) do
      points[#points + 1] = point
    end
  end
  return points, asked
end

--- The sessions that run, in the order in which they were opened.
--- @return shark.probe.Session[]
function M.running()
  local list = {}
  for session in pairs(running) do
    list[#list + 1] = session
  end
  table.sort(list, function(a, b) return running[a] < running[b] end)
  return list
end

--- Attaches probes, all or none.
--- @param list table[] { {name, handler}, ... } @param options table ring_bytes
--- @return shark.probe.Session? @return string? message @return string? name; raises for handlers that are wrong
function M.open(list, options)
  local points, asked, errname = points_of_all(list)
  if not points then
    return nil, asked, errname
  end
  local built, message, name = build.start(points, options)
  if not built then
    return nil, message, name
  end
  local handle = setmetatable({ core = built.session, maps = built.maps }, Handle)
  local session = setmetatable({
    handle = handle, kind = built.records:kind(), build = built, asked = asked, options = options, names = {},
  }, Session)
  opened = opened + 1
  running[session] = opened
  return trace.adopt(session)
end

return M
