--- What emit { } sends: shapes of records, and events of them as scripts get them.
--
-- A record is its shape's tag, four bytes of nothing, and a field after the other: numbers of
-- 8 bytes, texts rounded up to 8. All records of a session are as long as the longest shape.

local event = require "shark.trace.event"
local exact = require "shark.probe.exact"
local ffi = require "ffi"
local keys = require "shark.probe.keys"
local reading = require "shark.probe.reading"

local M = {}

local HEADER, ALIGN = 8, 8

--- @class shark.probe.Records
local Records = {}
Records.__index = Records

--- The shapes of a session: none yet.
--- @return shark.probe.Records
function M.new()
  return setmetatable({ shapes = {}, by_text = {}, size = HEADER }, Records)
end

local function size_of(field)
  return field.kind == "text" and math.ceil(field.size / ALIGN) * ALIGN or 8
end

local function sorted(fields)
  local list = {}
  for i, field in ipairs(fields) do
    list[i] = { name = field.name, kind = field.kind, size = size_of(field) }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function text_of(fields)
  local parts = {}
  for i, field in ipairs(fields) do
    parts[i] = ("%s %s %d"):format(field.name, field.kind, field.size)
  end
  return table.concat(parts, "\n")
end

local function laid_out(fields)
  local off, at = {}, HEADER
  for _, field in ipairs(fields) do
    off[field.name], field.off, at = at, at, at + field.size
  end
  return { size = at, off = off, fields = fields }
end

--- The shape with these fields: one tag for the same names and kinds.
--- @param fields table[] { name, kind = "i64"|"u64"|"bool"|"text"|"stack"|"ustack"|"irq"|"vector"|"softirq",
---   size (of a text) }
--- @return integer tag, from 1 on @return table layout { size, off = { [name] = bytes from the tag on } }
function Records:shape(fields)
  local list = sorted(fields)
  local text = text_of(list)
  local tag = self.by_text[text]
  if not tag then
    tag = #self.shapes + 1
    self.shapes[tag], self.by_text[text] = laid_out(list), tag
    self.size = math.max(self.size, self.shapes[tag].size)
  end
  return tag, self.shapes[tag]
end

-- ---- events ----

-- What makes a value of a record, whose fields begin behind the header.
local function reader_of(field)
  local at = field.off - HEADER
  local i, size = at / 8, field.size
  local readers = {
    i64 = function(record) return exact.number(record.words__[i]) end,
    u64 = function(record) return exact.number(record.unsigned__[i]) end,
    bool = function(record) return record.words__[i] ~= 0 end,
    text = function(record) return keys.text(record.bytes__ + at, size) end,
    stack = function(record) return reading.stack(tonumber(record.words__[i])) end,
    ustack = function(record) return reading.stack(tonumber(record.words__[i]), true) end,
  }
  for _, kind in ipairs { "irq", "vector", "softirq" } do
    readers[kind] = function(record) return keys.shown(kind, tonumber(record.words__[i])) end
  end
  return readers[field.kind]
end

-- name -> tag -> reader
local function readers_of(shapes)
  local readers, names = {}, {}
  for tag, shape in ipairs(shapes) do
    for _, field in ipairs(shape.fields) do
      if not readers[field.name] then
        readers[field.name] = {}
        names[#names + 1] = field.name
      end
      readers[field.name][tag] = reader_of(field)
    end
  end
  return readers, names
end

-- A shape without the field has nil there.
local function access_of(by_tag, nr_shapes)
  if nr_shapes == 1 then
    local read = by_tag[1]
    return function(_, record) return read(record) end
  end
  return function(_, record)
    local read = by_tag[record.tag__]
    if read then
      return read(record)
    end
    return nil
  end
end

local C_TYPES = { u64 = "uint64_t %s;", text = "char %s[%d];" }

-- With one shape, batches have its fields by name.
local function members_of(shapes)
  local parts = {}
  for i, field in ipairs(#shapes == 1 and shapes[1].fields or {}) do
    parts[i] = (C_TYPES[field.kind] or "int64_t %s;"):format(field.name, field.size)
  end
  return #parts > 0 and ("struct { %s };"):format(table.concat(parts, " ")) or ""
end

local RECORD = [[struct {
  uint32_t tag__, zero__;
  union { int64_t words__[%d]; uint64_t unsigned__[%d]; char bytes__[%d]; %s };
}]]

local function type_of(records, members)
  local bytes = math.max(records.size - HEADER, 8)
  return RECORD:format(bytes / 8, bytes / 8, bytes, members)
end

-- A name that C keeps for itself can be read, but not as a member.
local function record_type(records)
  local text = type_of(records, members_of(records.shapes))
  return pcall(ffi.typeof, text) and text or type_of(records, "")
end

--- The kind of trace whose events are these records, for shark.trace.
--- @return table kind
function Records:kind()
  local readers, names = readers_of(self.shapes)
  local fields = {}
  for name, by_tag in pairs(readers) do
    fields[name] = access_of(by_tag, #self.shapes)
  end
  local kind = { provider = "a probe", event = record_type(self), event_fields = {}, names = names, fields = fields }
  if #self.shapes > 0 then
    event.define(kind)
  end
  return kind
end

return M
