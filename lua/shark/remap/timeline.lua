--- Records of several traces in one order of time.
--
-- Each trace hands over its events in turns, and what takes long is told when it
-- ends, by the time it began. So records are held back for a while and then
-- handed on by their time.

local uv = require "uv"

local M = {}

local Timeline = {}
Timeline.__index = Timeline

--- @param hold_ms number longer than events are on their way
--- @param emit fun(record) receives the records in order
function M.new(hold_ms, emit)
  return setmetatable({ hold_ns = hold_ms * 1e6, emit = emit, held = {}, added = 0, sessions = {} }, Timeline)
end

--- A session whose events are added: what it has is taken before anything is handed on.
--- However late this process comes to run, the order stays.
--- @param session shark.Session
function Timeline:follow(session)
  self.sessions[#self.sessions + 1] = session
end

--- @param ns number CLOCK_MONOTONIC @param record any
function Timeline:add(ns, record)
  self.added = self.added + 1
  self.held[#self.held + 1] = { ns = ns, number = self.added, record = record }
end

local function drain(sessions)
  for _, session in ipairs(sessions) do
    if session.handle then
      session:drain()
    end
  end
end

local function before(a, b)
  if a.ns ~= b.ns then
    return a.ns < b.ns
  end
  return a.number < b.number
end

--- Hands on what is old enough, or all that is left.
--- @param all? boolean
function Timeline:flush(all)
  local limit = all and math.huge or tonumber(uv.hrtime()) - self.hold_ns
  drain(self.sessions)
  local ready, held = {}, {}
  for _, entry in ipairs(self.held) do
    local list = entry.ns <= limit and ready or held
    list[#list + 1] = entry
  end
  self.held = held
  table.sort(ready, before)
  for _, entry in ipairs(ready) do
    self.emit(entry.record)
  end
end

return M
