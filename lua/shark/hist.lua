--- Log-linear histograms, as the kernel side counts them: eight buckets for
-- each power of two from 0 to 2^64 - 1, so a value is known to within 1/8 of
-- itself at any magnitude.

local ffi = require "ffi"
local C = require "shark.events"
local json = require "shark.json"

local SUB, NR = C.SHARK_HIST_SUB, C.SHARK_HIST_BUCKETS
local counters, uint64 = ffi.typeof("uint64_t[?]"), ffi.typeof("uint64_t")

local M = {}

--- @class shark.Hist
local Hist = {}
Hist.__index = Hist

--- Lower and upper bound of bucket i (0 to 495): lo <= value < hi.
--- @return number lo @return number hi
function M.bounds(i)
  if i < SUB then
    return i, i + 1
  end
  local shift = math.floor(i / SUB) - 1
  local width = 2 ^ shift
  local lo = (SUB + i % SUB) * width
  return lo, lo + width
end

--- The bucket a value falls into.
--- @param value number from 0 on, below 2^64; exact below 2^53 @return integer i
function M.bucket(value)
  if not (value >= 0 and value < 2 ^ 64) then
    error(("a histogram has no bucket for %s: its values are numbers from 0 to 2^64 - 1"):format(value), 3)
  elseif value < SUB then
    return math.floor(value)
  end
  local _, exponent = math.frexp(value) -- value = m * 2^exponent, 0.5 <= m < 1
  local shift = exponent - 1 - C.SHARK_HIST_SUB_BITS
  return (shift + 1) * SUB + math.floor(value / 2 ^ shift) - SUB
end

-- Most of a histogram is empty: `counts` has the buckets from `first` to `last` only.
-- Has it reach from one bucket to another.
local function reach(hist, first, last)
  local counts, old_first = counters(last - first + 1), hist.first
  if hist.counts then
    ffi.copy(counts + (old_first - first), hist.counts, (hist.last - old_first + 1) * 8)
  end
  hist.counts, hist.first, hist.last = counts, first, last
end

-- Memory is reached by what a histogram says of itself, and by the kernel's counters.

local function check_hist(value, name)
  if getmetatable(value) ~= Hist then
    error(("bad argument to '%s' (histogram expected, got %s)"):format(name, type(value)), 3)
  end
end

local function check_counters(from)
  local is_long = type(from) == "cdata" and (ffi.sizeof(from) or 0) >= NR * ffi.sizeof(uint64)
  if not (is_long and ffi.istype(uint64, from[0])) then
    error(("bad argument #1 to 'new' (uint64_t[%d] expected)"):format(NR), 3)
  end
end

--- A histogram: empty, or a copy of the kernel's counters (uint64_t[496]).
--- @param from? ffi.cdata* @param max? integer|ffi.cdata* the largest of their values, if it is known
--- @return shark.Hist
function M.new(from, max)
  local hist = setmetatable({ max = max and tonumber(max) }, Hist)
  local first, last
  if from ~= nil then
    check_counters(from)
  end
  for i = 0, from and NR - 1 or -1 do
    if from[i] ~= 0 then
      first, last = first or i, i
    end
  end
  if first then
    hist.counts, hist.first, hist.last = counters(last - first + 1), first, last
    ffi.copy(hist.counts, from + first, (last - first + 1) * 8)
  end
  return hist
end

-- Adds n to bucket i.
local function add_to(hist, i, n)
  if not hist.counts then
    reach(hist, i, i)
  elseif i < hist.first or i > hist.last then
    reach(hist, math.min(i, hist.first), math.max(i, hist.last))
  end
  hist.counts[i - hist.first] = hist.counts[i - hist.first] + n
end

-- How many values are in bucket i, as uint64_t.
local function count_of(hist, i)
  return hist.counts and i >= hist.first and i <= hist.last and hist.counts[i - hist.first] or 0ULL
end

local function larger(a, b)
  return a and b and math.max(a, b) or a or b
end

--- Counts a value, once or n times.
--- @param value number from 0 on, below 2^64; exact below 2^53 @param n? integer
function Hist:add(value, n)
  check_hist(self, "add")
  add_to(self, M.bucket(value), n or 1)
  self.max = larger(self.max, value)
end

-- Calls visit(bucket, count) for each bucket that is not empty, in their order.
local function each(hist, visit)
  for i = hist.counts and hist.first or 0, hist.counts and hist.last or -1 do
    if hist.counts[i - hist.first] ~= 0 then
      visit(i, hist.counts[i - hist.first])
    end
  end
end

