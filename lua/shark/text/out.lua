--- Where packaged scripts and modules print: nothing foreign reaches the terminal as it is.

local foreign = require "shark.text.foreign"
local json = require "shark.json"

local M = {}

-- Text may be foreign; numbers are formatted as they are.
local function fit(value)
  local is_plain = type(value) == "number" or value == nil
  return is_plain and value or foreign.line(value)
end

--- Prints a line: an own format, and its arguments, of which text is made fit.
--- @param format string a literal @param ... any
function M.line(format, ...)
  local arguments, n = { ... }, select("#", ...)
  for i = 1, n do
    arguments[i] = fit(arguments[i])
  end
  io.stdout:write(format:format(unpack(arguments, 1, n)), "\n")
end

--- Prints several lines: a list of them, or a text whose lines have been made fit
--- one by one, as those of shark.text.table and shark.text.tree are.
--- @param lines string[]|string
function M.lines(lines)
  if type(lines) == "string" then
    io.stdout:write(foreign.lines(lines), "\n")
    return
  end
  for _, line in ipairs(lines) do
    io.stdout:write(foreign.line(line), "\n")
  end
end

--- Prints a line of our own that has control sequences, as colours are.
--- @param text string
function M.raw(text)
  io.stdout:write(text, "\n")
end

--- Prints a value as JSON, on a line.
--- @param value any @param order string[] of fields, see shark.json
function M.json(value, order)
  io.stdout:write(json.encode(value, order), "\n")
end

--- Prints values as print() does, their text made fit.
--- @param ... any
function M.values(...)
  local parts = {}
  for i = 1, select("#", ...) do
    parts[i] = foreign.lines((select(i, ...)))
  end
  M.lines(table.concat(parts, "\t"))
end

--- Prints a line on standard error, after what was printed before.
--- @param format string a literal @param ... any
function M.complain(format, ...)
  io.stdout:flush()
  io.stderr:write(foreign.lines(format:format(...)), "\n")
end

return M
