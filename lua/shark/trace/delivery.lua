--- Hands the events of a session to its handler: on the loop, a slice of time in
-- each turn, or at once.
--
-- While a session's events are handed over it is busy: what its handler does to
-- it (another handler, none, stop, close) is noted, takes effect after the
-- current event, and is completed when the session is not busy any more.

local core = require "shark.core"
local event = require "shark.trace.event"
local ffi = require "ffi"
local uv = require "uv"

local M = {}

-- How often the ring is looked at: at once again while events come, less often
-- while it is quiet. A ring that fills up wakes the loop earlier.
local FASTEST_MS, SLOWEST_MS = 1, 10
-- What a session may take of a turn of the loop, whose other work waits meanwhile.
local SLICE_NS = 3e6
-- What may be taken to hand over the rest when a session stops, and all of them at the end of the run.
local STOP_NS, END_NS = 1000e6, 500e6
-- Records handed over at once; their room in the ring is taken until then. Not too
-- few, for a handler may take its time for a batch, however small.
local MIN_BATCH, MAX_BATCH = 64, 1024
-- Events between two looks at the clock: fewer where they take long.
local MAX_STEP, STEP_NS = 256, SLICE_NS / 8

local live = event.live
local now = ffi.cast("double (*)(void)", core.clock())

-- ---- going on, or not ----

-- How many events take a part of a slice, if they go on as the last ones did.
local function next_size(size, events, took_ns, least, most)
  local fit = math.floor(STEP_NS * events / math.max(took_ns, 1))
  return math.max(least, math.min(fit, size * 2, most))
end

-- Asked by the loop over a batch when `done` events of it are done.
local function is_over(done)
  local turn = event.turn()
  local time = now()
  if turn.consumer ~= turn.session.consumer or turn.session.closing or time >= turn.deadline then
    return true
  end
  turn.step = next_size(turn.step, done - turn.done, time - turn.asked_ns, 1, MAX_STEP)
  turn.asked_ns, turn.done = time, done
  live.check_at = done + turn.step - 1
  return false
end

-- ---- consumers: function(records, n, batch) -> how many of them it took ----

--- A loop of its own for each handler: the compiler then specialises it, and a
--- handler that is a few lines of arithmetic becomes part of it.
function M.each(handler, kind)
  local loop = assert(loadstring([[
    local handler, live, event_of, is_over = ...
    return function(records, n, batch)
      for i = 0, n - 1 do
        local record = records + i
        live.record = record
        handler(event_of(record, batch))
        if i >= live.check_at and is_over(i + 1) then
          return i + 1
        end
      end
      return n
    end]], "=shark.session.on"))
  return loop(handler, live, kind.event_of, is_over)
end

-- The memory of a batch is there as long as what refers to it.
local owners = setmetatable({}, { __mode = "k" })

--- Hands over whole batches, of as many events as take a part of a slice.
function M.batches(handler, handle)
  return function(records, n)
    owners[records] = handle
    live.record = records + (n - 1) -- it has had them all, also if it fails
    handler(records, n)
    return n
  end
end

-- ---- handing over ----

local function took(turn, records, ok, done)
  if ok then
    return done
  end
  turn.session.failure = { done }
  return live.record == nil and 0 or ffi.cast(turn.session.kind.pointer, live.record) - records + 1
end

-- Hands over one batch, of `most` at most; returns how many events.
local function deliver(session, turn, most)
  local address, n = session.handle:peek(math.min(most, session.batch_size))
  if n == 0 then
    return 0
  end
  local records = ffi.cast(session.kind.pointer, address)
  local start_ns = now()
  turn.consumer, turn.asked_ns, turn.done = session.consumer, start_ns, 0
  local batch = event.enter(turn)
  live.check_at = turn.step - 1
  n = took(turn, records, core.call(core.traceback, turn.consumer, records, n, batch))
  event.leave()
  session.handle:advance(n)
  if session.whole_batches then
    session.batch_size = next_size(session.batch_size, n, now() - start_ns, MIN_BATCH, MAX_BATCH)
  end
  return n
end

local function close_handle(handle)
  if handle and not handle:is_closing() then
    handle:close()
  end
