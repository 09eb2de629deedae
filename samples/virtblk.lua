-- virtblk: where the time of virtio-blk requests goes, stage by stage and queue by queue
local cli = require "shark.cli"
local fmt = require "shark.fmt"
local out = require "shark.text.out"
local rowtable = require "shark.rowtable"
local virtblk = require "shark.virtblk"

local NAME = "virtblk"

local parser = cli.parser(NAME, "Where the time of virtio-blk requests goes: from issued over added to the ring, " ..
  "kicked, interrupted and reaped to completed; and what each queue does. Counted in the kernel.")
cli.options(parser, { "disk", { "cpu", more = "The one where requests complete." },
  { "key", choices = { "queue", "cpu", "size", "where" } }, "sort", "top", "hist" })
parser:flag("--disks", "Print the disks with their queues, IRQs, CPUs and features; trace nothing.")
cli.add_trace_options(parser, "virtblk")
local options = parser:parse()

local function cpus_text(cpus)
  return table.concat(cpus, ",")
end

-- ---- disks ----

local function add_routes(disks)
  for _, disk in ipairs(disks) do
    for _, queue in ipairs(disk.queues) do
      if queue.irq then
        queue.irq.route, queue.irq.route_unknown = virtblk.route(queue.irq.irq)
      end
    end
  end
  return disks
end

local function route_text(irq)
  if not irq.route then
    return "vector and IRTE unknown (" .. irq.route_unknown .. ")"
  end
  return ("vector %d%s"):format(irq.route.vector, irq.route.irte and ", IRTE " .. irq.route.irte or ", not remapped")
end

local function irq_text(irq)
  if not irq then
    return "no IRQ of a known name: polled?"
  end
  return ("IRQ %d (%s, %s, %s) on CPU %s, allowed %s"):format(irq.irq, irq.kind, irq.chip, irq.flow,
    cpus_text(irq.effective), cpus_text(irq.affinity))
end

local function show_disk(disk)
  out.line("%s  %s  %s at %s  ring: %s", disk.device, disk.dev, disk.virtio, disk.bus,
    disk.ring_size or "not visible")
  out.line("  features: %s", table.concat(disk.features, " "))
  for _, queue in ipairs(disk.queues) do
    out.line("  queue %d: CPU %s -> %d requests -> %s", queue.queue, cpus_text(queue.cpus), queue.tags or 0,
      irq_text(queue.irq))
    if queue.irq then
      out.line("           %s", route_text(queue.irq))
    end
  end
end

if options.disks then
  local disks = add_routes(virtblk.disks())
  if options.json then
    out.json({ disks = disks }, { "disks", "device", "dev", "virtio", "bus", "ring_size", "features", "queues" })
    return
  end
  for _, disk in ipairs(disks) do
    show_disk(disk)
  end
  if #disks == 0 then
    out.line("no virtio-blk disk")
  end
  return
end

local session, message = virtblk.requests {
  device = options.disk, cpu = options.cpu, way = options.way, audit = not options.cpu,
}
if not session then
  cli.fail(NAME, message)
end

-- ---- the stages ----

