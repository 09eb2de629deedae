--- What shark top shows, made of what was counted in an interval. Nothing here asks the kernel.
--
-- A reading is { seconds, rows = { hardirq = {...}, softirq = ..., vector = ..., ipi = ..., virtblk = ...,
-- changes = ..., vectors = ... }, cpus = numbers of CPUs, vectors = what irqmap.vectors_left() says }: rows have what
-- they have more than at the reading before, those of vectors what is left; what is not known has none.

local tracer_rows = require "shark.rows"

local M = {}

local SUMS = { "count", "total_ns", "none", "ksoftirqd", "waits", "wait_ns" }
local FIGURES = { "max_ns", unpack(SUMS) }
local join = tracer_rows.merger { sums = SUMS, hists = {} }

-- The CPU that had most of it, and how many had some.
local function busiest(counts)
  local most, n = nil, 0
  for cpu, count in pairs(counts) do
    if not most or count > counts[most] or (count == counts[most] and cpu < most) then
      most = cpu
    end
    n = n + 1
  end
  return most, n
end

-- Of one CPU's time: what runs on two at once may have more than all of it.
local function reckon(row, seconds)
  row.rate = row.count / seconds
  row.share = row.total_ns and row.total_ns / 1e9 / seconds
  row.avg_ns = row.total_ns and row.count > 0 and row.total_ns / row.count or nil
  return row
end

-- What happened, each kind of it once.
-- shape(row): key, and a new row of what is shown
local function grouped(rows, seconds, shape)
  local list, by_key, counts = {}, {}, {}
  for _, row in ipairs(rows or {}) do
    if row.count > 0 then
      local key, shown = shape(row)
      if not by_key[key] then
        by_key[key], counts[key] = shown, {}
        shown.key, list[#list + 1] = key, shown
        for _, field in ipairs(FIGURES) do
          shown[field] = row[field]
        end
      else
        join(by_key[key], row)
      end
      counts[key][row.cpu] = (counts[key][row.cpu] or 0) + row.count
    end
  end
  for _, row in ipairs(list) do
    row.cpu, row.cpus = busiest(counts[row.key])
    reckon(row, seconds)
  end
  return list
end

local function append(list, more)
  for _, value in ipairs(more) do
    list[#list + 1] = value
  end
  return list
end

-- ---- interrupts and CPUs ----

local function of_device(row)
  return ("irq %d %s"):format(row.irq, row.action), { irq = row.irq, name = row.action }
end

local function of_system(row)
  local handler = row.handler and " " .. row.handler or ""
  return ("vector %d%s"):format(row.vector, handler), { vector = row.vector, name = row.name .. handler }
end

--- Devices' interrupts, and the system's.
--- @param reading table @return table[] rows { key, irq? or vector?, name, cpu = that of most, cpus = how many,
---   count, rate, share, avg_ns, max_ns, none? }
function M.interrupts(reading)
  local list = grouped(reading.rows.hardirq, reading.seconds, of_device)
  return append(list, grouped(reading.rows.vector, reading.seconds, of_system))
end

local PARTS = { hardirq = "irq_share", vector = "vector_share", softirq = "softirq_share" }

local function add_parts(cpu, reading)
  for source, field in pairs(PARTS) do
    cpu[field] = reading.rows[source] and 0 or nil
  end
  cpu.share = 0
  return cpu
end

local function add_row(cpu, source, row, seconds)
  local share = row.total_ns / 1e9 / seconds
  cpu[PARTS[source]], cpu.share = cpu[PARTS[source]] + share, cpu.share + share
  if source ~= "softirq" then
    cpu.count = cpu.count + row.count
  end
end

--- What each CPU spends in interrupts: hard ones, the system's, softirqs. A share that is nil is not traced.
--- @param reading table
--- @return table[] rows by CPU { cpu, count, rate, share, irq_share?, vector_share?, softirq_share? }
function M.cpus(reading)
  local list, by_number = {}, {}
  for i, number in ipairs(reading.cpus) do
    list[i] = add_parts({ cpu = number, count = 0 }, reading)
    by_number[number] = list[i]
  end
  for source in pairs(PARTS) do
    for _, row in ipairs(reading.rows[source] or {}) do
      if by_number[row.cpu] then -- no more: a CPU that has gone offline
        add_row(by_number[row.cpu], source, row, reading.seconds)
      end
    end
  end
  for _, cpu in ipairs(list) do
    cpu.rate = cpu.count / reading.seconds
  end
  return list
end

-- ---- softirqs and IPIs ----

-- "IRQ 36, task": who raised most, first.
local function most_frequent(raised_by)
  local names = {}
  for name in pairs(raised_by) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b)
    local left, right = raised_by[a], raised_by[b]
    return left > right or (left == right and a < b)
  end)
  return #names > 0 and table.concat(names, ", ") or nil