end

--- Takes the handler off; what it did not get is counted as undelivered.
function M.take_off(session)
  close_handle(session.timer)
  close_handle(session.poll)
  if session.link then
    session.link.session, session.link = nil, nil
  end
  session.timer, session.poll, session.tick, session.consumer = nil, nil, nil, nil
  session.handle:stream(false)
  session.handle:discard()
end

-- Hands over until the time or the number of events is reached; returns how many.
local function hand_over(session, deadline, most)
  local turn, events = session.turn, 0
  turn.deadline, session.busy = deadline, true
  while session.consumer and not session.closing and not session.failure and events < most do
    local n = deliver(session, turn, most - events)
    events = events + n
    if n == 0 or now() >= deadline then
      break
    end
  end
  session.busy = false
  return events
end

-- Completes what was done to a session while it was busy.
local function settle(session)
  local failure = session.failure
  session.failure = nil
  if failure or not session.consumer then
    M.take_off(session)
  end
  if session.closing then
    session:close()
  elseif session.stopping then
    session:stop()
  end
  if failure then
    error(failure[1], 0)
  end
end

local function hand_over_and_settle(session, deadline, most)
  if session.busy or not session.consumer then
    return 0
  end
  local events = hand_over(session, deadline, most)
  settle(session)
  return events
end

-- ---- on the loop ----

local function schedule(session, delay)
  session.delay = delay
  session.timer:start(delay, 0, session.tick)
end

local function tick(session)
  local events = hand_over_and_settle(session, now() + SLICE_NS, math.huge)
  if session.timer then
    schedule(session, events > 0 and FASTEST_MS or math.min(session.delay * 2, SLOWEST_MS))
  end
end

-- The ring fills up. Its turn comes with the timers: they share the time.
local function hurry(session)
  if session.timer and not session.busy then
    session.timer:start(0, 0, session.tick)
  end
end

-- The loop keeps callbacks of closed handles until it turns; not the session with them.
local function start(session)
  local link = { session = session }
  session.link = link
  session.tick = function() tick(link.session) end
  session.timer = uv.new_timer()
  session.poll = uv.new_poll(session.handle:ring_fd())
  session.poll:start("r", function() hurry(link.session) end)
  schedule(session, FASTEST_MS)
end

--- Has a consumer take the events from now on, instead of the one there was.
--- @param whole_batches boolean  it cannot be interrupted within a batch
--- @return shark.Session? @return string? message @return string? name
function M.put_on(session, consumer, whole_batches)
  local ok, message, name = session.handle:stream(true)
  if not ok then
    return nil, message, name
  end
  session.consumer, session.whole_batches = consumer, whole_batches
  session.turn = session.turn or { session = session, step = 1 }
  session.batch_size = whole_batches and MIN_BATCH or MAX_BATCH
  if not session.timer then
    start(session)
  end
  M.interrupt()
  return session
end

--- Has the loops that hand over ask whether to go on, after their current event.
function M.interrupt()
  live.check_at = 0
end

-- ---- at once ----

local ending = false

--- What is left, in the time there is for it.
--- @return integer events
function M.finish(session)
  local limit = ending and session.end_ns or STOP_NS
  local start_ns = now()
  local events = hand_over_and_settle(session, start_ns + limit, math.huge)
  session.end_ns = ending and math.max(0, limit - (now() - start_ns)) or nil
  return events
end

--- Hands over what waits now, whatever time that takes until the run ends;
--- nothing from within the session's own handler.
--- @return integer events
function M.drain(session)
  if ending then
    return M.finish(session)
  end
  return hand_over_and_settle(session, math.huge, session.handle:waiting())
end

--- Hands over one slice of what waits, as a turn of the loop does.
--- @return boolean more some wait still
function M.slice(session)
  hand_over_and_settle(session, now() + SLICE_NS, session.handle:waiting())
  return session.consumer ~= nil and not session.closed and session.handle:waiting() > 0
end

--- From now on these sessions share the time that the end of the run has for what is left.
function M.begin_end(sessions)
  ending = true
  for _, session in ipairs(sessions) do
    session.end_ns = END_NS / #sessions
  end
end

return M