local fields = { "what", "device", "op", "order", "from", "to" }
for _, field in ipairs(options.key) do
  fields[#fields + 1] = field
end

local function percent(share)
  return ("%.1f%%"):format(100 * share)
end

local columns = { { title = "DEVICE", field = "device", left = true } }
for _, field in ipairs(options.key) do
  columns[#columns + 1] = { title = field:upper(), field = field, key = true }
end
for _, column in ipairs {
  { title = "OP", field = "op", left = true },
  { title = "STAGE", field = "stage", left = true },
  { title = "FROM", field = "from", left = true, rank = 6 },
  { title = "TO", field = "to", left = true, rank = 5 },
  rowtable.COUNT, rowtable.RATE, rowtable.TOTAL, rowtable.AVERAGE, rowtable.P99, rowtable.MAX,
  { title = "SHARE", field = "share", format = percent },
} do
  columns[#columns + 1] = column
end

local wholes = {}  -- device, op, ... -> time of the whole requests, to say what share a stage has
local all_rows     -- of the last look, for the queues

local function whole_key(row)
  local parts = { row.device, row.op }
  for _, field in ipairs(options.key) do
    parts[#parts + 1] = tostring(row[field])
  end
  return table.concat(parts, " ")
end

-- Requests and stages only, joined; the whole of a kind of request after its stages.
local function prepare(rows)
  all_rows = {}
  for i, row in ipairs(rows) do
    all_rows[i], rows[i] = row, nil
  end
  for _, row in ipairs(virtblk.join(all_rows, fields)) do
    if row.what == "stage" or row.what == "request" then
      row.stage = row.stage or "WHOLE"
      row.place = row.what == "request" and 99 or row.order
      rows[#rows + 1] = row
    end
  end
  table.sort(rows, function(a, b)
    local left, right = whole_key(a), whole_key(b)
    if left ~= right then
      return left < right
    end
    if a.place ~= b.place then
      return a.place < b.place
    end
    return a.from < b.from or (a.from == b.from and a.to < b.to)
  end)
  wholes = {}
end

local function complete_rows(rows)
  for _, row in ipairs(rows) do
    if row.what == "request" then
      local key = whole_key(row)
      wholes[key] = (wholes[key] or 0) + (row.total_ns or 0)
    end
  end
  for _, row in ipairs(rows) do
    local whole = wholes[whole_key(row)]
    row.share = row.total_ns and whole and whole > 0 and row.total_ns / whole or nil
    row.what, row.order, row.place = nil, nil, nil
    for _, field in ipairs { "queue", "cpu", "size", "where" } do
      local kept = false
      for _, by in ipairs(options.key) do
        kept = kept or by == field
      end
      row[field] = kept and row[field] or nil
    end
  end
end

-- ---- the queues ----

local QUEUE_SUMS = { "requests", "interrupts", "reaped", "without_work", "not_mine", "kicks", "sent", "suppressed",
  "depth_count", "depth_total", "same_cpu", "requeues", "errors", "bytes", "flush_ends" }

local add = {
  request = function(queue, row)
    queue.requests, queue.same_cpu = queue.requests + row.count, queue.same_cpu + row.same_cpu
    queue.requeues, queue.errors = queue.requeues + row.requeues, queue.errors + row.errors
    queue.bytes = queue.bytes + row.bytes
  end,
  depth = function(queue, row)
    queue.depth_count, queue.depth_total = queue.depth_count + row.count, queue.depth_total + row.total
    queue.depth_max = math.max(queue.depth_max, row.max)
  end,
  interrupts = function(queue, row)
    queue.interrupts, queue.reaped = queue.interrupts + row.count, queue.reaped + (row.requests or 0)
    queue.without_work = queue.without_work + (row.without_work or 0)
    queue.not_mine = queue.not_mine + (row.not_mine or 0)
    queue.irq = row.irq
  end,
  kicks = function(queue, row)
    queue.kicks, queue.sent = queue.kicks + row.count, queue.sent + row.sent
    queue.suppressed = queue.suppressed + row.suppressed
  end,
  flush_ends = function(queue, row)
    queue.flush_ends = queue.flush_ends + row.count
  end,
}

local function queues_of(rows)
  local list, by_key = {}, {}
  for _, row in ipairs(virtblk.join(rows, { "what", "device", "queue" })) do
    if add[row.what] then
      local key = row.device .. " " .. row.queue
      if not by_key[key] then
        by_key[key] = { device = row.device, queue = row.queue, depth_max = 0 }
        for _, field in ipairs(QUEUE_SUMS) do
          by_key[key][field] = 0
        end
        list[#list + 1] = by_key[key]
      end
      add[row.what](by_key[key], row)
    end
  end
  table.sort(list, function(a, b)
    return a.device < b.device or (a.device == b.device and a.queue < b.queue)
  end)
  return list, by_key
end

-- What sees no driver sees neither kicks nor what an interrupt reaps.
local function finish_queue(queue, sees_driver)
  local per = sees_driver and queue.reaped or queue.requests
  queue.requests_per_interrupt = queue.interrupts > 0 and per / queue.interrupts or nil
  queue.depth = queue.depth_count > 0 and queue.depth_total / queue.depth_count or nil
  queue.depth_max = queue.depth_count > 0 and queue.depth_max or nil
  queue.other_cpu = queue.requests - queue.same_cpu
  if not sees_driver then
    for _, field in ipairs { "without_work", "not_mine", "kicks", "sent", "suppressed", "reaped" } do
      queue[field] = nil
    end
    queue.interrupts = queue.interrupts > 0 and queue.interrupts or nil
  end
  queue.depth_count, queue.depth_total = nil, nil
  return queue
end

local queues_before = {}

local function add_queues(report, is_interval)
  local way = session:how().way
  local list, by_key = queues_of(all_rows)
  report.queues = {}
  for _, queue in ipairs(list) do
    local delta, before = {}, is_interval and queues_before[queue.device .. " " .. queue.queue]
    for field, value in pairs(queue) do
      delta[field] = value
    end
    for _, field in ipairs(before and QUEUE_SUMS or {}) do
      delta[field] = queue[field] - before[field]
    end
    table.insert(report.queues, finish_queue(delta, way == "fentry" or way == "kprobe"))
  end
  if is_interval then
    queues_before = by_key
  end
end

local function ratio(n)
  return ("%.2f"):format(n)
end

local queue_columns = {
  { title = "DEVICE", field = "device", left = true },
  { title = "QUEUE", field = "queue", key = true }, rowtable.IRQ,
  { title = "REQUESTS", field = "requests", format = fmt.count },
  { title = "INTERRUPTS", field = "interrupts", format = fmt.count },
  { title = "REQ/INT", field = "requests_per_interrupt", format = ratio, rank = 1 },
  { title = "NO-WORK", field = "without_work", format = fmt.count, rank = 7 },
  { title = "KICKS", field = "sent", format = fmt.count, rank = 3 },
  { title = "SUPPRESSED", field = "suppressed", format = fmt.count, rank = 8 },
  { title = "DEPTH", field = "depth", format = ratio, rank = 4 },
  { title = "DEPTH-MAX", field = "depth_max", format = fmt.count, rank = 2, most = true },
  { title = "SAME-CPU", field = "same_cpu", format = fmt.count, rank = 6 },
  { title = "OTHER-CPU", field = "other_cpu", format = fmt.count },
  { title = "REQUEUES", field = "requeues", format = fmt.count, rank = 5 },
  { title = "ERRORS", field = "errors", format = fmt.count },
}

-- ---- what is still open ----

local function add_open(report)
  report.hint = virtblk.hint(session)
  local list, why = session:open_requests()
  report.open, report.open_unknown = list, not list and why or nil
end

local function show_open(report)
  if report.open_unknown then
    out.line("open requests: %s", report.open_unknown)
  elseif #report.open > 0 then
    out.line("\n%d issued and not completed:", #report.open)
    for i, request in ipairs(report.open) do
      if i <= 10 then
        local last = request.stages[#request.stages]
        out.line("  %s queue %d %s %s, by %s (%d), %s", request.device, request.queue, request.op,
          virtblk.extent(request), request.comm, request.pid, last and last.to or "issued")
      end
    end
  end
end

local function extend(report, is_interval)
  complete_rows(report.rows)
  add_queues(report, is_interval)
  if not is_interval then
    add_open(report)
  end
end

local function show_more(report)
  if #report.queues > 0 then
    out.line("")
    out.table(queue_columns, report.queues)
  end
  if report.open then
    show_open(report)
    if report.hint then
      out.line("\n%s", report.hint)
    end
  end
end

rowtable.run {
  name = NAME,
  options = options,
  session = session,
  title = "virtio-blk requests",
  columns = columns,
  key = function(row) return ("%s %d %s %s"):format(whole_key(row), row.order, row.from, row.to) end,
  label = function(row) return ("%s %s"):format(whole_key(row), row.stage) end,
  prepare = prepare,
  extend = extend,
  show_more = show_more,
  more = { "share", "queues", "open" },
}
