--- Colours, few: on a terminal that has them, and where nobody has said otherwise. Elsewhere text stays as it is.

local terminal = require "shark.text.terminal"

local M = {}

-- Of ECMA-48, which the 16 colours of every terminal go by.
local BOLD, YELLOW, RED, OFF = "\27[1m", "\27[1;33m", "\27[1;31m", "\27[0m"

local function styled(style, text)
  return terminal.is_coloured() and text ~= "" and style .. text .. OFF or text
end

--- A title.
--- @param text string made fit before @return string
function M.title(text)
  return styled(BOLD, text)
end

--- The largest of its column.
--- @param text string made fit before @return string
function M.most(text)
  return styled(YELLOW, text)
end

--- What was lost, and what is wrong.
--- @param text string made fit before @return string
function M.warning(text)
  return styled(RED, text)
end

return M
