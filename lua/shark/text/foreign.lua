--- Text that others chose: names of tasks, disks, interrupts and symbols, what firmware and
-- the command line say. It may hold anything: control sequences of terminals, what turns the
-- direction of text, bytes that are no UTF-8. Events and rows have it as it is; it is made fit
-- here, where it is shown. See core/base/foreign.h for which characters become what.

local escape = require "shark.text.escape"

local M = {}

--- One line: what is not shown as it is becomes \xNN, newlines too. What was made fit
--- before stays as it is.
--- @param value any @return string
function M.line(value)
  local text = tostring(value)
  return text:find("[^\32-\126]") and escape.line(text) or text
end

--- The same for text of several lines: newlines and tabs stay.
--- @param value any @return string
function M.lines(value)
  return escape.lines(tostring(value))
end

--- What stands between the quotes of a JSON string.
--- @param text string @return string
function M.json(text)
  return text:find('[%c"\\\127-\255]') and escape.json(text) or text
end

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- Text or an attribute's value of XML (SVG).
--- @param value any @return string
function M.xml(value)
  return (M.lines(value):gsub("[&<>\"']", ENTITIES))
end

--- A quoted string of Graphviz, of one line or several.
--- @param ... string lines @return string
function M.dot(...)
  local lines = {}
  for i = 1, select("#", ...) do
    lines[i] = M.line((select(i, ...))):gsub('[\\"]', "\\%0")
  end
  return '"' .. table.concat(lines, "\\n") .. '"'
end

-- Bytes of UTF-8 after the first of a character.
local FURTHER = "[\128-\191]"

--- Columns of text that was made fit, a character one each.
--- @param text string @return integer
function M.width(text)
  return #text - select(2, text:gsub(FURTHER, ""))
end

--- At most so many columns of text that was made fit, no character cut in two.
--- @param text string @param most integer @return string
function M.cut(text, most)
  local kept = ""
  for character in text:gmatch("[^\128-\191][\128-\191]*") do
    if most == 0 then
      break
    end
    kept, most = kept .. character, most - 1
  end
  return kept
end

return M
