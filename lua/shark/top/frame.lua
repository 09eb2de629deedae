--- What stands on the screen of shark top: lines made of the state and of figures, cut to the size there is.
-- It draws nothing: see shark.top.screen.

local fmt = require "shark.fmt"
local foreign = require "shark.text.foreign"
local state_of = require "shark.top.state"
local views = require "shark.top.views"
local wrap = require "shark.text.wrap"

local M = {}

-- Of a column that takes what is left; below, others go first.
local LEAST_FREE = 18

-- ---- columns ----

local function width_of(columns)
  local width = -2
  for _, column in ipairs(columns) do
    width = width + 2 + (column.width or LEAST_FREE)
  end
  return width
end

local function without(columns, gone)
  local list = {}
  for _, column in ipairs(columns) do
    list[#list + 1] = column ~= gone and column or nil
  end
  return list
end

-- The one that is missed least, of several the last. One that takes what is left goes last of all.
local function least_of(columns)
  local least
  for _, column in ipairs(columns) do
    if column.goes and (not least or column.goes >= least.goes) then
      least = column
    end
  end
  return least
end

--- The columns that fit, and how wide the one without a width is.
--- @param columns table[] @param width integer @return table[] columns @return integer free
function M.fit(columns, width)
  while #columns > 1 and width_of(columns) > width do
    columns = without(columns, least_of(columns) or columns[#columns])
  end
  return columns, LEAST_FREE + math.max(0, width - width_of(columns))
end

local function cell(column, text, free)
  local width = column.width or free
  text = foreign.cut(foreign.line(text), width)
  local pad = (" "):rep(width - foreign.width(text))
  return column.left and text .. pad or pad .. text
end

local function value_of(column, row)
  local value = row[column.field]
  if value == nil then
    return "-"
  elseif column.of then
    return column.of(row)
  end
  return column.format and column.format(value) or tostring(value)
end

local function line_of(columns, free, text_of)
  local parts = {}
  for i, column in ipairs(columns) do
    parts[i] = cell(column, text_of(column), free)
  end
  return (table.concat(parts, "  "):gsub("%s+$", ""))
end

-- The titles, then a line for each row from the first to the last.
local function table_lines(all_columns, rows, first, last, width)
  local columns, free = M.fit(all_columns, width)
  local lines = { { text = line_of(columns, free, function(column) return column.title end), style = "bold" } }
  for i = first, math.min(last, #rows) do
    lines[#lines + 1] = { text = line_of(columns, free, function(column) return value_of(column, rows[i]) end) }
  end
  return lines
end

-- ---- what stands above and below ----

local function title_of(state, figures)
  local parts = { "shark top", figures.clock or "" }
  parts[#parts + 1] = state.paused and "PAUSED" or nil
  parts[#parts + 1] = figures.seconds and "last " .. fmt.duration(figures.seconds * 1e9) or "counting ..."
  parts[#parts + 1] = figures.only
  parts[#parts + 1] = "lost: " .. (figures.lost or "nothing")
  return { text = table.concat(parts, "  "), style = "reverse" }
end

local function views_line(state)
  local parts = {}
  for i, view in ipairs(views.list) do
    parts[i] = (view == state.view and "[%d %s]" or " %d %s "):format(i, view.title)
  end
  return { text = (table.concat(parts, ""):gsub(" $", "")) }
end

-- How the rows are ordered, and which are left out.
local function order_line(state, shown, all)
  local sort = state_of.sort_of(state)
  local text = ("by %s%s"):format(views.column_of(state.view, sort).title,
    state.turned[state.view.name] and ", the other way round" or "")
  if state.filter ~= "" then
    text = ("%s; filter '%s': %d of %d"):format(text, state.filter, shown, all)
  end
  return text
end

local KEYS = "q quit  h help  p pause  / filter  s sort  r turn  Enter map  i IRQ  1-6 Tab views"
local KEYS_OVER = "Escape back  Up Down scroll"
local PROMPTS = { filter = "filter: ", irq = "map of IRQ or action: " }

-- What is typed last is seen.
local function typed_line(typing, columns)
  local text = foreign.line(typing.text)
  while #text > 0 and foreign.width(PROMPTS[typing.what] .. text) >= columns do
    text = text:gsub("^[^\128-\191][\128-\191]*", "")
  end
  return { text = PROMPTS[typing.what] .. text }
end

local function bottom_line(state, order, columns)
  if state.typing then
    return typed_line(state.typing, columns)
  elseif state.message then
    return { text = state.message, style = "bold" }
  elseif state.over then
    return { text = KEYS_OVER .. (state.over.irq and "  r read again" or "") }
  end
  return { text = ("%s | %s"):format(order, KEYS) }
end

local function cursor_of(state, size, bottom)
  return state.typing and { line = size.lines, column = math.min(foreign.width(bottom.text) + 1,
    size.columns) } or nil
end

-- ---- the middle ----

-- A third of the screen at most; the busiest where there are more.
local function cpu_lines(figures, room, columns)
  local list = {}
  for i, cpu in ipairs(figures.cpus or {}) do
    list[i] = cpu
  end
  local most = math.floor(room / 3)
  if #list + 1 > most then
    table.sort(list, function(a, b) return a.share > b.share or (a.share == b.share and a.cpu < b.cpu) end)
  end
  if most < 2 or #list == 0 then
    return {}
  end
  local fitting = #list + 1 <= most and #list or math.max(1, most - 2)
  local lines = table_lines(views.CPUS, list, 1, fitting, columns)
  lines[#lines + 1] = fitting < #list and { text = ("and %d CPUs with less"):format(#list - fitting) } or nil
  return lines
end

local function append(lines, more)
  for _, line in ipairs(more) do
    lines[#lines + 1] = line
  end
end

local function note_lines(figures, columns)
  local lines = {}
  for _, note in ipairs(figures.notes or {}) do
    for _, text in ipairs(wrap.folded(foreign.line(note), columns)) do
      lines[#lines + 1] = { text = text }
    end
  end
  return lines
end

-- The rows around the chosen one.
local function first_shown(state, chosen, height)
  local name = state.view.name
  local first = state.first and state.first[name] or 1
  first = math.max(math.min(first, chosen), chosen - height + 1, 1)
  state.first = state.first or {}
  state.first[name] = first
  return first
end

local function keep_page(state, rows, chosen, height)
  local keys = {}
  for i, row in ipairs(rows) do
    keys[i] = row.key
  end
  state.page = { keys = keys, chosen = keys[chosen], height = height }
end

local function row_lines(state, figures, rows, room, columns)
  local height = math.max(1, room - 1)
  local chosen = state_of.follow(state, rows)
  local first = first_shown(state, chosen, height)
  keep_page(state, rows, chosen, height)
  local lines = table_lines(state.view.columns, rows, first, first + height - 1, columns)
  if chosen > 0 then
    lines[chosen - first + 2].style = "reverse"
  elseif figures.rows then
    lines[2] = { text = state.filter ~= "" and "nothing that the filter lets through" or figures.none }
  end
  return lines
end

local function over_lines(state, room)
  local over, lines = state.over, {}
  state.page = { keys = {}, height = room }
  over.first = math.max(1, math.min(over.first, #over.lines - room + 1))
  for i = over.first, math.min(#over.lines, over.first + room - 1) do
    lines[#lines + 1] = { text = over.lines[i] }
  end
  return lines
end

-- ---- all of it ----

local function fill(frame, lines, room)
  for i = 1, room do
    frame[#frame + 1] = lines[i] or { text = "" }
  end
end

local function middle(state, figures, size, room)
  if state.over then
    return over_lines(state, room), ""
  end
  local all = figures.rows or {}
  local rows, lines = views.filter(state.view, all, state.filter), {}
  views.sort(state.view, rows, state_of.sort_of(state), state.turned[state.view.name])
  append(lines, state.view == views.list[1] and cpu_lines(figures, room, size.columns) or {})
  append(lines, note_lines(figures, size.columns))
  append(lines, row_lines(state, figures, rows, room - #lines, size.columns))
  return lines, order_line(state, #rows, #all)
end

--- The lines of a screen. What was shown of the rows is noted in the state.
--- @param state table of shark.top.state
--- @param figures table of the view: clock, seconds? (nil: nothing was counted yet), rows?, cpus?, notes?, lost?,
---   only?, none = said where there are no rows
--- @param size table { columns, lines }
--- @return table[] frame as shark.top.screen draws it
function M.make(state, figures, size)
  local frame = {}
  if size.lines > 1 then
    frame[1] = title_of(state, figures)
  end
  if size.lines > 8 then
    frame[2] = views_line(state)
  end
  local room = math.max(0, size.lines - #frame - 1)
  local lines, order = middle(state, figures, size, room)
  fill(frame, lines, room)
  local bottom = bottom_line(state, order, size.columns)
  frame[#frame + 1] = bottom
  frame.cursor = cursor_of(state, size, bottom)
  return frame
end

--- What the key h shows.
M.HELP = [[
q, Ctrl-C     quit
1 to 6        interrupts, softirqs, IPIs, vectors, virtio-blk, remapping
Tab           the next of these; Shift-Tab the one before
Up, Down      choose a row (k and j too); Page Up, Page Down, Home, End
Enter         the map of the row's IRQ, from the device to its handler
i             the map of any IRQ, by its number or the name of an action
/             filter: rows with this text in their names; Enter keeps it
Escape        no filter
s, S          order by the next column, or by the one before
r             the other way round
p, Space      pause: what is counted meanwhile is in the next interval
Ctrl-L        draw all again
h, ?          this

PER-S, COUNT, %CPU and AVG-US are of the last interval, MAX-US is the longest since the start.
%CPU is a share of one CPU's time: what runs on two may have more than 100.
A dash is what is not told. A view's trace begins when it is looked at first.]]

return M
