--- Events as handlers get them.
--
-- An event is a small value that names a record in the ring and the batch it is
-- of. Each access asks whether that is the record which is being handed over:
-- one that was kept raises instead of reading what has taken its place. In a
-- compiled loop the value is never made and the question answers itself.

require "shark.events" -- first: has the fields, and declares their types

local fields_of = require "shark.events.fields"
local ffi = require "ffi"
local foreign = require "shark.text.foreign"

local M = {}

-- What is being handed over now: the record, and the number of its batch, which
-- never comes again; from which record of the batch on the loop asks whether to go on.
local live = ffi.new "struct { const void *record; double batch; int32_t check_at; }"
M.live = live

-- The innermost turn: a session whose events are being handed over. Those in
-- whose handlers that happens are its outer ones.
local top
local last_batch = 0

--- Begins to hand over a batch.
--- @param turn table  with session; record, batch and outer are kept in it
function M.enter(turn)
  if top then
    top.record = live.record
  end
  turn.outer, top = top, turn
  last_batch = last_batch + 1
  turn.batch = last_batch
  live.record, live.batch, live.check_at = nil, last_batch, 0
  return last_batch
end

--- The batch is over: its events are, too. An outer turn asks at once whether to go on.
function M.leave()
  top = top.outer
  live.record, live.batch, live.check_at = top and top.record, top and top.batch or 0, 0
end

--- The turn in which events are being handed over, nil outside of handlers.
function M.turn()
  return top
end

-- The session of an event: the one that hands it over, or in whose handler that happens.
local function session_of(event)
  if top then
    top.record = live.record
  end
  local turn = top
  while turn do
    if turn.batch == event.batch__ and turn.record == event.record__ then
      return turn.session
    end
    turn = turn.outer
  end
  error("the event is over: it can be read in the call it is given to; event:copy() is a table to keep", 3)
end

-- ---- fields ----

-- An array or struct in the ring would outlive its event: scripts get a copy.
local function copier_of(name, type)
  local ctype = ffi.typeof(type)
  return function(_, record)
    local copy = ctype()
    ffi.copy(copy, record[name], ffi.sizeof(ctype))
    return copy
  end
end

local plain_of

local function plain_array(type, element)
  local n = ffi.sizeof(type) / ffi.sizeof(element)
  return function(array)
    local list = {}
    for i = 1, n do
      list[i] = array[i - 1]
    end
    return list
  end
end

local function plain_struct(type)
  local plain = {}
  for _, field in ipairs(fields_of[type]) do
    plain[field.name] = plain_of(field.type)
  end
  return function(struct)
    local values = {}
    for name, to_plain in pairs(plain) do
      values[name] = to_plain(struct[name])
    end
    return values
  end
end

local function as_it_is(value)
  return value
end

-- What makes a value of that type a Lua value: a list of an array, a table of a struct.
function plain_of(type)
  if not type then
    return as_it_is
  end
  local element = type:match("^(.*)%[")
  return element and plain_array(type, element) or plain_struct(type)
end

local function copy(kind, session, record)
  local values = {}
  for _, name in ipairs(kind.names) do
    local to_plain = kind.plain[name]
    if to_plain then
      values[name] = to_plain(record[name])
    else
      values[name] = kind.fields_of_event[name](session, record)
    end
  end
  return values
end

-- The fields of the FFI type that a kind's events have.
local function fields_in(kind)
  return kind.event_fields or fields_of[kind.event]
end

-- By name, for the fields that a copy takes from the record.
local function plain_fields(kind)
  local plain, further = {}, kind.fields or {}
  for _, field in ipairs(fields_in(kind)) do
    plain[field.name] = not further[field.name] and plain_of(field.type) or nil
  end
  return plain
end

-- By name: true for what FFI reads from the record, or a function that does more.
local function access_of(kind)
  local access = {}
  for _, field in ipairs(fields_in(kind)) do
    access[field.name] = not field.type or copier_of(field.name, field.type)
  end
  for name, field in pairs(kind.fields or {}) do
    access[name] = field
  end
  return access
end

-- ---- as text ----

local function to_text(kind, values)
  local parts = {}
  for _, name in ipairs(kind.names) do
    local value = values[name]
    local is_plain = type(value) ~= "cdata" or tonumber(value)
    if value ~= nil and type(value) ~= "table" and is_plain then
      parts[#parts + 1] = ("%s=%s"):format(name, (foreign.line(value):gsub("U?LL$", "")))
    end
  end
  return ("event of %s: %s"):format(kind.provider, table.concat(parts, " "))
end

-- ---- types ----

local function no_field(kind, name)
  error(("an event of %s has no field '%s'; there are: %s"):format(kind.provider, tostring(name),
    table.concat(kind.names, ", ")), 3)
end

-- A record as it lies in the ring, for batches. Its further fields are known
-- while its session hands it over.
local function slot_of(kind)
  local slot = ffi.typeof(("struct { uint64_t ring_header; %s; }"):format(kind.event))
  local fields = kind.fields or {}
  local function copy_slot(record)
    return copy(kind, top.session, record)
  end
  return ffi.metatype(slot, {
    __index = function(record, name)
      local field = name == "copy" and copy_slot or fields[name] or no_field(kind, name)
      if not top or top.session.kind ~= kind then
        error(("'%s' of an event can be read in the call it is given to"):format(name), 2)
      end
      return field == copy_slot and field or field(top.session, record)
    end,
  })
end

local function event_of(kind, slot)
  local access = kind.fields_of_event
  local function copy_event(event)
    return copy(kind, session_of(event), event.record__)
  end
  return ffi.metatype(ffi.typeof("struct { const $ *record__; double batch__; }", slot), {
    __index = function(event, name)
      local record, session = event.record__, nil
      if live.batch ~= event.batch__ or live.record ~= record then
        session = session_of(event)
      end
      local field = access[name]
      if field == true then
        return record[name]
      elseif field then
        return field(session or top.session, record)
      end
      return name == "copy" and copy_event or no_field(kind, name)
    end,
    __newindex = function() error("an event cannot be written", 2) end,
    __tostring = function(event)
      local ok, values = pcall(copy_event, event)
      return ok and to_text(kind, values) or ("event of %s that is over"):format(kind.provider)
    end,
  })
end

--- Completes a kind of trace, of which `names` and `fields` are known: `slot`, a record as it lies in the ring,
--- `pointer` to one, `event_of` a record and a batch's number.
function M.define(kind)
  local slot = slot_of(kind)
  kind.fields_of_event, kind.plain = access_of(kind), plain_fields(kind)
  kind.slot, kind.pointer = slot, ffi.typeof("const $ *", slot)
  kind.event_of = event_of(kind, slot)
  for _, name in ipairs(kind.names) do
    if not kind.fields_of_event[name] then
      error(("%s: an event has no '%s', and nothing says where it is from"):format(kind.provider, name), 0)
    end
  end
end

return M
