--- emit { }: a record in the ring. Its fields are known while compiling; records with the same
-- fields and types are of one kind, which its tag tells. The kernel's memory for it is filled in place.

local base = require "shark.probe.lower_base"
local context = require "shark.probe.context"
local texts = require "shark.probe.lower_texts"
local values = require "shark.probe.values"

jit.off(true, true)

local M = {}

local RESERVE, SUBMIT, QUERY = 131, 132, 134
local AVAILABLE, RING_SIZE = 0, 1
local NO_WAKEUP, FORCE_WAKEUP = 1, 2

-- How often it is looked how full the ring is; that costs as much as a record.
local LOOK_EVERY = 64

-- ---- the control map ----

local function control(c, off)
  return c:map_value(c.maps.control, off)
end

--- Adds one to a word of the control map.
function base:tally(off)
  self:add(control(self, off), 0, self:known(1))
end

--- Counts that a map had no room.
function base:lose(map)
  self:tally(self.maps:loss_word(map))
end

--- Ends the handler as long as the session's other probes are not attached.
function base:gate()
  local open, shut = self:branch("ne", self:load_map(self.maps.control, self.maps.gate), nil, 0)
  self.f:emit(shut, { op = "exit", imm = 0 })
  self.block = open
end

-- ---- fields ----

local function kind_of(c, name, value)
  local k = value.k
  if k == "num" then
    return value.stack or value.unsigned and "u64" or "i64", 8
  elseif k == "maybe" and value.what then
    return value.what, 8
  elseif k == "bool" or k == "const" and type(value.v) == "boolean" then
    return "bool", 8
  elseif k == "const" and values.is_number(value.v) then
    return values.is_u64(value.v) and "u64" or "i64", 8
  elseif k == "ptr" and not (value.embedded and texts.is_text(c, value)) then
    return "u64", 8
  elseif k == "conflict" then
    c:refuse_conflict(value)
  elseif texts.is_text(c, value) then
    return "text"
  end
  c:refuse("the field %s is %s", name, values.name(value))
end

local function text_size(value)
  return value.k == "text" and value.size or math.ceil((#value.v + 1) / 8) * 8
end

-- Fields in the order of their names, so that two constructors with the same fields make one kind of record.
local function fields_of(c, record)
  local names, list = {}, {}
  for name in pairs(record.fields) do
    if type(name) ~= "string" then
      c:refuse("emit takes named fields: emit { name = value }")
    elseif name == "copy" then
      c:refuse("a field cannot be named copy: events have event:copy()")
    end
    names[#names + 1] = name
  end
  table.sort(names)
  if #names == 0 then
    c:refuse("emit takes at least one field")
  end
  for i, name in ipairs(names) do
    local value = record.fields[name]
    local kind, size = kind_of(c, name, value)
    list[i] = { name = name, kind = kind, size = size, value = value }
  end
  return list
end

-- Texts are read before there is a record: nothing may happen between its reservation and its end.
local function read_texts(c, list)
  for _, field in ipairs(list) do
    if field.kind == "text" then
      field.value = texts.of(c, field.value)
      field.size = text_size(field.value)
    end
  end
end

local function word_of(c, field)
  local value = field.value
  if value.k == "const" then
    local v = value.v
    if type(v) == "boolean" then
      v = v and 1 or 0
    end
    local whole, why = values.whole(v)
    return whole or c:refuse("the field %s: %s", field.name, why)
  end
end

local function store_field(c, to, off, field)
  if field.kind == "text" then
    texts.store(c, field.value, { base = to }, off, field.size)
    return
  end
  local constant, reg = word_of(c, field), nil
  local imm = constant and c:immediate(constant)
  if constant and not imm then
    reg = c:known(constant)
  elseif not constant then
    local value = field.value.k == "maybe" and context.flat(c, field.value) or field.value
    reg = value.off and value.off ~= 0 and c:alu("add", value.reg, nil, value.off) or value.reg
  end
  c:put(8, to, off, reg, imm or nil)
end

-- ---- sending ----

-- Whether the one who reads is woken: when the ring is half full. Else it looks at the ring by itself.
local function wakeup(c)
  local flags = c:unknown(NO_WAKEUP)
  local sent = c:load_map(c.maps.control, c.maps.sent)
  c:put(8, control(c, c.maps.sent), 0, c:alu("add", sent, nil, 1))
  local look, go = c:branch("eq", c:alu("and", sent, nil, LOOK_EVERY - 1), nil, 0)
  c.block = look
  local available = c:call(QUERY, { { map = c.maps.ring }, { imm = AVAILABLE } })
  local size = c:call(QUERY, { { map = c.maps.ring }, { imm = RING_SIZE } })
  local full, fine = c:branch("ugt", c:alu("lsh", available, nil, 1), size)
  c.block = full
  c:unknown(FORCE_WAKEUP, flags)
  c:jump(go)
  c.f:emit(fine, { op = "jump", to = go })
  c.block = go
  return flags
end

local function shape_of(list)
  local fields = {}
  for i, field in ipairs(list) do
    fields[i] = { name = field.name, kind = field.kind, size = field.size }
  end
  return fields
end

--- Sends a record, or counts it as lost where the ring is full.
--- @param record table value
function M.emit(c, record)
  if not record or record.k ~= "record" then
    c:refuse("emit takes a table: emit { name = value }")
  end
  local list = fields_of(c, record)
  read_texts(c, list)
  local tag, layout = c.records:shape(shape_of(list))
  local flags = wakeup(c)
  local at = c:call(RESERVE, { { map = c.maps.ring }, { imm = c.records.size }, { imm = 0 } })
  local there, full = c:branch("ne", at, nil, 0)
  local behind = c.f:block()
  c.block = full
  c:tally(c.maps.drops)
  c:jump(behind)
  c.block = there
  c:put(8, at, 0, nil, tag)
  for _, field in ipairs(list) do
    store_field(c, at, layout.off[field.name], field)
  end
  c:emit { op = "call", helper = SUBMIT, args = { { reg = at }, { reg = flags } }, line = c.f.line }
  c:jump(behind)
  c.block = behind
end

return M
