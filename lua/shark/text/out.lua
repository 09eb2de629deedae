--- Where packaged scripts and modules print: nothing foreign reaches the terminal as it is.

local colour = require "shark.text.colour"
local foreign = require "shark.text.foreign"
local json = require "shark.json"
local progress = require "shark.text.progress"
local table_text = require "shark.text.table"
local terminal = require "shark.text.terminal"
local wrap = require "shark.text.wrap"

local M = {}

-- Text may be foreign; numbers are formatted as they are.
local function fit(value)
  local is_plain = type(value) == "number" or value == nil
  return is_plain and value or foreign.line(value)
end

local function formatted(format, ...)
  local arguments, n = { ... }, select("#", ...)
  for i = 1, n do
    arguments[i] = fit(arguments[i])
  end
  return format:format(unpack(arguments, 1, n))
end

local function plain(text)
  return text
end

local function put(...)
  progress.finish()
  io.stdout:write(...)
end

-- What is wider than the terminal goes on below, a little deeper.
local function write(text, style)
  for _, line in ipairs(wrap.folded(text, terminal.columns())) do
    put(style(line), "\n")
  end
end

--- Prints a line: an own format, and its arguments, of which text is made fit.
--- @param format string a literal @param ... any
function M.line(format, ...)
  write(formatted(format, ...), plain)
end

--- The same of what is wrong or was lost, so that it is seen.
--- @param format string a literal @param ... any
function M.warn(format, ...)
  write(formatted(format, ...), colour.warning)
end

--- Prints several lines: a list of them, or a text whose lines have been made fit
--- one by one, as those of shark.text.tree are.
--- @param lines string[]|string
function M.lines(lines)
  if type(lines) == "string" then
    return write(foreign.lines(lines), plain)
  end
  for _, line in ipairs(lines) do
    write(foreign.line(line), plain)
  end
end

--- Prints a table that fits the terminal, and says what of it was left out.
--- @param columns table[] as shark.text.table takes them @param rows table[]
--- @param options? table left_out = so many rows; below = fun(row): string[] lines below each
function M.table(columns, rows, options)
  options = options or {}
  local lines, missing = table_text.lines(columns, rows, terminal.columns(), colour)
  for i, line in ipairs(lines) do
    M.raw(line)
    M.lines(options.below and rows[i - 1] and options.below(rows[i - 1]) or {})
  end
  if #missing > 0 then
    M.line("left out (--wide): %s", table.concat(missing, ", "))
  end
  if (options.left_out or 0) > 0 then
    M.line("left out (--top): %d row%s", options.left_out, options.left_out == 1 and "" or "s")
  end
end

--- Prints a line of our own that has control sequences, as colours are.
--- @param text string
function M.raw(text)
  put(text, "\n")
end

--- Prints a value as JSON, on a line.
--- @param value any @param order string[] of fields, see shark.json
function M.json(value, order)
  put(json.encode(value, order), "\n")
end

--- Prints values as print() does, their text made fit.
--- @param ... any
function M.values(...)
  local parts = {}
  for i = 1, select("#", ...) do
    parts[i] = foreign.lines((select(i, ...)))
  end
  put(table.concat(parts, "\t"), "\n")
end

--- Prints a line on standard error, after what was printed before.
--- @param format string a literal @param ... any
function M.complain(format, ...)
  progress.finish()
  io.stdout:flush()
  io.stderr:write(foreign.lines(format:format(...)), "\n")
end

return M
