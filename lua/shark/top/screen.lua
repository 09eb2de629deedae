--- The terminal's whole screen: what is on it is known, so only lines that changed are written;
-- keys and new sizes come as callbacks. core/host/terminal.c gives the screen back, however the process ends.

local core = require "shark.core.terminal"
local foreign = require "shark.text.foreign"
local keys = require "shark.top.keys"
local uv = require "uv"

local M = {}

local Screen = {}
Screen.__index = Screen

-- What begins like the sequence of a key is Escape when nothing has come behind it for so long.
local LONE_MS = 50

-- A serial line tells no size.
local USUAL = { columns = 80, lines = 24 }

local STYLES = { reverse = "\27[7m", bold = "\27[1m" }

-- ---- what is drawn ----

local function look_at_size(screen)
  local columns, lines = screen.input:get_winsize()
  local known = type(columns) == "number" and columns > 0 and lines > 0
  screen.columns, screen.lines = known and columns or USUAL.columns, known and lines or USUAL.lines
end

-- One line of the screen, whatever its text is: too long is cut, and what is left of the old one goes.
local function sequence(screen, number, line)
  local text = foreign.cut(foreign.line(line.text), screen.columns)
  local style = STYLES[line.style]
  if style then
    text = style .. text .. (" "):rep(screen.columns - foreign.width(text)) .. "\27[m"
  end
  return ("\27[%d;1H\27[K%s"):format(number, text)
end

local function changes(screen, frame)
  local parts = {}
  for number = 1, screen.lines do
    local line = sequence(screen, number, frame[number] or { text = "" })
    if line ~= screen.shown[number] then
      screen.shown[number], parts[#parts + 1] = line, line
    end
  end
  return parts
end

-- Where text is being typed; nowhere else.
local function cursor_sequence(cursor)
  return cursor and ("\27[%d;%dH\27[?25h"):format(cursor.line, cursor.column) or "\27[?25l"
end

--- Shows a frame. While the terminal is another's it shows nothing.
--- @param frame table[] lines { text, style = "reverse"|"bold"|nil }, cut as the screen is; cursor = { line, column }?
function Screen:draw(frame)
  if not core.is_taken() and not self:take() then
    return
  end
  local parts = changes(self, frame)
  parts[#parts + 1] = cursor_sequence(frame.cursor)
  io.stdout:write("\27[?25l", table.concat(parts))
  io.stdout:flush()
end

--- Nothing of what was drawn is relied upon from here on.
function Screen:forget()
  self.shown = {}
  look_at_size(self)
end

--- Takes the screen, again after it was given back by a stop.
--- @return true? @return string? message @return string? name
function Screen:take()
  local taken, message, name = core.take()
  if taken then
    self:forget()
  end
  return taken, message, name
end

-- ---- what comes in ----

local function hand_over(screen, list)
  for _, key in ipairs(list) do
    screen.on_key(key)
  end
end

local function on_bytes(screen, bytes)
  local list
  if screen.lone then
    screen.lone:close()
    screen.lone = nil
  end
  list, screen.rest = keys.decode(screen.rest .. bytes)
  hand_over(screen, list)
  if screen.rest ~= "" then
    screen.lone = set_timeout(function()
      list, screen.rest, screen.lone = keys.flush(screen.rest), "", nil
      hand_over(screen, list)
    end, LONE_MS)
  end
end

local function watch_signal(name, callback)
  local signal = uv.new_signal()
  signal:start(name, callback)
  signal:unref()
end

--- Takes the terminal's screen.
--- @param callbacks table on_key(key), keys as shark.top.keys has them; on_change(): it is to be drawn anew;
---   on_end(): the terminal has gone
--- @return table? screen with columns and lines @return string? message @return string? name
function M.open(callbacks)
  local screen = setmetatable({ on_key = callbacks.on_key, rest = "", shown = {} }, Screen)
  local taken, message, name = core.take()
  if not taken then
    return nil, message, name
  end
  screen.input = uv.new_tty(0, true)
  look_at_size(screen)
  screen.input:read_start(function(problem, bytes)
    if problem or not bytes then
      return callbacks.on_end()
    end
    on_bytes(screen, bytes)
  end)
  local function changed()
    screen:forget()
    callbacks.on_change()
  end
  watch_signal("sigwinch", changed)
  watch_signal("sigcont", function()
    screen:take() -- a stop that could not be seen coming has left it to others
    changed()
  end)
  return screen
end

return M
