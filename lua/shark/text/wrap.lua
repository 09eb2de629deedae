--- Text broken into lines at its spaces.

local foreign = require "shark.text.foreign"

local M = {}

--- @param text string @param width integer columns; a word that is longer has a line of its own
--- @return string[] lines at least one
function M.lines(text, width)
  local lines, line = {}, nil
  for word in foreign.line(text):gmatch("%S+") do
    local longer = line and line .. " " .. word or word
    if line and foreign.width(longer) > width then
      lines[#lines + 1], line = line, word
    else
      line = longer
    end
  end
  lines[#lines + 1] = line or ""
  return lines
end

return M
