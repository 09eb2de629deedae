--- What is printed to: how wide it is, and whether it shows colours.

local screen = require "shark.text.screen"
local uv = require "uv"

local M = {}

local STDOUT, STDERR = 1, 2

local is_wide = false

--- From now on lines may be as long as they are (--wide).
function M.widen()
  is_wide = true
end

--- The columns that a line may take: of the environment's COLUMNS, or else of the terminal.
--- @return integer? columns nil: any number
function M.columns()
  local set = tonumber((os.getenv "COLUMNS" or ""):match "^%d+$")
  if is_wide then
    return nil
  end
  return set and set > 0 and set or screen.columns(STDOUT)
end

--- Does somebody see standard error as it is written?
--- @return boolean
function M.is_watched()
  return uv.guess_handle(STDERR) == "tty"
end

--- May there be colours? NO_COLOR: https://no-color.org
--- @return boolean
function M.is_coloured()
  return uv.guess_handle(STDOUT) == "tty" and (os.getenv "NO_COLOR" or "") == "" and os.getenv "TERM" ~= "dumb"
end

return M
