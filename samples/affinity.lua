-- affinity: where each IRQ was asked to go, where it is, and where it really arrived
local affinity = require "shark.remap.affinity"
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local interrupts = require "shark.system.interrupts"
local irq = require "shark.irq"
local out = require "shark.text.out"
local remap_trace = require "shark.remap.trace"
local table_text = require "shark.text.table"

local NAME = "affinity"

local parser = cli.parser(NAME, "For each IRQ: the CPUs asked for, the CPU in force, whether a move is pending, the " ..
  "CPUs that its interrupts really came on meanwhile, and a verdict.")
parser:option("-i --irq", "This IRQ only."):argname("IRQ"):convert(cli.number)
parser:flag("-a --all", "Also IRQs without an action.")
cli.add_trace_options(parser, { "fentry", "kprobe", "tp_btf", "raw_tp", "tp" })
local options = parser:parse()

-- A way belongs to one of the two traces.
local function way_of(ways)
  for _, way in ipairs(ways) do
    if options.way == way then
      return way
    end
  end
end

local hardirqs, message = irq.hardirq { irq = options.irq, way = way_of { "tp_btf", "raw_tp", "tp" } }
if not hardirqs then
  cli.fail(NAME, message)
end
local sessions = { { name = "interrupts", session = hardirqs } }

-- ---- requests and moves, where they can be traced ----

local requests = {} -- irq -> { pending, moved_to, waited_ns }

local function request_of(number)
  requests[number] = requests[number] or { moved_to = {}, asked = 0, waits = 0, waited_ns = 0 }
  return requests[number]
end

local moves, why_no_moves = remap_trace.affinity { irq = options.irq, way = way_of { "fentry", "kprobe" } }
if moves then
  sessions[2] = { name = "requests", session = moves }
  moves:on(function(e)
    local request = request_of(e.irq)
    request.pending = e.pending
    request.asked = request.asked + (e.name == "asked" and 1 or 0)
    if e.is_on >= 0 and e.is_on ~= e.was_on then
      table.insert(request.moved_to, e.is_on)
    end
    if e.name == "moved" and e.wait_ns > 0 then
      request.waits = request.waits + 1
      request.waited_ns = math.max(request.waited_ns, tonumber(e.wait_ns))
    end
  end)
end

local before = {}
for number in pairs(interrupts.read() or {}) do
  before[number] = affinity.read(number)
end

-- ---- the report ----

-- Interrupts by IRQ and CPU; of an IRQ that devices share, each action is called.
local function arrivals()
  local by_irq = {}
  for _, row in ipairs(hardirqs:read()) do
    local arrived = by_irq[row.irq] or {}
    by_irq[row.irq] = arrived
    arrived[row.cpu] = math.max(arrived[row.cpu] or 0, row.count)
  end
  return by_irq
end

local function row_of(entry, state, arrived, online)
  local request = requests[entry.irq] or {}
  local row = {
    irq = entry.irq, actions = entry.actions, chip = entry.chip, asked = state.asked, effective = state.effective,
    effective_before = before[entry.irq] and before[entry.irq].effective, online = online, arrived = arrived or {},
    requests = request.asked, moved_to = request.moved_to, pending = request.pending, waits = request.waits,
    waited_ns = request.waits and request.waits > 0 and request.waited_ns or nil,
  }
  row.verdict, row.text = affinity.verdict(row)
  row.pending, row.online = row.verdict == "pending", nil
  return row
end

local function report()
  local rows, arrived, online = {}, arrivals(), affinity.online()
  for number, entry in pairs(interrupts.read() or {}) do
    local state = affinity.read(number)
    if state and (not options.irq or number == options.irq) and (options.all or #entry.actions > 0) then
      rows[#rows + 1] = row_of(entry, state, arrived[number], online)
    end
  end
  table.sort(rows, function(a, b) return a.irq < b.irq end)
  for _, row in ipairs(options.json and rows or {}) do
    local list = {}
    for cpu, count in pairs(row.arrived) do
      list[#list + 1] = { cpu = cpu, count = count }
    end
    table.sort(list, function(a, b) return a.cpu < b.cpu end)
    row.arrived = list
  end
  return { rows = rows, not_traced = why_no_moves and { requests = why_no_moves } or nil }
end

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
  { title = "IRQ", field = "irq" },
  { title = "ACTION", field = "actions", format = function(list) return table.concat(list, ",") end, left = true },
  { title = "ASKED", field = "asked" },
  { title = "EFFECTIVE", field = "effective" },
  { title = "PENDING", field = "pending", format = function(is) return is and "yes" or "no" end },
  { title = "REQUESTS", field = "requests" },
  { title = "WAITED-US", field = "waited_ns", format = fmt.microseconds },
  { title = "ARRIVED CPU:N", field = "arrived", format = arrived_text, left = true },
  { title = "VERDICT", field = "text", left = true },
}

local function show(what)
  out.line("\naffinity of interrupts, %.1f s", what.seconds)
  out.lines(table_text.render(COLUMNS, what.rows))
  if why_no_moves then
    out.line("requests are not traced: %s", why_no_moves)
  end
end

cli.run {
  name = NAME,
  options = options,
  sessions = sessions,
  report = report,
  show = show,
  order = { "rows", "irq", "actions", "chip", "asked", "effective", "effective_before", "pending", "requests", "waits",
    "waited_ns", "moved_to", "arrived", "cpu", "count", "verdict", "text", "not_traced" },
}
