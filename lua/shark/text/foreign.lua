--- Text that others chose: names of tasks, disks, interrupts and symbols, what firmware and
-- the command line say. It may hold anything: control sequences of terminals, what turns the
-- direction of text, bytes that are no UTF-8. Events and rows have it as it is; it is made fit
-- here, where it is shown. See core/base/foreign.h for which characters become what.

local escape = require "shark.text.escape"
local screen = require "shark.text.screen"

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

local ANY = 2 ^ 31 - 1

--- Columns of text that was made fit: none for a mark above a letter, two for an ideograph.
--- @param text string @return integer
function M.width(text)
  return text:find("[\128-\255]") and select(2, screen.fit(text, ANY)) or #text
end

--- At most so many columns of text that was made fit, no character cut in two.
--- @param text string @param most integer @return string
function M.cut(text, most)
  return text:sub(1, (screen.fit(text, most)))
end

return M
