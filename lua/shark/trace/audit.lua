--- Does a trace count what the kernel counts? /proc/interrupts and /proc/softirqs
-- are read at both ends of a session and set against its rows.
--
-- Interrupts go on while the two are read, one after the other: rows are read
-- before and after /proc, so what the trace had counted when /proc was read lies
-- between two numbers. A difference is stated only where it is outside of them.

local files = require "shark.system.files"

local M = {}

-- Counts by name, as the kind has them from its rows.
local function seen_now(session)
  return session.kind.audit.seen(session)
end

local function snapshot(session)
  local low = seen_now(session)
  local kernel = session.kind.audit.kernel(session.options)
  local in_flight = session.handle:loss().in_flight
  return { kernel = kernel, low = low, high = seen_now(session), in_flight = in_flight }
end

--- To be called before the trace is attached: only reads, so that attaching
--- does not wait for more.
--- @return string? text of what the kernel counts, for start()
function M.before(kind)
  return (files.text(kind.audit.source))
end

-- Counted by the kernel between two readings, and not by the trace.
local function fired_before(start, before)
  local sum = 0
  for name, count in pairs(start.kernel) do
    sum = sum + math.max(0, count - (before[name] or 0) - (start.high[name] or 0))
  end
  return sum
end

--- To be called when the trace runs.
--- @param text string? from before()
function M.start(session, text)
  local start = snapshot(session)
  start.unseen = text and fired_before(start, session.kind.audit.kernel(session.options, text)) or 0
  return start
end

local function difference(a, b)
  return (a or 0) - (b or 0)
end

-- How many more the kernel counted, below 0 if fewer; 0 if the two can agree.
-- The kernel counts what starts, a trace what ends: in between it is in flight.
local function missing(name, start, finish)
  local kernel = difference(finish.kernel[name], start.kernel[name])
  local least = math.max(0, difference(finish.low[name], start.high[name]) - start.in_flight)
  local most = difference(finish.high[name], start.low[name]) + finish.in_flight
  if kernel > most then
    return kernel, kernel - most
  end
  return kernel, kernel < least and kernel - least or 0
end

local Audit = {}
Audit.__index = Audit

-- Of how many the kernel counted how many were seen.
local function headline(self)
  if self.kernel == 0 then
    return ("none, and %s counted none"):format(self.source)
  elseif self.missing == 0 then
    return ("all %.0f that %s counted"):format(self.kernel, self.source)
  end
  return ("%.0f of %.0f that %s counted"):format(self.kernel - self.missing, self.kernel, self.source)
end

function Audit:__tostring()
  local parts, rows = { headline(self) }, {}
  for i, row in ipairs(self.rows) do
    rows[i] = ("%s %.0f of %.0f"):format(row.name, row.kernel - row.missing, row.kernel)
  end
  if self.surplus > 0 then
    parts[1] = ("%s, and %.0f that it did not count"):format(parts[1], self.surplus)
  end
  parts[2] = #rows > 0 and table.concat(rows, ", ") or nil
  parts[#parts + 1] = self.while_attaching > 0
    and ("%.0f more came while attaching"):format(self.while_attaching) or nil
  return table.concat(parts, "; ")
end

--- Compares, from the start to now.
--- @return table audit { source, kernel = counted by the kernel, missing = of them not here,
---   surplus = here and not there, while_attaching = before the trace ran,
---   rows = { {name, kernel, missing} } where the two differ, missing below 0 for a surplus }
function M.finish(session)
  local start, finish = session.audit_start, snapshot(session)
  local audit = setmetatable({
    source = session.kind.audit.source, kernel = 0, missing = 0, surplus = 0, while_attaching = start.unseen, rows = {},
  }, Audit)
  for name in pairs(finish.kernel) do
    local kernel, lacking = missing(name, start, finish)
    audit.kernel = audit.kernel + kernel
    if lacking ~= 0 then
      audit.missing, audit.surplus = audit.missing + math.max(lacking, 0), audit.surplus + math.max(-lacking, 0)
      audit.rows[#audit.rows + 1] = { name = name, kernel = kernel, missing = lacking }
    end
  end
  table.sort(audit.rows, function(a, b) return a.name < b.name end)
  return audit
end

--- Sums the counts of the rows a trace has, by name.
--- @param session shark.Session
--- @param name_of fun(row): string?  nil for a row that is about something else
function M.sum(session, name_of)
  local sums = {}
  for i = 0, session.nr_rows - 1 do
    local row = session.rows[i]
    local name = row.used ~= 0 and name_of(row)
    if name then
      sums[name] = (sums[name] or 0) + tonumber(row.count)
    end
  end
  return sums
end

return M
