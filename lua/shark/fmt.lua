--- Numbers as people read them.

local foreign = require "shark.text.foreign"

local M = {}

local DURATIONS = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" } }

--- Nanoseconds with three significant digits: "950ns", "1.23us", "12.3ms", "45.6s".
--- @param ns number @return string
function M.duration(ns)
  for _, unit in ipairs(DURATIONS) do
    local value = ns / unit[1]
    if value >= 0.9995 then
      local digits = value >= 99.95 and 0 or value >= 9.995 and 1 or 2
      return ("%." .. digits .. "f%s"):format(value, unit[2])
    end
  end
  return ("%.0fns"):format(ns)
end

--- Microseconds with one digit, for columns that shall line up.
--- @param ns number @return string
function M.microseconds(ns)
  return ("%.1f"):format(ns / 1e3)
end

--- A count without an exponent.
--- @param n number @return string
function M.count(n)
  return ("%.0f"):format(n)
end

--- A rate: one digit below 10, none above.
--- @param n number @return string
function M.rate(n)
  return (n > 0 and n < 9.95 and "%.1f" or "%.0f"):format(n)
end

--- Text that others chose, made fit for a terminal: one line of UTF-8; what is not shown as
--- it is (control characters, what turns or hides text, broken UTF-8) becomes "\\xNN".
--- @param value any @return string
M.printable = foreign.line

return M
