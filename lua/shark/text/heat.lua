--- Heat maps in text: a line for each slice of time, a column for each power of
-- two of a latency, a darker mark for more.

local fmt = require "shark.fmt"
local foreign = require "shark.text.foreign"

local M = {}

local PLAIN = { [0] = " ", ".", ":", "-", "=", "+", "*", "#", "%", "@" }
local DARKEST = #PLAIN
-- 256-colour codes from dark blue to white, for terminals.
local COLOURS = { [0] = 232, 17, 18, 20, 27, 39, 82, 226, 208, 231 }

-- Columns are powers of two that values have.
local MOST_EXPONENT = 64

local function check_exponents(name, first, last)
  local is_range = type(first) == "number" and type(last) == "number" and first >= 0 and last <= MOST_EXPONENT
  if not (is_range and first <= last and first % 1 == 0 and last % 1 == 0) then
    error(("'%s' takes two exponents from 0 to %d, not %s and %s"):format(name, MOST_EXPONENT, tostring(first),
      tostring(last)), 3)
  end
end

--- The counts of a histogram by power of two: counts[e] of values from 2^e up.
--- @param hist shark.Hist @param first integer exponent @param last integer
--- @return table<integer, integer>
function M.columns(hist, first, last)
  check_exponents("columns", first, last)
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
  local share = math.log(count + 1) / math.log(most + 1)
  return math.max(1, math.ceil(DARKEST * share))
end

local function mark(darkness, coloured)
  if coloured then
    return ("\27[48;5;%dm  \27[0m"):format(COLOURS[darkness])
  end
  return PLAIN[darkness]:rep(2)
end

--- One line: the columns' marks.
--- @param counts table from columns() @param first integer @param last integer
--- @param coloured boolean for a terminal @return string
function M.line(counts, first, last, coloured)
  check_exponents("line", first, last)
  local most, cells = 1, {}
  for exponent = first, last do
    most = math.max(most, counts[exponent])
  end
  for exponent = first, last do
    cells[#cells + 1] = mark(level(counts[exponent], most), coloured)
  end
  return table.concat(cells)
end

-- ---- as a picture ----

-- The colours of a terminal, as SVG has them.
local FILLS = { [0] = "#080808", "#00005f", "#000087", "#0000d7", "#0087ff", "#00afff", "#5fff00", "#ffff00", "#ff8700",
  "#ffffff" }
local CELL, MARGIN, LABEL = 14, 70, 40

local function cell(x, y, count, darkness, what)
  return ('<rect x="%d" y="%d" width="%d" height="%d" fill="%s"><title>%s: %.0f</title></rect>\n')
    :format(x, y, CELL, CELL, FILLS[darkness], foreign.xml(what), count)
end

local function label_at(x, y, anchor, words)
  return ('<text x="%d" y="%d" text-anchor="%s">%s</text>\n'):format(x, y, anchor, foreign.xml(words))
end

local function most_of(slices, first, last)
  local most = 1
  for _, slice in ipairs(slices) do
    for exponent = first, last do
      most = math.max(most, slice.counts[exponent])
    end
  end
  return most
end

--- A map as SVG: time from left to right, latency upwards.
--- @param slices table[] { label, counts = from columns() }
--- @param first integer exponent @param last integer @param title string
--- @return string svg
function M.svg(slices, first, last, title)
  check_exponents("svg", first, last)
  local width, height = MARGIN + math.max(#slices, 30) * CELL + 20, LABEL + (last - first + 2) * CELL + 30
  local most = most_of(slices, first, last)
  local parts = {
    ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">\n')
      :format(width, height),
    ('<rect width="%d" height="%d" fill="#ffffff"/>\n'):format(width, height), label_at(MARGIN, 20, "start", title),
  }
  for exponent = first, last do
    local y = LABEL + (last - exponent) * CELL
    if (exponent - first) % 2 == 0 then
      parts[#parts + 1] = label_at(MARGIN - 6, y + CELL, "end", fmt.duration(2 ^ exponent))
    end
    for i, slice in ipairs(slices) do
      local count = slice.counts[exponent]
      parts[#parts + 1] = cell(MARGIN + (i - 1) * CELL, y, count, level(count, most),
        ("%s, from %s"):format(slice.label, fmt.duration(2 ^ exponent)))
    end
  end
  for i = 1, #slices, 10 do
    parts[#parts + 1] = label_at(MARGIN + (i - 1) * CELL, height - 14, "start", slices[i].label)
  end
  parts[#parts + 1] = "</svg>\n"
  return table.concat(parts)
end

--- The scale below or above the lines: where some of the columns begin.
--- @param first integer exponent @param last integer @return string
function M.scale(first, last)
  check_exponents("scale", first, last)
  local text = ""
  for exponent = first, last, 4 do
    text = text .. ("%-8s"):format(fmt.duration(2 ^ exponent))
  end
  return (text:gsub("%s+$", ""))
end

return M
