--- The traces behind shark top: each is opened when what it tells is looked at first, and read once in an interval.

local cpus = require "shark.system.cpus"
local irq = require "shark.irq"
local irqmap = require "shark.irqmap"
local providers = require "shark.providers"
local remap = require "shark.remap"
local rows_of = require "shark.rows"
local schedule = require "shark.schedule"

local M = {}

local Sources = {}
Sources.__index = Sources

-- A way is asked of those traces that have it.
local function way(provider, options)
  return options.way and providers.way_of(provider, options.way)
end

local function open_virtblk(options)
  local virtblk = require "shark.virtblk"
  if #virtblk.disks() == 0 then
    return nil, "no virtio-blk disk here"
  end
  return virtblk.requests { cpu = options.cpu, way = way("virtblk", options) }
end

local OPEN = {
  hardirq = function(options)
    return irq.hardirq { irq = options.irq, cpu = options.cpu, way = way("hardirq", options), audit = true }
  end,
  softirq = function(options)
    return irq.softirq { cpu = options.cpu, way = way("softirq", options), audit = true }
  end,
  vector = function(options)
    return irq.vector { cpu = options.cpu, way = way("vector", options), audit = true }
  end,
  ipi = function(options) return irq.ipi { cpu = options.cpu, way = way("ipi", options), audit = true } end,
  virtblk = open_virtblk,
  changes = function(options)
    return remap.changes { irq = options.irq, way = way("irte_intel", options) }
  end,
}

-- What is not traced but looked up, each time.
local LOOK_UP = { vectors = irqmap.vectors_left }

local TITLES = {
  hardirq = "interrupts of devices", softirq = "softirqs", vector = "interrupts of the system", ipi = "IPIs",
  virtblk = "requests of virtio-blk", changes = "changes of remapping", vectors = "vectors left",
}

--- The names of all of them.
M.NAMES = { "hardirq", "softirq", "vector", "ipi", "virtblk", "changes", "vectors" }

--- @param options table { irq?, cpu?, way? } @return table sources none is open yet
function M.new(options)
  return setmetatable({ options = options, used = {}, why = {}, sessions = {}, before = {} }, Sources)
end

--- Has a trace begin, if it did not. Why it cannot, refusal() says.
--- @param name string of M.NAMES
function Sources:use(name)
  if self.used[name] then
    return
  end
  self.used[name] = true
  if OPEN[name] then
    local session, message = OPEN[name](self.options)
    self.why[name] = not session and message or nil
    self.sessions[#self.sessions + 1] = session and { name = name, session = session }
  end
end

--- Why one of these is not known; nil if it is.
--- @param name string of M.NAMES @return string? why a line
function Sources:refusal(name)
  return self.why[name] and ("%s: not known here: %s"):format(TITLES[name], self.why[name])
end

-- ---- reading ----

-- What a row has more than before, without its histograms: nobody looks at them.
local function since(session, rows, before)
  local list, spec = {}, { sums = session.kind.sums, counts = session.kind.counts }
  for i, row in ipairs(rows) do
    list[i] = rows_of.since(row, before[session:key(row)], spec)
    list[i].since_start = row.count
  end
  return list
end

-- What was opened amid an interval says nothing of that: it counts from the end of it on.
local function read_session(self, name, session, from_start)
  local rows = session:read()
  local before = from_start and {} or self.before[name]
  if not from_start then
    self.before[name] = rows_of.by_key(rows, function(row) return session:key(row) end)
  end
  return before and since(session, rows, before)
end

-- The CPUs that are shown.
local function wanted_cpus(options)
  return options.cpu and { options.cpu } or cpus.online() or {}
end

local function look_up(self, reading)
  for name, look in pairs(LOOK_UP) do
    if self.used[name] then
      local found, message = look()
      self.why[name] = not found and message or nil
      reading.rows[name], reading[name] = found and found.cpus, found
    end
  end
end

local function read_all(self, seconds, from_start)
  local reading = { seconds = seconds, rows = {}, cpus = wanted_cpus(self.options) }
  for _, source in ipairs(self.sessions) do
    reading.rows[source.name] = read_session(self, source.name, source.session, from_start)
  end
  look_up(self, reading)
  return reading
end

--- From here on an interval is counted.
function Sources:begin()
  self.start = schedule.now()
  self.last = self.start
  for _, source in ipairs(self.sessions) do
    self.before[source.name] = {}
  end
end

--- What happened since begin(), or the last call; see shark.top.model.
--- @return table reading
function Sources:read()
  local now = schedule.now()
  local reading = read_all(self, now - self.last, false)
  self.last = now
  return reading
end

--- What happened since begin().
--- @return table reading
function Sources:read_all()
  return read_all(self, schedule.now() - self.start, true)
end

--- What was lost so far, in words.
--- @return string? lost nil: nothing
function Sources:lost()
  local parts = {}
  for _, source in ipairs(self.sessions) do
    local text = tostring(source.session:loss()):match("^[^;]*")
    if not text:find("^nothing") then
      parts[#parts + 1] = ("%s: %s"):format(source.name, text)
    end
  end
  return #parts > 0 and table.concat(parts, "; ") or nil
end

return M
