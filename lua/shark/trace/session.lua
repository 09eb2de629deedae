--- The shape that every running trace has, whatever it traces.
--
-- A module such as shark.irq describes a kind of trace (which provider of the
-- core, which FFI types, how a row becomes a table); this module does the rest.

local audit = require "shark.trace.audit"
local core = require "shark.core"
local ffi = require "ffi"
local rows = require "shark.trace.rows"
local stack = require "shark.trace.stack"
local uv = require "uv"

require "shark.events"

local M = {}

--- @class shark.Session
local Session = {}
Session.__index = Session

-- session -> true. Weak: a session that nobody can read any more and that hands
-- events to nobody is closed by the collector.
local open_sessions = setmetatable({}, { __mode = "k" })

-- How often the ring is looked at: at once again while events come, less often
-- while it is quiet. A ring that fills up wakes the loop earlier.
local FASTEST_MS, SLOWEST_MS = 1, 10
-- Records handed over at once; their room in the ring is taken until then.
local MAX_BATCH = 1024
-- Batches in one turn of the loop, so that a flood leaves time for the rest.
local MAX_BATCHES = 64

-- ---- opening ----

local row_pointer = ffi.typeof("const struct shark_row *")

--- Declares a kind of trace.
--- @param kind table
---   provider  string  name of the core's provider
---   event     string  FFI type of an event
---   decode    fun(row): table   a row of read() from a row in the kernel's memory
---   by        string[]  fields that tell decoded rows apart, in the order of read()
---   sums, maxima, hists  string[]  fields that add up where rows mean the same, see shark.trace.rows
---   merge     fun(into, row)?   does so instead
---   less      fun(a, b)?: boolean  order of read(), if it is another
---   fields    table   name -> fun(session, event): further fields of an event
---   audit     table?  what the kernel itself counts:
---     source  string    where, for people; a file's text is handed to kernel()
---     kernel  fun(options, text?): table  counts by name, now or of that text
---     seen    fun(session): table  the same from the rows
---   losses    table[]?  { field of loss(), what one is, what several are }: what it loses besides
---   methods   table?  name -> fun(session, ...): what its sessions can do besides
function M.define(kind)
  local slot = "struct { uint64_t ring_header; " .. kind.event .. "; }"
  local fields = kind.fields or {}
  local slot_type = ffi.typeof(slot)
  ffi.metatype(slot_type, {
    -- Fields that are not in the record; events live only while they are
    -- handed over, so the session that does so is known.
    __index = function(event, name)
      local field = fields[name]
      if not field then
        error(("an event of %s has no field '%s'"):format(kind.provider, name), 2)
      end
      return field(M.current, event)
    end,
  })
  kind.events_pointer = ffi.typeof("const $ *", slot_type)
  kind.key = rows.key_by(kind.by)
  kind.less = kind.less or rows.order_by(kind.by)
  kind.merge = kind.merge or rows.merger(kind)
  return kind
end

-- What this module itself does with an option; the others are the core's.
local function split_options(options)
  if type(options) ~= "table" then
    return options, false
  end
  local core_options = {}
  for name, value in pairs(options) do
    core_options[name] = value
  end
  core_options.audit = nil
  return core_options, options.audit
end

--- Starts a trace of a kind; it runs when this returns.
--- @return shark.Session? @return string? message @return string? name
function M.open(kind, options)
  local core_options, audited = split_options(options)
  audited = audited and kind.audit
  local before = audited and audit.before(kind)
  local handle, message, name = core.session(kind.provider, core_options)
  if not handle then
    return nil, message, name
  end
  local session = setmetatable({ handle = handle, kind = kind, options = options or {}, names = {} }, Session)
  local address, nr_rows = handle:rows()
  session.rows = ffi.cast(row_pointer, address)
  session.nr_rows = nr_rows
  session.audit_start = audited and audit.start(session, before)
  for method, call in pairs(kind.methods or {}) do
    session[method] = call
  end
  open_sessions[session] = true
  return session
end

local function check_open(session)
  if not session.handle or session.closing then
    error("the session is closed", 3)
  end
end

-- ---- reading what was counted ----

-- The kernel counts on while a row is read: again, until it did not. The copy
-- is one for all: decode() keeps nothing of it.
local copy, row_size = ffi.new("struct shark_row"), ffi.sizeof("struct shark_row")
local TRIES = 100

local function copy_row(row)
  for _ = 1, TRIES do
    ffi.copy(copy, row, row_size)
    if copy.count == row.count then
      break
    end
  end
  return copy
end

