--- Records of several traces in one order of time.
--
-- Each trace hands over its events in turns, and what takes long is told when it
-- ends, by the time it began. So records are held back for a while and then
-- handed on by their time.

local uv = require "uv"

local M = {}

--- Longer than an event is on its way: 10 ms until the ring is looked at, and what it took itself.
M.HOLD_MS = 100

-- So many records are held at most: a trace that is later than that no longer holds up the others.
local MOST_HELD = 65536

--- @class shark.Timeline
--- @field out_of_order integer records that were handed on after a younger one
local Timeline = {}
Timeline.__index = Timeline

--- A timeline, which holds records back and hands them on by their time.
--- @param hold_ms number longer than events are on their way
--- @param emit fun(record) receives the records in order
--- @param most? integer records held; the oldest of more are handed on before their time
--- @return shark.Timeline
function M.new(hold_ms, emit, most)
  return setmetatable({ hold_ns = hold_ms * 1e6, emit = emit, most = most or MOST_HELD, held = {}, added = 0,
    sessions = {}, reached = {}, told_ns = -math.huge, out_of_order = 0 }, Timeline)
end

--- A session whose events are added: while some of them wait, nothing younger is handed on.
--- However late this process comes to run, the order stays.
--- @param session shark.Session
function Timeline:follow(session)
  self.sessions[#self.sessions + 1] = session
end

--- Takes a record, to be handed on in its turn.
--- @param ns number CLOCK_MONOTONIC @param record any
--- @param session? shark.Session whose event it was, if that is followed
function Timeline:add(ns, record, session)
  self.added = self.added + 1
  self.held[#self.held + 1] = { ns = ns, number = self.added, record = record }
  if session then
    self.reached[session] = math.max(self.reached[session] or ns, ns)
  end
end

-- Has each session hand over its slice; says up to when all of them have told.
local function advance(self)
  local limit = tonumber(uv.hrtime())
  for _, session in ipairs(self.sessions) do
    if session:is_open() and session:drain_slice() then
      limit = math.min(limit, self.reached[session] or -math.huge)
    end
  end
  return limit - self.hold_ns
end

local function drain(self)
  for _, session in ipairs(self.sessions) do
    if session:is_open() then
      session:drain()
    end
  end
  return math.huge
end

local function before(a, b)
  if a.ns ~= b.ns then
    return a.ns < b.ns
  end
  return a.number < b.number
end

-- How many of the held ones, which are sorted, are handed on.
local function count_ready(self, limit)
  local n = math.max(0, #self.held - self.most)
  while self.held[n + 1] and self.held[n + 1].ns <= limit do
    n = n + 1
  end
  return n
end

-- Takes the first n of what is held.
local function take(self, n)
  local ready, held = {}, {}
  for i, entry in ipairs(self.held) do
    local list = i <= n and ready or held
    list[#list + 1] = entry
  end
  self.held = held
  return ready
end

--- Hands on what is old enough, or all that is left. What comes after a younger
--- one all the same, because too many were held, is counted in out_of_order.
--- @param all? boolean
function Timeline:flush(all)
  local limit = (all and drain or advance)(self)
  table.sort(self.held, before)
  for _, entry in ipairs(take(self, count_ready(self, limit))) do
    self.out_of_order = self.out_of_order + (entry.ns < self.told_ns and 1 or 0)
    self.told_ns = math.max(self.told_ns, entry.ns)
    self.emit(entry.record)
  end
end

return M
