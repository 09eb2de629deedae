---@meta shark.timeline
-- Of the module's docstrings; written by make reference.

local M = {}

--- Longer than an event is on its way: 10 ms until the ring is looked at, and what it took itself.
---@type number
M.HOLD_MS = nil

---@class shark.Timeline
---@field out_of_order integer records that were handed on after a younger one
local Timeline = {}

--- A timeline, which holds records back and hands them on by their time.
---@param hold_ms number longer than events are on their way
---@param emit fun(record) receives the records in order
---@param most? integer records held; the oldest of more are handed on before their time
---@return shark.Timeline
function M.new(hold_ms, emit, most) end

--- A session whose events are added: while some of them wait, nothing younger is handed on.
--- However late this process comes to run, the order stays.
---@param session shark.Session
function Timeline:follow(session) end

--- Takes a record, to be handed on in its turn.
---@param ns number CLOCK_MONOTONIC
---@param record any
---@param session? shark.Session whose event it was, if that is followed
function Timeline:add(ns, record, session) end

--- Hands on what is old enough, or all that is left. What comes after a younger
--- one all the same, because too many were held, is counted in out_of_order.
---@param all? boolean
function Timeline:flush(all) end

return M
