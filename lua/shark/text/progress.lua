--- What a script is at, on standard error, while somebody waits before a terminal for its first line: from a second
-- on, on one line that is taken away again. In scripts that have a parser of shark.cli.

local terminal = require "shark.text.terminal"
local uv = require "uv"

local M = {}

local PATIENCE_NS, AGAIN_NS = 1e9, 1e8
local TAKE_AWAY = "\r\27[K"

-- Of the script that runs: its name, since when, when the line was written last. nil: nothing is told (any more).
local watched

--- From now on tell() tells, until something is printed.
--- @param name string of the script
--- @param given? table { is_watched, now, write } in place of the terminal's
function M.begin(name, given)
  given = given or {}
  local now = given.now or uv.hrtime
  local is_watched = given.is_watched
  if is_watched == nil then
    is_watched = terminal.is_watched()
  end
  watched = is_watched and {
    name = name, now = now, start = now(), last = 0,
    write = given.write or function(text) io.stderr:write(text) end,
  } or nil
end

--- What takes long is at this: "shark irqmap: interrupts, 120 of 4000".
--- @param what string @param done integer @param of? integer
function M.tell(what, done, of)
  local now = watched and watched.now()
  if not watched or now - watched.start < PATIENCE_NS or now - watched.last < AGAIN_NS then
    return
  end
  watched.last, watched.is_shown = now, true
  watched.write(("%sshark %s: %s, %d%s"):format(TAKE_AWAY, watched.name, what, done, of and " of " .. of or ""))
end

--- Something is printed: the line goes, and none comes any more.
function M.finish()
  if watched and watched.is_shown then
    watched.write(TAKE_AWAY)
  end
  watched = nil
end

return M