--- What was counted so far, a table per row, in a fixed order.
--- @return table[]
function Session:read()
  check_open(self)
  local kind, list, by_key = self.kind, {}, {}
  for i = 0, self.nr_rows - 1 do
    local row = self.rows[i]
    if row.used ~= 0 and row.count ~= 0 then -- a row is there from the first entry on
      local decoded = kind.decode(copy_row(row))
      local key = kind.key(decoded)
      if by_key[key] then
        kind.merge(by_key[key], decoded)
      else
        by_key[key] = decoded
        list[#list + 1] = decoded
      end
    end
  end
  table.sort(list, kind.less)
  return list
end

--- What tells a row of read() from the others: the same as long as the session runs.
--- @return string
function Session:key(row)
  return self.kind.key(row)
end

-- ---- events ----

-- A loop of its own for each handler: the compiler then specialises it, and a
-- handler that is a few lines of arithmetic becomes part of it.
local function batch_of(handler)
  local loop = assert(loadstring([[
    local handler = ...
    return function(events, n)
      for i = 0, n - 1 do
        handler(events[i])
      end
    end]], "=shark.session.on"))
  return loop(handler)
end

-- Hands over one batch; a handler that fails is taken off, the failure goes on.
local function deliver(session, consumer)
  local address, n = session.handle:peek(MAX_BATCH)
  if n == 0 then
    return 0
  end
  local outer = M.current
  M.current = session
  local events = ffi.cast(session.kind.events_pointer, address)
  local ok, message = xpcall(consumer, debug.traceback, events, n)
  M.current = outer
  session.handle:advance(n)
  if not ok then
    session.consumer = nil
    session.failure = message
    return 0
  end
  return n
end

local function close_now(session)
  open_sessions[session] = nil
  session.rows = nil
  session.handle:close()
  session.handle = nil
end

-- Hands over what is in the ring; returns how many events.
local function drain(session)
  local events = 0
  session.draining = true
  for _ = 1, MAX_BATCHES do
    local consumer = session.consumer
    local n = consumer and deliver(session, consumer) or 0
    events = events + n
    if n == 0 or session.closing then
      break
    end
  end
  session.draining = false
  local failure = session.failure
  session.failure = nil
  if session.closing then
    close_now(session)
  end
  if failure then
    error(failure, 0)
  end
  return events
end

local function schedule(session)
  session.timer:start(session.delay, 0, function()
    local events = drain(session)
    if not session.timer then
      return
    end
    session.delay = events > 0 and FASTEST_MS or math.min(session.delay * 2, SLOWEST_MS)
    schedule(session)
  end)
end

local function close_handle(handle)
  if handle and not handle:is_closing() then
    handle:close()
  end
end

local function stop_consumer(session)
  close_handle(session.timer)
  close_handle(session.poll)
  session.timer, session.poll, session.consumer = nil, nil, nil
end

local function start_consumer(session, consumer)
  local ok, message, name = session.handle:stream(true)
  if not ok then
    return nil, message, name
  end
  session.consumer = consumer
  if not session.timer then
    session.delay = FASTEST_MS
    session.timer = uv.new_timer()
    session.poll = uv.new_poll(session.handle:ring_fd())
    session.poll:start("r", function() drain(session) end)
    schedule(session)
  end
  return session
end

local function set_consumer(session, consumer)
  if consumer then
    return start_consumer(session, consumer)
  end
  session:drain()
  if session.handle then -- the handler may have closed it
    stop_consumer(session)
    session.handle:stream(false)
  end
  return session
end

--- Calls handler(events, n) with batches of events: events[0] to events[n - 1]
--- are FFI structs in the kernel's memory, valid only during the call and not
--- to be written. nil ends it. Replaces the handler there was.
--- @return shark.Session? @return string? message @return string? name
function Session:on_batch(handler)
  check_open(self)
  if handler ~= nil and type(handler) ~= "function" then
    error("bad argument #1 to 'on_batch' (function or nil expected)", 2)
  end
  return set_consumer(self, handler)
end

--- Calls handler(event) for every event; the event is valid only during the
--- call. nil ends it. Replaces the handler there was.
--- @return shark.Session? @return string? message @return string? name
function Session:on(handler)
  check_open(self)
  if handler ~= nil and type(handler) ~= "function" then
    error("bad argument #1 to 'on' (function or nil expected)", 2)
  end
  return set_consumer(self, handler and batch_of(handler))
end

--- Hands over, now, the events that are in the ring.
--- @return integer events
function Session:drain()
  check_open(self)
  local room, total = self.handle:ring_events(), 0
  repeat -- no more than the ring can hold: new ones may come for ever
    local events = drain(self)
    total = total + events
  until events == 0 or total >= room or not self.handle
  return total
end

-- ---- stacks ----

local addresses = ffi.typeof("const uint64_t *")

--- The kernel stack of an event, with the option stacks = true: return
--- addresses, innermost first. Also as text, one line each, as
--- "address : symbol+0xoffset/0xsize [module]".
--- @param index integer field `stack` of the event
--- @return table? stack array of uint64_t @return string? message @return string? name
function Session:stack(index)
  check_open(self)
  local address, n, name = self.handle:stack(index)
  if not address then
    return nil, n, name
  end
  local list, frames = ffi.cast(addresses, address), {}
  for i = 1, n do
    frames[i] = list[i - 1]
  end
  return stack.new(frames)
end

-- ---- how, and what was lost ----

local How = {}
function How:__tostring()
  local parts = { self.way }
  if self.forced then
    parts[1] = self.way .. ", as asked for"
  elseif #self.refused == 0 then
    parts[1] = self.way .. ", the best way"
  end
  for _, refusal in ipairs(self.forced and {} or self.refused) do
    parts[#parts + 1] = ("not %s: %s"):format(refusal.way, refusal.reason)
  end
  if #self.skipped > 0 then
    local points = {}
    for i, skipped in ipairs(self.skipped) do
      points[i] = ("%s (%s)"):format(skipped.point:match("[^:]*$"), skipped.error)
    end
    parts[#parts + 1] = "without " .. table.concat(points, ", ")
  end
  return table.concat(parts, "; ")
end

--- How the session reached the kernel. As text: the way, why not a better, and
--- what this kernel does not have.
--- @return table how { way, loader, forced, refused = {{way, reason, error}},
---   skipped = {{point, reason, error}} }
function Session:how()
  check_open(self)
  return setmetatable(self.handle:how(), How)
end

-- In the order of printing: field, what one of them is, what several are.
local LOSSES = {
  { "ring_drops", "event dropped (ring full)", "events dropped (ring full)" },
  { "missed_runs", "run skipped by the kernel (recursion)", "runs skipped by the kernel (recursion)" },
  { "too_deep", "entry nested too deep", "entries nested too deep" },
  { "unmatched_entries", "entry without exit", "entries without exit" },
  { "unmatched_exits", "exit without entry", "exits without entry" },
  { "stacks_lost", "stack not taken", "stacks not taken" },
}

-- The losses of a session, in their order: the tables it has stand behind the ring.
local function losses_of(session)
  local list = { LOSSES[1] }
  for _, full in ipairs(session.handle:tables()) do
    local why = ("%s (%s full)"):format(full.how, full.name)
    list[#list + 1] = { full.field, "entry " .. why, "entries " .. why }
  end
  for i = 2, #LOSSES do
    list[#list + 1] = LOSSES[i]
  end
  for _, own in ipairs(session.kind.losses or {}) do
    list[#list + 1] = own
  end
  return list
end

local function loss_text(loss, losses)
  local lost, unknown = {}, {}
  for _, known in ipairs(losses) do
    local n = loss[known[1]]
    if n == nil then
      unknown[#unknown + 1] = known[3]
    elseif n > 0 then
      lost[#lost + 1] = ("%.0f %s"):format(n, n == 1 and known[2] or known[3])
    end
  end
  local text = #lost > 0 and table.concat(lost, ", ") or #unknown > 0 and "nothing that is counted" or "nothing"
  if #unknown > 0 then
    text = text .. "; this kernel does not count " .. table.concat(unknown, ", ")
  end
  return text
end

local function loss_type_of(session)
  local losses = losses_of(session)
  return { __tostring = function(loss) return loss_text(loss, losses) end }
end

--- What was not seen or not counted. A field is nil where this kernel cannot
--- tell. As text: "nothing", or the counts in words.
--- @return table loss { ring_drops, map_full (of all tables; each has a field of its own:
---   rows_full and what the kind has), missed_runs, too_deep, unmatched_entries,
---   unmatched_exits, stacks_lost, in_flight }
function Session:loss()
  check_open(self)
  self.loss_type = self.loss_type or loss_type_of(self)
  return setmetatable(self.handle:loss(), self.loss_type)
end

--- Compares what was counted with what the kernel itself counted meanwhile, in
--- /proc/interrupts or /proc/softirqs; for sessions opened with audit = true.
--- As text: one line. See shark.trace.audit for the fields.
--- @return table audit
function Session:audit()
  check_open(self)
  if not self.audit_start then
    error("open the session with audit = true", 2)
  end
  return self.audit_end or audit.finish(self)
end

-- ---- ending ----

--- Detaches from the kernel and hands over the events that are left; what was
--- counted can still be read.
function Session:stop()
  check_open(self)
  if self.audit_start and not self.audit_end then
    self.audit_end = audit.finish(self) -- what comes later is not counted here
  end
  self.handle:stop()
  self:drain()
  if self.handle then
    stop_consumer(self)
  end
end

--- Gives everything back. May be called twice, and from a handler.
function Session:close()
  if not self.handle or self.closing then
    return
  end
  stop_consumer(self)
  self.handle:stop()
  if self.draining then
    self.closing = true
  else
    close_now(self)
  end
end

--- The sessions that are open, in no order.
--- @return shark.Session[]
function M.all_open()
  local list = {}
  for session in pairs(open_sessions) do
    list[#list + 1] = session
  end
  return list
end

return M
