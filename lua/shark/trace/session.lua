--- The shape that every running trace has, whatever it traces.
--
-- A module such as shark.irq describes a kind of trace (which provider of the
-- core, which FFI types, how a row becomes a table); this module does the rest.

local C = require "shark.events" -- first: declares the FFI types that the others use

local audit = require "shark.trace.audit"
local bit = require "bit"
local core = require "shark.core"
local delivery = require "shark.trace.delivery"
local event = require "shark.trace.event"
local ffi = require "ffi"
local meaning = require "shark.trace.meaning"
local rows = require "shark.rows"
local stack = require "shark.stack"

local M = {}

--- @class shark.Session
local Session = {}
Session.__index = Session

-- session -> true. Weak: a session that nobody can read any more and that hands
-- events to nobody is closed by the collector.
local open_sessions = setmetatable({}, { __mode = "k" })

-- ---- opening ----

local row_pointer = ffi.typeof("const struct shark_row *")
-- The rows are there as long as what refers to them.
local row_owners = setmetatable({}, { __mode = "k" })

--- The kinds that are declared, by provider.
M.kinds = {}

--- Declares a kind of trace.
--- @param kind table
---   provider  string  name of the core's provider
---   event     string?  FFI type of an event; "struct shark_event"
---   call      string?  the public function that opens one: "irq.hardirq"; shark.trace("PROVIDER") opens all
---   class     string?  what its rows and events are called in the editor: "Hardirq" for shark.HardirqRow; as the
---     provider is called
---   title     string? a few words: what is traced
---   about     string  one line: the same
---   source    string  what of the kernel is watched
---   rows      table[]   fields of a row of read(), see shark.trace.meaning
---   events    table[]   fields of an event, likewise; others of the FFI type can be read and are not in copies
---   by        string[]?  names of the keys, if read() does not sort by them in the order of rows
---   less      fun(a, b)?: boolean  order of read(), if it is another than by the keys
---   audit     table?  what the kernel itself counts:
---     source  string    where, for people; a file's text is handed to kernel()
---     kernel  fun(options, text?): table  counts by name, now or of that text
---     seen    fun(session): table  the same from the rows
---   options   table?  name of a filter or feature -> { name?, type?, text? } where the public function takes
---                     it otherwise than the core
---   methods   table?  name -> fun(session, ...): what its sessions can do besides
---   open      fun(options)?  if more is to be done than to start a session
--- @return table kind with open(options): the whole of a tracer's module that has nothing else
function M.define(kind)
  kind.event = kind.event or "struct shark_event"
  kind.call = kind.call or ("shark.trace(%q)"):format(kind.provider)
  kind.class = kind.class or kind.provider:gsub("^%l", string.upper)
  kind.open = kind.open or function(options) return M.open(kind, options) end
  meaning.apply(kind)
  event.define(kind)
  kind.key = rows.key_by(kind.by)
  kind.less = kind.less or rows.order_by(kind.by)
  M.kinds[kind.provider] = kind
  return kind
end

