--- Heat maps in text: a line for each slice of time, a column for each power of
-- two of a latency, a darker mark for more.

local fmt = require "shark.fmt"

local M = {}

local PLAIN = { [0] = " ", ".", ":", "-", "=", "+", "*", "#", "%", "@" }
local DARKEST = #PLAIN
-- 256-colour codes from dark blue to white, for terminals.
local COLOURS = { [0] = 232, 17, 18, 20, 27, 39, 82, 226, 208, 231 }

--- The counts of a histogram by power of two: counts[e] of values from 2^e up.
--- @param hist shark.Hist @param first integer exponent @param last integer
function M.columns(hist, first, last)
  local counts = {}
  for exponent = first, last do
    counts[exponent] = 0
  end
  for _, bucket in ipairs(hist:buckets()) do
    local exponent = bucket.lo < 1 and 0 or select(2, math.frexp(bucket.lo)) - 1
    exponent = math.min(math.max(exponent, first), last)
    counts[exponent] = counts[exponent] + bucket.count
  end
  return counts
end

-- On a logarithmic scale: one of a thousand is what one looks for.
local function level(count, most)
  if count == 0 then
    return 0
  end
  return math.max(1, math.ceil(DARKEST * math.log(count + 1) / math.log(most + 1)))
end

local function mark(darkness, coloured)
  if coloured then
    return ("\27[48;5;%dm  \27[0m"):format(COLOURS[darkness])
  end
  return PLAIN[darkness]:rep(2)
end

--- One line: the columns' marks.
--- @param counts table from columns() @param coloured boolean for a terminal
function M.line(counts, first, last, coloured)
  local most, cells = 1, {}
  for exponent = first, last do
    most = math.max(most, counts[exponent])
  end
  for exponent = first, last do
    cells[#cells + 1] = mark(level(counts[exponent], most), coloured)
  end
  return table.concat(cells)
end

--- The scale below or above the lines: where some of the columns begin.
function M.scale(first, last)
  local text = ""
  for exponent = first, last, 4 do
    text = text .. ("%-8s"):format(fmt.duration(2 ^ exponent))
  end
  return (text:gsub("%s+$", ""))
end

return M