end

local function add_raisers(by_key, row)
  local raisers = by_key[row.softirq] or {}
  by_key[row.softirq] = raisers
  for name, count in pairs(row.raised_by or {}) do
    raisers[name] = (raisers[name] or 0) + count
  end
end

--- @param reading table
--- @return table[] rows { key, name, cpu, count, rate, share, avg_ns, max_ns, wait_avg_ns?, ksoftirqd, raised_by? }
function M.softirqs(reading)
  local raisers = {}
  for _, row in ipairs(reading.rows.softirq or {}) do
    add_raisers(raisers, row)
  end
  local list = grouped(reading.rows.softirq, reading.seconds, function(row)
    return row.softirq, { name = row.softirq }
  end)
  for _, row in ipairs(list) do
    row.wait_avg_ns = row.waits > 0 and row.wait_ns / row.waits or nil
    row.raised_by = most_frequent(raisers[row.name])
  end
  return list
end

--- @param reading table
--- @return table[] rows { key, name, what, from?, to?, count, rate, avg_ns?, max_ns?, callsite? }
function M.ipis(reading)
  local list = {}
  for _, row in ipairs(reading.rows.ipi or {}) do
    if row.count > 0 then
      local is_sent = row.what == "sent"
      list[#list + 1] = reckon({
        name = row.name, what = row.what, from = is_sent and row.cpu or row.sender, to = not is_sent and row.cpu or nil,
        count = row.count, total_ns = row.total_ns, max_ns = row.max_ns, callsite = row.callsite,
        key = ("%s %s %s %s %s %s"):format(row.name, row.what, row.cpu, row.sender, row.callsite, row.callback),
      }, reading.seconds)
      list[#list].share = nil -- of no CPU: it was under way
    end
  end
  return list
end

-- ---- vectors, requests, entries ----

--- @param reading table @return table[] rows { key, cpu, left, allocated, managed, managed_left }
function M.vectors(reading)
  local list = {}
  for i, cpu in ipairs(reading.rows.vectors or {}) do
    list[i] = { key = tostring(cpu.cpu), cpu = cpu.cpu, left = cpu.available, allocated = cpu.allocated,
      managed = cpu.managed, managed_left = cpu.managed - cpu.managed_allocated }
  end
  return list
end

-- Behind all stages.
local BEHIND = 9

local function whole_of(row)
  return row.device .. " " .. row.op
end

-- A stage is told by its ends: a kernel that skipped a program has seen other moments of a request.
local function of_request(row)
  local place = row.what == "request" and BEHIND or row.order
  return ("%s %d %s %s"):format(whole_of(row), place, row.from, row.to), {
    device = row.device, op = row.op, stage = row.stage or "WHOLE", from = row.from, to = row.to,
    order = ("%s %d"):format(whole_of(row), place),
  }
end

local function is_timed(row)
  return row.what == "request" or row.what == "stage"
end

--- Stages of requests, and the requests as a whole; share is that of the requests' time.
--- @param reading table
--- @return table[] rows { key, order, device, op, stage, from?, to?, count, rate, share?, avg_ns?, max_ns? }
function M.requests(reading)
  local timed, wholes = {}, {}
  for _, row in ipairs(reading.rows.virtblk or {}) do
    timed[#timed + 1] = is_timed(row) and row or nil
  end
  local list = grouped(timed, reading.seconds, of_request)
  for _, row in ipairs(list) do
    if row.stage == "WHOLE" then
      wholes[whole_of(row)] = (wholes[whole_of(row)] or 0) + (row.total_ns or 0)
    end
  end
  for _, row in ipairs(list) do
    local whole = wholes[whole_of(row)]
    row.share = row.total_ns and whole and whole > 0 and row.total_ns / whole or nil
  end
  return list
end

--- Entries of remapping tables that were written since the start: `count` in the interval, `total` since then.
--- @param reading table
--- @return table[] rows { key, irq?, unit, index, what, count, total, avg_ns?, max_ns, flushes, refused }
function M.changes(reading)
  local list = {}
  for i, row in ipairs(reading.rows.changes or {}) do
    list[i] = reckon({
      key = ("%s %s %d %s %s %d"):format(row.unit, row.device, row.index, row.irq, row.what, row.cpu),
      irq = row.irq, unit = row.unit, device = row.device, index = row.index, what = row.what, cpu = row.cpu,
      count = row.count, total = row.since_start, total_ns = row.total_ns, max_ns = row.max_ns, flushes = row.flushes,
      refused = row.refused,
    }, reading.seconds)
  end
  return list
end

return M
