--- What is printed to: how wide it is, and whether it shows colours.

local screen = require "shark.text.screen"
local uv = require "uv"

local M = {}

local STDOUT, STDERR = 1, 2

-- What stays as it is as long as the process runs; only a terminal's width changes.
local is_terminal = uv.guess_handle(STDOUT) == "tty"
local asked_for = tonumber((os.getenv "COLUMNS" or ""):match "^0*([1-9]%d*)$")
local is_coloured = is_terminal and (os.getenv "NO_COLOR" or "") == "" and os.getenv "TERM" ~= "dumb"

local is_wide = false

--- From now on lines may be as long as they are (--wide).
function M.widen()
  is_wide = true
end

--- The columns that a line may take: of the environment's COLUMNS, or else of the terminal.
--- @return integer? columns nil: any number
function M.columns()
  if is_wide then
    return nil
  end
  return asked_for or is_terminal and screen.columns(STDOUT) or nil
end

--- Does somebody see standard error as it is written?
--- @return boolean
function M.is_watched()
  return uv.guess_handle(STDERR) == "tty"
end

--- May there be colours? NO_COLOR: https://no-color.org
--- @return boolean
function M.is_coloured()
  return is_coloured
end

return M
