--- What rows and events mean: one list of fields for each, from which come decoding,
-- joining, the order of reading and of JSON, and the tables of the documentation.
--
-- A field of rows is a table { "name", "one line of text", ... } with
--   at        where it lies in the kernel's row (trace/wire.h): "id", "count", "max_ns",
--             "tally[SHARK_...]", "key[SHARK_...]", "hist"; default: its name
--   from      fun(row): any, instead: what is made of the kernel's row; nil leaves it out
--   symbol    true: what lies there is an address in the kernel, and the field the symbol's name;
--             nil for 0
--   of        integer|integer[]?  only rows of these kinds (their `what`) say something of it
--   default   what it is in rows of other kinds; without one it is not there
--   key       true: tells rows apart; read() sorts by these, in their order
--   sum       how rows that mean the same become one: "add", "max", "hist", or "by name" for
--             tables of counts; nil: they agree in it
--   unit      "ns", "bytes", ...
--   type      string?  for the editor, default "integer"; ends in "?" if it can be nil
--   inner     true: not for users, part of the key only
--
-- A field of events is { "name", "text", unit =, type =, from = }; from is fun(session, record),
-- and without it the field is the record's own. With of_row = true it is the field of that name of
-- the row that the event was counted in; with flag = N it is whether the record's flags have N.

local bit = require "bit"
local C = require "shark.events"
local ffi = require "ffi"
local hist = require "shark.hist"
local rows = require "shark.rows"
local stack = require "shark.stack"

local M = {}

-- ---- decoding ----

-- Text of an expression that reads a place of the kernel's row.
local function place(at)
  return "row." .. at:gsub("SHARK_[%w_]+", function(name) return tostring(C[name]) end)
end

local function value_of(field, i)
  local at = field.at or field[1]
  if field.from then
    return ("from[%d](row)"):format(i)
  elseif field.symbol then
    return ("symbol_of(%s)"):format(place(at))
  elseif at == "hist" then
    return "hist.new(row.hist, row.max_ns)"
  end
  return ("tonumber(%s)"):format(place(at))
end

local function symbol_of(address)
  return address ~= 0 and stack.name_of(address) or nil
end


-- {} is an empty histogram, or an empty table.
local function default_of(field)
  local value = field.default
  if type(value) == "table" then
    return field.sum == "hist" and "hist.new()" or "{}"
  end
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

-- "what == 1 or what == 2"
local function is_of(of)
  local parts = {}
  for i, what in ipairs(type(of) == "table" and of or { of }) do
    parts[i] = "what == " .. what
  end
  return table.concat(parts, " or ")
end

local function expression(field, i)
  local value = value_of(field, i)
  return field.of and ("(%s) and %s or %s"):format(is_of(field.of), value, default_of(field)) or value
end

local DECODER = [[
local hist, symbol_of, from = ...
return function(row)
  local what = row.what
  return {
%s  }
end
]]

-- A function with an expression for each field: as fast as if it were written by hand.
local function decoder(fields)
  local lines, from = {}, {}
  for i, field in ipairs(fields) do
    lines[i] = ("    [%q] = %s,\n"):format(field[1], expression(field, i))
    from[i] = field.from or false
  end
  local text = DECODER:format(table.concat(lines))
  return assert(loadstring(text, "=rows"))(hist, symbol_of, from)
end

-- ---- joining and order ----

local function named(fields, test)
  local list = {}
  for _, field in ipairs(fields) do
    if test(field) then
      list[#list + 1] = field[1]
    end
  end
  return list
end

local function summed(fields, how)
  return named(fields, function(field) return field.sum == how end)
end

-- ---- events ----

local function field_named(fields, name)
  for _, field in ipairs(fields) do
    if field[1] == name then
      return field
    end
  end
  error(("no field '%s' of rows"):format(name))
end

-- Looked up once for each row: what tells rows apart does not change. "" if it found no room.
local function from_row(fields, name)
  local decode
  return function(session, event)
    decode = decode or decoder { field_named(fields, name) }
    local row, known = event.row, session.names[name]
    if not known then
      known = {}
      session.names[name] = known
    end
    if known[row] == nil then
      known[row] = row < session.nr_rows and decode(session.rows[row])[name] or ""
    end
    return known[row]
  end
end

local function has_flag(flag)
  return function(_, event) return bit.band(event.flags, flag) ~= 0 end
end

-- name -> from, of those that are more than the record's.
local function further(fields, of_rows)
  local list = {}
  for _, field in ipairs(fields) do
    list[field[1]] = field.of_row and from_row(of_rows, field[1]) or field.flag and has_flag(field.flag) or field.from
  end
  return list
end

--- Completes a kind by what its `rows` and `events` say: decode, by, sums, maxima, hists,
--- counts, order (names of a row's fields, for JSON), row_type, fields and names of events.
--- @param kind table
function M.apply(kind)
  local fields = kind.rows
  kind.decode = function(row) -- made when it is wanted: many traces are never read
    kind.decode = decoder(fields)
    return kind.decode(row)
  end
  kind.by = kind.by or named(fields, function(field) return field.key end)
  kind.sums, kind.maxima = summed(fields, "add"), summed(fields, "max")
  kind.hists, kind.counts = summed(fields, "hist"), summed(fields, "by name")
  kind.order = named(fields, function(field) return not field.inner end)
  local unlisted = named(fields, function(field) return field.inner end)
  unlisted[#unlisted + 1] = "torn"
  kind.row_type = rows.type(kind.provider, kind.order, unlisted)
  kind.merge = kind.merge or rows.merger(kind)
  kind.names = named(kind.events, function() return true end)
  kind.fields = further(kind.events, fields)
end

--- The name of an irqaction, or what else a row has as its name.
function M.name_of(row)
  return ffi.string(row.name)
end

--- For events: the name of the task that did it, or that it interrupted.
function M.task_of(_, event)
  return ffi.string(event.comm)
end

return M