--- Adds the counts of another histogram to this one.
function Hist:merge(other)
  check_hist(self, "merge")
  check_hist(other, "merge")
  if other.counts then -- at once, not bucket by bucket
    local first = math.min(self.first or other.first, other.first)
    local last = math.max(self.last or other.last, other.last)
    if first ~= self.first or last ~= self.last then
      reach(self, first, last)
    end
  end
  each(other, function(i, count) add_to(self, i, count) end)
  self.max = larger(self.max, other.max)
  return self
end

--- A histogram of its own with the same counts.
--- @return shark.Hist
function Hist:copy()
  return M.new():merge(self)
end

--- What this histogram has more than an earlier copy of it. Of the maximum only
--- that of both is known.
--- @return shark.Hist
function Hist:since(earlier)
  check_hist(earlier, "since")
  local hist = self:copy()
  each(earlier, function(i, count) add_to(hist, i, -count) end)
  return hist
end

--- How many values it has.
--- @return integer
function Hist:count()
  check_hist(self, "count")
  local sum = 0ULL
  for i = 0, self.counts and self.last - self.first or -1 do
    sum = sum + self.counts[i]
  end
  return tonumber(sum)
end

--- The buckets that are not empty, ascending.
--- @return { lo: number, hi: number, count: integer }[]
function Hist:buckets()
  check_hist(self, "buckets")
  local list = {}
  each(self, function(i, count)
    local lo, hi = M.bounds(i)
    list[#list + 1] = { lo = lo, hi = hi, count = tonumber(count) }
  end)
  return list
end

-- In JSON, a histogram is its buckets.
function Hist:__tojson()
  return json.encode(self:buckets(), { "lo", "hi", "count" })
end

local function check_percent(p)
  if type(p) ~= "number" or not (p >= 0 and p <= 100) then
    error(("bad argument #1 to 'percentile' (0 to 100 expected, got %s)"):format(tostring(p)), 3)
  end
end

--- A value that p percent of the values do not exceed: the largest that its bucket has room
--- for, and never more than the largest value there was. So it is exact or up to an
--- eighth above the exact percentile, and not below it; nil for an empty histogram.
--- @param p number 0 to 100
--- @return number?
function Hist:percentile(p)
  check_percent(p)
  local wanted = math.max(1, math.ceil(self:count() * p / 100))
  local seen = 0
  for i = 0, NR - 1 do
    seen = seen + tonumber(count_of(self, i))
    if seen >= wanted then
      local lo, hi = M.bounds(i)
      return math.max(lo, math.min(hi - 1, self.max or hi - 1))
    end
  end
  return nil
end

-- Joins neighbouring buckets until at most `most` lines are left, empty ones
-- between the first and the last included.
local function lines_of(hist, most)
  local first, last
  each(hist, function(i) first, last = first or i, i end)
  if not first then
    return {}
  end
  local step = 1
  while math.floor(last / step) - math.floor(first / step) + 1 > most do
    step = step * 2
  end
  local lines = {}
  for group = math.floor(first / step), math.floor(last / step) do
    local line = { lo = M.bounds(group * step), count = 0 }
    for i = group * step, math.min(group * step + step, NR) - 1 do
      line.count = line.count + tonumber(count_of(hist, i))
      line.hi = select(2, M.bounds(i))
    end
    lines[#lines + 1] = line
  end
  return lines
end

local MOST_SIZE = 10000

local function check_size(name, size)
  if type(size) ~= "number" or not (size >= 1 and size <= MOST_SIZE) or size ~= math.floor(size) then
    error(("option '%s' of 'bars' is a whole number from 1 to %d"):format(name, MOST_SIZE), 3)
  end
end

--- The histogram as bars, the longest for the fullest line.
--- @param options? table { format = fun(value): string, most = lines, width = columns }
--- @return string text, "" for an empty histogram
function Hist:bars(options)
  options = options or {}
  check_hist(self, "bars")
  local format, width, most = options.format or tostring, options.width or 40, options.most or 24
  check_size("width", width)
  check_size("most", most)
  local lines = lines_of(self, most)
  local fullest = 0
  for _, line in ipairs(lines) do
    fullest = math.max(fullest, line.count)
  end
  local text = {}
  for _, line in ipairs(lines) do
    local stars = math.ceil(line.count / fullest * width)
    text[#text + 1] = ("%10s .. %-10s %10.0f |%s%s|")
      :format(format(line.lo), format(line.hi), line.count, ("*"):rep(stars), (" "):rep(width - stars))
  end
  return table.concat(text, "\n")
end

return M
