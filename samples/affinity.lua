-- affinity: where each IRQ was asked to go, where it is, and where it really arrived
local affinity = require "shark.affinity"
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local irq = require "shark.irq"
local out = require "shark.text.out"
local providers = require "shark.providers"
local remap = require "shark.remap"
local rows_of = require "shark.rows"
local rowtable = require "shark.rowtable"

local NAME = "affinity"

local parser = cli.parser(NAME, "For each IRQ: the CPUs asked for, the CPU in force, whether a move is pending, the " ..
  "CPUs that its interrupts really came on meanwhile, and a verdict.")
cli.options(parser, { "irq", "sort", "top", { "all", more = "IRQs without an action." } })
cli.add_trace_options(parser, { "affinity", "hardirq" })
local options = parser:parse()

local hardirqs, message = irq.hardirq { irq = options.irq, way = providers.way_of("hardirq", options.way) }
if not hardirqs then
  cli.fail(NAME, message)
end
local sessions = { { name = "interrupts", session = hardirqs } }

-- ---- requests and moves, where they can be traced ----

local pending = {} -- irq -> whether its last request is
local requests, recent = {}, {} -- irq -> { moved_to, waited_ns, ... }: of all the time, and since the last report

local function add_request(by_irq, e)
  local request = by_irq[e.irq] or { moved_to = {}, asked = 0, waits = 0, waited_ns = 0 }
  by_irq[e.irq] = request
  request.asked = request.asked + (e.name == "asked" and 1 or 0)
  if e.is_on >= 0 and e.is_on ~= e.was_on then
    table.insert(request.moved_to, e.is_on)
  end
  if e.name == "moved" and e.wait_ns > 0 then
    request.waits = request.waits + 1
    request.waited_ns = math.max(request.waited_ns, tonumber(e.wait_ns))
  end
end

local moves, why_no_moves = remap.affinity { irq = options.irq, way = providers.way_of("affinity", options.way) }
if moves then
  sessions[2] = { name = "requests", session = moves }
  moves:on(function(e)
    pending[e.irq] = e.pending
    add_request(requests, e)
    add_request(recent, e)
  end)
end

local function effective()
  local by_irq = {}
  for number in pairs(irq.interrupts() or {}) do
    by_irq[number] = (affinity.read(number) or {}).effective
  end
  return by_irq
end

local at_start = effective()

local function arrived_text(arrived)
  local cpus, parts = {}, {}
  for cpu in pairs(arrived) do
    cpus[#cpus + 1] = cpu
  end
  table.sort(cpus)
  for i, cpu in ipairs(cpus) do
    parts[i] = ("%d:%.0f"):format(cpu, arrived[cpu])
  end
  return #parts > 0 and table.concat(parts, " ") or "-"
end

local COLUMNS = {
  rowtable.IRQ,
  { title = "ACTION", field = "actions", format = function(list) return table.concat(list, ",") end, left = true,
    cut = true },
  { title = "ASKED", field = "asked", rank = 1 },
  { title = "EFFECTIVE", field = "effective" },
  { title = "PENDING", field = "pending", format = function(is) return is and "yes" or "no" end, rank = 3 },
  { title = "REQUESTS", field = "requests", rank = 4 },
  { title = "WAITED-US", field = "waited_ns", format = fmt.microseconds, rank = 5, most = true },
  { title = "ARRIVED CPU:N", field = "arrived", format = arrived_text, left = true, cut = true, rank = 2 },
  { title = "VERDICT", field = "text", left = true, cut = true },
}

-- ---- the report ----

-- Interrupts by IRQ and CPU; of an IRQ that devices share, each action is called.
local function arrivals(rows, before)
  local by_irq = {}
  for _, row in ipairs(rows) do
    local arrived, earlier = by_irq[row.irq] or {}, before and before[hardirqs:key(row)]
    local count = row.count - (earlier and earlier.count or 0)
    by_irq[row.irq] = arrived
    arrived[row.cpu] = count > 0 and math.max(arrived[row.cpu] or 0, count) or arrived[row.cpu]
  end
  return by_irq
end

local function row_of(entry, state, arrived, online, since)
  local request = since.requests[entry.irq] or {}
  local row = {
    irq = entry.irq, actions = entry.actions, chip = entry.chip, asked = state.asked, effective = state.effective,
    effective_before = since.effective[entry.irq], online = online, arrived = arrived or {},
    requests = request.asked, moved_to = request.moved_to, pending = pending[entry.irq], waits = request.waits,
    waited_ns = request.waits and request.waits > 0 and request.waited_ns or nil,
  }
  row.verdict, row.text = affinity.verdict(row)
  row.pending, row.online = row.verdict == "pending", nil
  return row
end

local function report(before)
  local counted = hardirqs:read()
  local rows, arrived, online = {}, arrivals(counted, before and before.rows), affinity.online()
  local since = { requests = before and recent or requests, effective = before and before.effective or at_start }
  recent = {}
  for number, entry in pairs(irq.interrupts() or {}) do
    local state = affinity.read(number)
    if state and (not options.irq or number == options.irq) and (options.all or #entry.actions > 0) then
      rows[#rows + 1] = row_of(entry, state, arrived[number], online, since)
    end
  end
  table.sort(rows, function(a, b) return a.irq < b.irq end)
  local shown, left_out = cli.arranged(NAME, options, COLUMNS, rows)
  rows = shown
  for _, row in ipairs(options.json and rows or {}) do
    local list = {}
    for cpu, count in pairs(row.arrived) do
      list[#list + 1] = { cpu = cpu, count = count }
    end
    table.sort(list, function(a, b) return a.cpu < b.cpu end)
    row.arrived = list
  end
  return { rows = rows, left_out = options.top and left_out or nil,
      not_traced = why_no_moves and { requests = why_no_moves } or nil },
    { rows = rows_of.by_key(counted, function(row) return hardirqs:key(row) end), effective = effective() }
end

local function show(what)
  out.line("\naffinity of interrupts, %.1f s", what.seconds)
  out.table(COLUMNS, what.rows, { left_out = what.left_out })
  if why_no_moves then
    out.line("requests are not traced: %s", why_no_moves)
  end
end

cli.arranged(NAME, options, COLUMNS, {}) -- before the trace: of a wrong column one learns now
cli.run {
  name = NAME,
  title = "affinity of interrupts",
  options = options,
  sessions = sessions,
  report = report,
  show = show,
  order = { "rows", "left_out", "irq", "actions", "chip", "asked",
    "effective", "effective_before", "pending", "requests", "waits",
    "waited_ns", "moved_to", "arrived", "cpu", "count", "verdict", "text", "not_traced" },
}
