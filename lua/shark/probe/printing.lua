--- Aggregates as text: a table of their rows, and each histogram as bars.

local fmt = require "shark.fmt"
local foreign = require "shark.text.foreign"
local reading = require "shark.probe.reading"
local stack = require "shark.stack"
local table_text = require "shark.text.table"
local vectors = require "shark.system.vectors"

local M = {}

-- kind -> { field, title } of what it counted
local VALUE = {
  count = { "count", "COUNT" }, sum = { "total", "TOTAL" }, max = { "max", "MAX" }, min = { "min", "MIN" },
  map = { "value", "VALUE" }, var = { "value", "VALUE" }, hist = { "count", "COUNT" },
}

local function plain(value)
  return type(value) == "cdata" and (tostring(value):gsub("U?LL$", "")) or ("%.0f"):format(value)
end

local function kib(value)
  local n = tonumber(value)
  return n >= 2 ^ 20 and ("%.1fMiB"):format(n / 2 ^ 20) or n >= 1024 and ("%.1fKiB"):format(n / 1024) or plain(value)
end

local function format_of(agg)
  if agg.unit == "ns" then
    return function(value) return fmt.duration(tonumber(value)) end
  end
  return agg.unit == "bytes" and kib or plain
end

--- A value of a key or of an event, in a line.
--- @return string
function M.value(value)
  if type(value) == "table" then
    return stack.fold(value.frames and value:frames() or value)
  end
  return (type(value) == "number" or type(value) == "cdata") and plain(value) or tostring(value)
end

local key_text = M.value

-- What keys are called rather than numbered.
local NAMED = { text = key_text, softirq = key_text, vector = vectors.name_of }

--- The columns of an aggregate's rows; stacks have lines of their own.
--- @param agg shark.probe.Aggregate @return table[] as shark.text.table takes them
function M.columns(agg)
  local columns = {}
  for _, key in ipairs(agg.keys) do
    if key.as ~= "stack" then
      local name = NAMED[key.as]
      columns[#columns + 1] =
        { title = key.name:upper(), field = key.name, left = name ~= nil, cut = name ~= nil, key = true,
          format = name or key_text }
    end
  end
  local field, title = unpack(VALUE[agg.kind])
  local is_number = agg.kind == "count" or agg.kind == "hist"
  columns[#columns + 1] = { title = title, field = field, format = is_number and plain or format_of(agg), most = true }
  return columns
end

-- "comm bash, cpu 1"
local function heading(agg, row)
  local parts = {}
  for i, key in ipairs(agg.keys) do
    local value = row[key.name]
    parts[i] = ("%s %s"):format(key.name, value == nil and "-" or foreign.line((NAMED[key.as] or key_text)(value)))
  end
  return table.concat(parts, ", ")
end

--- The histograms of rows as text, with a blank line before each; "" where there are none.
--- @param agg shark.probe.Aggregate @param rows table[] @return string
function M.bars(agg, rows)
  local parts = {}
  for _, row in ipairs(agg.kind == "hist" and rows or {}) do
    if row.count > 0 then
      parts[#parts + 1] = "\n" .. heading(agg, row) .. (#agg.keys > 0 and "\n" or "") ..
        row.hist:bars { format = format_of(agg) }
    end
  end
  return table.concat(parts, "\n")
end

--- Rows, the largest first.
--- @param agg shark.probe.Aggregate @param unsorted table[] of read() or since() @return table[] rows a new list
function M.most_first(agg, unsorted)
  local field, rows, at = VALUE[agg.kind][1], {}, {}
  for i, row in ipairs(unsorted) do
    rows[i], at[row] = row, i
  end
  table.sort(rows, function(a, b)
    local left, right = a[field], b[field]
    if left ~= right and left ~= nil and right ~= nil then
      return left > right
    end
    return at[a] < at[b]
  end)
  return rows
end

--- What stands below a row in a table: its stacks.
--- @param agg shark.probe.Aggregate @param row table @return string[] lines
function M.below(agg, row)
  local lines = {}
  for _, key in ipairs(agg.keys) do
    local value = row[key.name]
    local frames = type(value) == "table" and stack.lines(value:frames()) or { "no stack was taken" }
    for _, frame in ipairs(key.as == "stack" and frames or {}) do
      lines[#lines + 1] = "    " .. foreign.line(frame)
    end
  end
  return lines
end

-- Rows as text, the largest first.
local function text_of(agg, unsorted)
  local rows, parts = M.most_first(agg, unsorted), {}
  for i, line in ipairs((table_text.lines(M.columns(agg), rows))) do
    parts[#parts + 1] = line
    for _, below in ipairs(rows[i - 1] and M.below(agg, rows[i - 1]) or {}) do
      parts[#parts + 1] = below
    end
  end
  return table.concat(parts, "\n") .. M.bars(agg, rows)
end

--- What an aggregate has counted, as text; or why it cannot be read.
--- @return string
function M.text(agg)
  local rows, message = reading.read(agg)
  return rows and text_of(agg, rows) or message
end

return M