-- What may be asked for, by the names that scripts use.
local function option_names(kind)
  local described, as, names = require("shark.core.providers").describe(kind.provider), kind.options or {}, {}
  for _, list in ipairs { described.filters, described.features, described.sizes } do
    for _, option in ipairs(list) do
      names[#names + 1] = as[option.name] and as[option.name].name or option.name
    end
  end
  names[#names + 1] = "way"
  names[#names + 1] = kind.audit and "audit" or nil
  return names
end

-- An option that is none is told with those there are.
local function refuse(kind, options, message)
  if type(options) ~= "table" then
    core.misuse(("the options of %s are a table, not a %s"):format(kind.provider, type(options)))
  end
  local names, known = option_names(kind), {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  for name in pairs(options) do
    if type(name) == "string" and not known[name] then
      core.misuse(("%s has no filter or option '%s'; there are: %s"):format(kind.provider, tostring(name),
        table.concat(names, ", ")))
    end
  end
  core.misuse(message)
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

local function check_open(session)
  if session.closed or session.closing then
    error("the session is closed", 3)
  end
end

-- What sessions of a kind can do besides.
local function add_methods(session, kind)
  for name, method in pairs(kind.methods or {}) do
    session[name] = function(self, ...)
      check_open(self)
      return method(self, ...)
    end
  end
end

--- What all sessions can do; others that have events inherit it.
M.Session = Session

--- Has the end of the run stop and close a session, as it does with those of open().
--- @param session table with handle, kind and names @return table session
function M.adopt(session)
  open_sessions[session] = true
  return session
end

--- Starts a trace of a kind; it runs when this returns.
--- @return shark.Session? @return string? message @return string? name
function M.open(kind, options)
  local core_options, audited = split_options(options)
  audited = audited and kind.audit
  local before = audited and audit.before(kind)
  local ok, handle, message, name = pcall(core.session, kind.provider, core_options)
  if not ok then
    refuse(kind, options, handle)
  elseif not handle then
    return nil, message, name
  end
  local session = setmetatable({ handle = handle, kind = kind, options = options or {}, names = {} }, Session)
  local address, nr_rows = handle:rows()
  session.rows = ffi.cast(row_pointer, address)
  session.nr_rows = nr_rows
  row_owners[session.rows] = handle
  session.nr_parts, session.torn = 0, 0
  session.audit_start = audited and audit.start(session, before)
  add_methods(session, kind)
  open_sessions[session] = true
  return session
end

-- ---- reading what was counted ----

-- A row as decode() gets it: with its histogram in one piece. One copy for all: decode() keeps nothing of it.
local copy, row_size = ffi.new("struct { struct shark_row; uint64_t hist[512]; }"), ffi.sizeof("struct shark_row")
local part_pointer, part_size = ffi.typeof("const struct shark_part *"), ffi.sizeof("struct shark_part")
local PARTS, PART_BUCKETS = C.SHARK_HIST_PARTS, C.SHARK_PART_BUCKETS
-- A row is counted in for some tens of nanoseconds; only a CPU that is taken away
-- meanwhile, by a handler or by the hypervisor, keeps it so for longer.
local TRIES = 10000

-- Part `number` of the histograms, from 1 on; maps what came into use.
local function part_at(session, number)
  if number > session.nr_parts then
    local address, n = session.handle:parts(number)
    session.parts, session.nr_parts = ffi.cast(part_pointer, address or error(n, 0)), n
  end
  return session.parts + (number - 1)
end

local function copy_hist(session)
  for i = 0, PARTS - 1 do
    local number, to = copy.parts[i], copy.hist + i * PART_BUCKETS
    if number ~= 0 then
      ffi.copy(to, part_at(session, number), part_size)
    else
      ffi.fill(to, part_size)
    end
  end
end

-- The kernel counts on while a row is read: again, until nothing began before the
-- end of the copy that had not been counted at its start. Returns whether it is whole.
local function copy_row(session, row)
  for _ = 1, TRIES do
    local counted = tonumber(row.count)
    ffi.copy(copy, row, row_size)
    copy_hist(session)
    if bit.tobit(row.begun - counted % 2 ^ 32) <= 0 then
      return true
    end
  end
  return false
end

-- So many make megabytes of what nobody needs any more when they are read again.
local MANY_ROWS = 1024

--- What was counted so far, a table per row, in a fixed order.
--- @return table[]
function Session:read()
  check_open(self)
  if self.last_read and self.last_read > MANY_ROWS then
    collectgarbage()
  end
  local kind, list, by_key = self.kind, {}, {}
  for i = 0, self.nr_rows - 1 do
    local row = self.rows[i]
    if row.used ~= 0 and row.count ~= 0 then -- a row is there from the first entry on
      local whole = copy_row(self, row)
      local decoded = kind.decode(copy)
      decoded.torn = not whole or nil
      self.torn = self.torn + (whole and 0 or 1)
      local key = kind.key(decoded)
      if by_key[key] then
        kind.merge(by_key[key], decoded)
        by_key[key].torn = by_key[key].torn or decoded.torn
      else
        by_key[key] = decoded
        list[#list + 1] = decoded
      end
    end
  end
  table.sort(list, kind.less)
  for _, row in ipairs(list) do
    setmetatable(row, kind.row_type)
  end
  self.last_read = #list
  return list
end

--- What a row of read() has more than it had before. Of maxima the kernel keeps one, since the start.
--- @param row table @param before? table the same row then; nil: it was not there
--- @return table
function Session:since(row, before)
  return rows.since(row, before, self.kind)
end

--- What tells a row of read() from the others: the same as long as the session runs.
--- @return string
function Session:key(row)
  return self.kind.key(row)
end

--- The same of the row at an index of the kernel's table.
--- @param index integer from 0 on @return string
function Session:key_at(index)
  check_open(self)
  if type(index) ~= "number" or not (index >= 0 and index < self.nr_rows) then
    error(("bad argument #1 to 'key_at' (0 to %d expected)"):format(self.nr_rows - 1), 2)
  end
  copy_row(self, self.rows[index])
  return self.kind.key(self.kind.decode(copy))
end

-- ---- events ----

local function take_off(session)
  if session.busy then -- its loop ends after the current event and completes this
    session.consumer = nil
    delivery.interrupt()
    return
  end
  session.handle:stream(false)
  delivery.finish(session)
  if not session.closed then -- the handler may have closed it
    delivery.take_off(session)
  end
end

local function set_handler(session, name, handler, consumer, whole_batches)
  if handler ~= nil and type(handler) ~= "function" then
    error(("bad argument #1 to '%s' (function or nil expected)"):format(name), 3)
  elseif handler == nil then
    take_off(session)
    return session
  elseif session.stopped then
    error("the session is stopped: no events come any more", 3)
  end
  return delivery.put_on(session, consumer(handler), whole_batches)
end

--- Calls handler(events, n) with batches of events: events[0] to events[n - 1]
--- are FFI structs in the kernel's memory, valid only during the call and not
--- to be written. nil ends it. Replaces the handler there was.
--- @return shark.Session? @return string? message @return string? name
function Session:on_batch(handler)
  check_open(self)
  return set_handler(self, "on_batch", handler, function()
    return delivery.batches(handler, self.handle)
  end, true)
end

--- Calls handler(event) for every event; the event is over when that returns,
--- event:copy() is a table to keep. nil hands over what waits and ends it; within
--- the handler, nothing more comes. Replaces the handler there was.
--- @return shark.Session? @return string? message @return string? name
function Session:on(handler)
  check_open(self)
  return set_handler(self, "on", handler, function()
    return delivery.each(handler, self.kind)
  end, false)
end

--- Hands over, now, the events that wait in the ring. Within the session's own
--- handler it does nothing.
--- @return integer events
function Session:drain()
  check_open(self)
  return delivery.drain(self)
end

--- Hands over what a turn of the loop would, and no more; see drain().
--- @return boolean more some events wait still
function Session:drain_slice()
  check_open(self)
  return delivery.slice(self)
end

--- Whether it was not closed: the other methods raise when it was.
--- @return boolean
function Session:is_open()
  return not (self.closed or self.closing)
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

--- How a trace is attached, in words.
--- @param self table of how() @return string
function M.how(self)
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

local How = { __tostring = M.how }

--- How the session reached the kernel. As text: the way, why not a better, and
--- what this kernel does not have.
--- @return table how { way, forced, refused = {{way, reason, error}},
---   skipped = {{point, reason, error}} }
function Session:how()
  check_open(self)
  return setmetatable(self.handle:how(), How)
end

-- Counted here, not in the core.
local TORN = {
  field = "torn_rows", one = "row read while it was counted in", several = "rows read while they were counted in",
}

-- What would have helped against what was lost, each once.
local function advice_on(loss, losses)
  local list, said = {}, {}
  for _, known in ipairs(losses) do
    if known.advice and (loss[known.field] or 0) > 0 and not said[known.advice] then
      list[#list + 1], said[known.advice] = known.advice, true
    end
  end
  return #list > 0 and "; what helps: " .. table.concat(list, ", ") or ""
end

local function loss_text(loss, losses)
  local lost, unknown = {}, {}
  for _, known in ipairs(losses) do
    local n = loss[known.field]
    if n == nil then
      unknown[#unknown + 1] = known.several
    elseif n > 0 then
      lost[#lost + 1] = ("%.0f %s"):format(n, n == 1 and known.one or known.several)
    end
  end
  local text = #lost > 0 and table.concat(lost, ", ") or #unknown > 0 and "nothing that is counted" or "nothing"
  if #unknown > 0 then
    text = text .. "; this kernel does not count " .. table.concat(unknown, ", ")
  end
  return text .. advice_on(loss, losses)
end

local function loss_type_of(session)
  local losses = session.handle:losses()
  losses[#losses + 1] = session.kind.rows and TORN or nil
  return { __tostring = function(loss) return loss_text(loss, losses) end }
end

--- What was not seen or not counted. A field is nil where this kernel cannot
--- tell. As text: "nothing", or the counts in words.
--- @return table loss { ring_drops, undelivered, map_full (of all tables; each has a field of its
---   own: rows_full and what the kind has), missed_runs, too_deep, unmatched_entries,
---   unmatched_exits, stacks_lost, in_flight }
function Session:loss()
  check_open(self)
  self.loss_type = self.loss_type or loss_type_of(self)
  local loss = self.handle:loss()
  loss.torn_rows = self.kind.rows and self.torn
  return setmetatable(loss, self.loss_type)
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

local function detach(session)
  if session.audit_start and not session.audit_end then
    session.audit_end = audit.finish(session) -- what comes later is not counted here
  end
  session.handle:stop()
  session.stopped = true
end

--- Detaches from the kernel and hands over the events that are left, within a
--- second; what was counted can still be read. Within the session's own handler
--- the events that are left come when it has returned. May be called twice.
function Session:stop()
  check_open(self)
  detach(self)
  if self.busy then
    self.stopping = true
    return
  end
  self.stopping = nil
  delivery.finish(self)
  if not self.closed then -- the handler may have closed it
    delivery.take_off(self)
  end
end

--- Gives everything back, without handing over what is left. May be called
--- twice, and from a handler: no event comes any more.
function Session:close()
  if self.closed then
    return
  end
  self.handle:stop()
  if self.busy then
    self.closing = true
    delivery.interrupt()
    return
  end
  delivery.take_off(self)
  open_sessions[self] = nil
  self.closed, self.closing, self.rows = true, nil, nil
  local kib = self.handle:memory() / 1024
  self.handle:close()
  -- The collector does not see the memory that stays until it runs.
  collectgarbage("step", kib)
end

--- The run ends: what is left is handed over in the time there is for that, to be
--- called once for every session that is open then.
--- @return shark.Session[] open
function M.begin_end()
  local list = M.all_open()
  delivery.begin_end(list)
  return list
end

--- Hands over what is left of a session when the run ends.
function M.finish(session)
  if not session.closed then
    delivery.finish(session)
  end
  if not session.closed then
    session.handle:discard()
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
