--- The highest rate of each row of a session, looked at often: bursts that an average hides.
--- Rows that read() makes one of are one here, too.

local M = {}

-- Most rows are empty: the table is looked through for new ones now and then only.
local RESCAN = 10

local Peaks = {}
Peaks.__index = Peaks

--- @param session shark.Session @param least_s number a rate is told over no less than so many seconds
function M.new(session, least_s)
  return setmetatable({
    session = session, least_s = least_s, rows = {}, keys = {}, samples = 0, counts = {}, window = {}, all = {},
  }, Peaks)
end

local function find_rows(self)
  local session = self.session
  for i = 0, session.nr_rows - 1 do
    local row = session.rows[i]
    if not self.keys[i] and row.used ~= 0 and row.what == 0 then
      local key = session:key_at(i)
      self.keys[i], self.rows[#self.rows + 1] = key, i
      if self.counts[key] then -- another row of the same: what it had before is no burst
        self.counts[key] = self.counts[key] + tonumber(row.count)
      end
    end
  end
end

local function counts_now(self)
  local counts = {}
  for _, i in ipairs(self.rows) do
    local key = self.keys[i]
    counts[key] = (counts[key] or 0) + tonumber(self.session.rows[i].count)
  end
  return counts
end

local function raise(peaks, key, rate)
  peaks[key] = math.max(peaks[key] or 0, rate)
end

--- Looks at the counts once.
--- @param now_s number seconds of any clock that is not set back
function Peaks:sample(now_s)
  local seconds = self.last_s and math.max(now_s - self.last_s, self.least_s)
  if self.samples % RESCAN == 0 then
    find_rows(self)
  end
  local counts = counts_now(self)
  for key, count in pairs(counts) do
    if self.counts[key] then -- else when it came is not known
      self:note(key, (count - self.counts[key]) / seconds)
    end
  end
  self.counts, self.last_s, self.samples = counts, now_s, self.samples + 1
end

--- A rate that was measured otherwise: no peak is below the average of its window.
function Peaks:note(key, rate)
  raise(self.window, key, rate)
  raise(self.all, key, rate)
end

--- The highest rate of a row since the last end_window(), or of all the time.
--- @param key string as session:key() has it @param all boolean
--- @return number per second
function Peaks:of(key, all)
  return (all and self.all or self.window)[key] or 0
end

--- From here on another window.
function Peaks:end_window()
  self.window = {}
end

return M
