--- Text broken into lines at its spaces.

local foreign = require "shark.text.foreign"

local M = {}

local function check_width(name, width)
  if type(width) ~= "number" or width < 1 or width ~= width then
    error(("bad argument #2 to '%s' (columns expected, got %s)"):format(name, tostring(width)), 3)
  end
end

--- @param text string @param width integer columns; a word that is longer has a line of its own
--- @return string[] lines at least one
function M.lines(text, width)
  check_width("lines", width)
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

local DEEPER = "    "

-- Where a line that is too long ends: at its last blank, or else where the room does; and where the next begins.
local function break_of(line, indent, width)
  local room = foreign.cut(line, width)
  local blank = room:find(" [^ ]*$")
  if #room < #line and line:sub(#room + 1, #room + 1) == " " then
    return #room, line:find("[^ ]", #room + 1) or #line + 1
  elseif blank and blank > #indent + 1 then
    return blank - 1, blank + 1
  end
  local last = #room > 0 and #room or #line:match("^.[\128-\191]*") -- a character that is wider than the room
  return last, last + 1
end

--- A line that was made fit as several, of which the later ones stand deeper than the first; blanks stay.
--- @param line string @param width integer columns @return string[] lines at least one
function M.hanging(line, width)
  check_width("hanging", width)
  local indent = line:match("^ *") .. DEEPER
  local lines = {}
  indent = #indent <= width / 2 and indent or ""
  while foreign.width(line) > width do
    local last, next_one = break_of(line, line:match("^ *"), width)
    lines[#lines + 1], line = line:sub(1, last), indent .. line:sub(next_one)
  end
  lines[#lines + 1] = line
  return lines
end

--- Each line of a text as hanging() has it.
--- @param text string whose lines were made fit @param width? integer columns; nil: any number
--- @return string[] lines at least one
function M.folded(text, width)
  local list = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    for _, part in ipairs(width and M.hanging(line, width) or { line }) do
      list[#list + 1] = part
    end
  end
  return list
end

return M
