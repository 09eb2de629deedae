--- What somebody at shark top has chosen, and what a key changes of it. It knows no terminal and no kernel.

local keys = require "shark.top.keys"
local views = require "shark.top.views"

local M = {}

--- @param options? table { sort? = a field of the first view }
--- @return table state
---   view     table   of shark.top.views
---   sort     table   name of a view -> field; turned: name of a view -> boolean
---   filter   string
---   typing   table?  { what = "filter"|"irq", text, before = the filter until then }
---   paused   boolean
---   chosen   table   name of a view -> { index, key }
---   over     table?  instead of the view: { what = "help"|"map", lines, first, irq? }
---   page     table   what was shown last: { keys = of the rows, chosen = key, height = rows on the screen }
---   message  string? said on the last line, until the next key
function M.new(options)
  local first = views.list[1]
  return {
    view = first, sort = { [first.name] = options and options.sort }, turned = {}, filter = "", paused = false,
    chosen = {}, page = { keys = {}, height = 1 },
  }
end

--- The field that the rows of the view are ordered by.
function M.sort_of(state)
  return state.sort[state.view.name] or state.view.sort
end

-- ---- rows ----

local function choose(state, index)
  local list = state.page.keys
  index = math.max(1, math.min(index, #list))
  state.chosen[state.view.name] = { index = index, key = list[index] }
end

local function chosen_in(state)
  local name = state.view.name
  state.chosen[name] = state.chosen[name] or { index = 1 }
  return state.chosen[name]
end

--- The row that is chosen, of those that are shown: the same wherever it has moved to, or else the one in its place.
--- @param state table @param rows table[] @return integer index 0: there are none
function M.follow(state, rows)
  local chosen = chosen_in(state)
  for i, row in ipairs(rows) do
    if row.key == chosen.key then
      chosen.index = i
    end
  end
  return math.min(chosen.index, #rows)
end

local function move(state, by)
  choose(state, chosen_in(state).index + by)
end

local function scroll(state, by)
  local over = state.over
  local last = math.max(1, #over.lines - state.page.height + 1)
  over.first = math.max(1, math.min(over.first + by, last))
end

local FAR = 2 ^ 30
local MOVES = {
  up = function() return -1 end, k = function() return -1 end,
  down = function() return 1 end, j = function() return 1 end,
  pageup = function(state) return -state.page.height end,
  pagedown = function(state) return state.page.height end,
  home = function() return -FAR end, ["end"] = function() return FAR end,
}

-- ---- views ----

local function place_of(list, wanted)
  for i, value in ipairs(list) do
    if value == wanted then
      return i
    end
  end
  return 0
end

local function next_of(list, wanted, by)
  return list[(place_of(list, wanted) - 1 + by) % #list + 1]
end

local function sort_by_next(state, by)
  state.sort[state.view.name] = next_of(views.sorts(state.view), M.sort_of(state), by)
end

local function type_in(state, what, text)
  state.typing = { what = what, text = text, before = state.filter }
end

-- What a key does where rows are shown. Returns what is to be done besides.
local ROWS = {
  q = function() return "quit" end,
  p = function(state) state.paused = not state.paused end,
  s = function(state) sort_by_next(state, 1) end,
  S = function(state) sort_by_next(state, -1) end,
  r = function(state) state.turned[state.view.name] = not state.turned[state.view.name] end,
  h = function() return "help" end,
  i = function(state) type_in(state, "irq", "") end,
  ["/"] = function(state) type_in(state, "filter", state.filter) end,
  escape = function(state) state.filter = "" end,
  tab = function(state) state.view = next_of(views.list, state.view, 1) end,
  backtab = function(state) state.view = next_of(views.list, state.view, -1) end,
  enter = function() return "map" end,
  redraw = function() return "redraw" end,
}
ROWS[" "], ROWS["?"] = ROWS.p, ROWS.h

local function press_in_rows(state, key)
  local view = key:find("^%d$") and views.list[tonumber(key)]
  if view then
    state.view = view
  elseif MOVES[key] then
    move(state, MOVES[key](state))
  elseif ROWS[key] then
    return ROWS[key](state)
  end
end

-- ---- over the rows: help, or a map ----

local LEAVE = { q = true, escape = true, enter = true, backspace = true, h = true, ["?"] = true }

local function press_in_text(state, key)
  if MOVES[key] then
    scroll(state, MOVES[key](state))
  elseif LEAVE[key] then
    state.over = nil
  elseif key == "r" and state.over.irq then
    return "map again"
  elseif key == "redraw" then
    return "redraw"
  end
end

-- ---- typing ----

local TYPED = {
  enter = function(state, typing)
    state.typing = nil
    return typing.what == "irq" and typing.text ~= "" and "map of", typing.text
  end,
  escape = function(state, typing)
    state.filter, state.typing = typing.before, nil
  end,
  backspace = function(_, typing) typing.text = typing.text:gsub("[^\128-\191][\128-\191]*$", "") end,
  clear = function(_, typing) typing.text = "" end,
  redraw = function() return "redraw" end,
}

local function press_in_line(state, key)
  local typing, what, text = state.typing, nil, nil
  if keys.is_character(key) then
    typing.text = typing.text .. key
  elseif TYPED[key] then
    what, text = TYPED[key](state, typing)
  end
  if state.typing and typing.what == "filter" then
    state.filter = typing.text
  end
  return what, text
end

--- What a key changes.
--- @param state table @param key string of shark.top.keys
--- @return string? action "quit", "help", "map" (of the row that is chosen), "map of" (of what is named), "map again",
---   "redraw" @return string? text of "map of"
function M.press(state, key)
  state.message = nil
  if state.typing then
    return press_in_line(state, key)
  elseif state.over then
    return press_in_text(state, key)
  end
  return press_in_rows(state, key)
end

return M
