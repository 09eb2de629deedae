--- Text tables: columns as wide as they need to be, each row one line whatever its texts hold; where there is
-- less room, the least important columns are left out, and long texts cut.

local foreign = require "shark.text.foreign"

local M = {}

local GAP = "  "
local MARK = ".." -- of what was cut
local LEAST_CUT = 12 -- columns that are left of a text

local function plain(text)
  return text
end

-- ---- cells ----

local function cell(column, row)
  local value = row[column.field]
  if value ~= nil and column.format then
    value = column.format(value)
  end
  return value == nil and "-" or foreign.line(value)
end

-- lists[1] are the titles.
local function cells(columns, rows)
  local lists = { {} }
  for i, column in ipairs(columns) do
    lists[1][i] = column.title
    for j, row in ipairs(rows) do
      lists[j + 1] = lists[j + 1] or {}
      lists[j + 1][i] = cell(column, row)
    end
  end
  return lists
end

local function widths_of(columns, lists)
  local widths = {}
  for i = 1, #columns do
    widths[i] = 0
    for _, list in ipairs(lists) do
      widths[i] = math.max(widths[i], foreign.width(list[i]))
    end
  end
  return widths
end

-- ---- what fits ----

local function least_of(column, width)
  local least = type(column.cut) == "number" and column.cut or LEAST_CUT
  return column.cut and math.min(width, math.max(foreign.width(column.title), least)) or width
end

local function needed(columns, widths, kept)
  local sum = #GAP * (#kept - 1)
  for _, i in ipairs(kept) do
    sum = sum + least_of(columns[i], widths[i])
  end
  return sum
end

-- Of equal ones the last.
local function least_important(columns, kept)
  local found = 1
  for at, i in ipairs(kept) do
    found = (columns[i].rank or 0) >= (columns[kept[found]].rank or 0) and at or found
  end
  return found
end

-- Texts get what the others leave, those further to the left first.
local function share_out(columns, widths, kept, room)
  local spare = math.max(room - needed(columns, widths, kept), 0)
  for _, i in ipairs(kept) do
    local least = least_of(columns[i], widths[i])
    local more = math.min(widths[i] - least, spare)
    widths[i], spare = least + more, spare - more
  end
  widths[kept[1]] = #kept == 1 and math.min(widths[kept[1]], room) or widths[kept[1]]
end

-- Which columns have room; changes their widths. Returns also the titles of the others.
local function fitting(columns, widths, room)
  local kept, left_out = {}, {}
  for i = 1, #columns do
    kept[i] = i
  end
  while #kept > 1 and needed(columns, widths, kept) > room do
    left_out[table.remove(kept, least_important(columns, kept))] = true
  end
  share_out(columns, widths, kept, room)
  local titles = {}
  for i, column in ipairs(columns) do
    titles[#titles + 1] = left_out[i] and column.title or nil
  end
  return kept, titles
end

-- ---- lines ----

local function cut(text, width)
  if foreign.width(text) <= width then
    return text
  end
  return foreign.cut(text, math.max(width - #MARK, 0)) .. MARK:sub(1, width)
end

local function line(columns, widths, kept, list, style_of)
  local parts = {}
  for at, i in ipairs(kept) do
    local text = cut(list[i], widths[i])
    local pad, styled = (" "):rep(widths[i] - foreign.width(text)), style_of(i)(text)
    local is_last = at == #kept
    parts[at] = columns[i].left and styled .. (is_last and "" or pad) or pad .. styled
  end
  return table.concat(parts, GAP)
end

-- Of each column whose largest value matters: the row that has it, where there are others.
local function largest(columns, rows)
  local at = {}
  for i, column in ipairs(columns) do
    local most = 0
    for j, row in ipairs(column.most and #rows > 1 and rows or {}) do
      local value = tonumber(row[column.field])
      if value and value > most then
        most, at[i] = value, j
      end
    end
  end
  return at
end

--- A table as lines.
--- @param columns table[] { title, field, left = align left, format = fun(value): string }; and
---   rank = 1, 2, ...: how soon it is left out where there is no room, the highest first (0: last);
---   cut = true, or so many columns that it keeps: its texts may be cut;
---   most = true: its largest value is what one looks for
--- @param rows table[] each a table with the fields of the columns
--- @param room? integer columns of the terminal; any number if nil
--- @param colour? table as shark.text.colour; none if nil
--- @return string[] lines title first @return string[] titles of columns that were left out
function M.lines(columns, rows, room, colour)
  local lists = cells(columns, rows)
  local widths = widths_of(columns, lists)
  local kept, left_out = fitting(columns, widths, room or math.huge)
  local most_at, lines = largest(columns, rows), {}
  for j, list in ipairs(lists) do
    lines[j] = line(columns, widths, kept, list, function(i)
      return not colour and plain or j == 1 and colour.title or most_at[i] == j - 1 and colour.most or plain
    end)
  end
  return lines, left_out
end

--- A table as text.
--- @param columns table[] as lines() takes them @param rows table[]
--- @param room? integer columns of the terminal
--- @return string text the lines, without a newline at the end
function M.render(columns, rows, room)
  return table.concat((M.lines(columns, rows, room)), "\n")
end

-- ---- order ----

-- "MAX-US" and "max_ns" are also "max".
local function names_of(column)
  local title, field = column.title:lower(), column.field:lower()
  return { title, field, (title:gsub("%-u?s$", "")), (field:gsub("_ns$", "")) }
end

--- The column of a name, whole names before those without their units: WAIT-US is no WAIT.
--- @param columns table[] as lines() takes them
--- @param name string title or field, with or without its unit, in letters of either size
--- @return table? column @return string? message names the columns there are
function M.find(columns, name)
  for i = 1, 4 do
    for _, column in ipairs(columns) do
      if names_of(column)[i] == name:lower() then
        return column
      end
    end
  end
  local titles = {}
  for i, column in ipairs(columns) do
    titles[i] = column.title
  end
  return nil, ("there is no column '%s'; there are: %s"):format(name, table.concat(titles, ", "))
end

local function value_of(column, row)
  local value = row[column.field]
  if value == nil or type(value) == "number" then
    return value
  end
  return type(value) == "cdata" and tonumber(value) or cell(column, row)
end

local function is_before(column, a, b)
  local left, right = value_of(column, a), value_of(column, b)
  if left == right or left == nil or right == nil then
    return left ~= nil and right == nil, left == right
  elseif type(left) ~= type(right) then
    return type(left) == "number"
  end
  local is_rising = type(left) == "string" or column.key
  return is_rising and left < right or not is_rising and left > right
end

--- Rows in the order of a column: numbers from the largest, those by which things are called (key = true) from
--- the smallest, texts by letter; what has none comes last, and equals stay as they are.
--- @param columns table[] as lines() takes them @param rows table[]
--- @param name string of a column, as find() takes it
--- @return table[]? sorted a new list @return string? message names the columns there are
function M.sorted(columns, rows, name)
  local column, message = M.find(columns, name)
  if not column then
    return nil, message
  end
  local list, at = {}, {}
  for i, row in ipairs(rows) do
    list[i], at[row] = row, i
  end
  table.sort(list, function(a, b)
    local before, equal = is_before(column, a, b)
    if equal then
      return at[a] < at[b]
    end
    return before
  end)
  return list
end

return M
