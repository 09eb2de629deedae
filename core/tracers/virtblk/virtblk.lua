--- Block requests of virtio-blk; shark.virtblk has the documentation.
--
-- A request is issued (the block layer gives it to the driver), added to the
-- ring, kicked, interrupted (the handler of the interrupt that ends it starts),
-- reaped and completed. A stage is the time up to such a moment, from the one
-- seen before it, so the stages of a request add up to its whole.

local audit = require "shark.trace.audit"
local bit = require "bit"
local C = require "shark.events"
local ffi = require "ffi"
local hist = require "shark.hist"
local rows = require "shark.rows"
local session = require "shark.trace.session"
local virtio = require "shark.system.virtio"

local M = {}

--- Moments in their order, from 0.
M.MOMENTS = { [0] = "issued", "added", "kicked", "interrupt", "reaped", "completed" }

--- Stages, by the moment that ends them.
M.STAGES = { "queue", "kick", "device", "reap", "complete" }

-- include/linux/blk_types.h, enum req_op
M.OPERATIONS = {
  [0] = "read", [1] = "write", [2] = "flush", [3] = "discard", [5] = "secure_erase", [7] = "zone_append",
  [9] = "write_zeroes", [34] = "driver_in", [35] = "driver_out",
}

--- Size classes, from 0: the most bytes a request of it has.
M.SIZES = { [0] = "0", "4K", "16K", "64K", "256K", "more" }

M.WHERE = { [0] = "?", "hardirq", "softirq", "remote", "polled" }

-- include/linux/blk_types.h: those numbers that all kernels since 5.18 share.
local STATUSES = {
  [1] = "not supported", [2] = "timeout", [3] = "no space", [4] = "transport", [5] = "target",
  [6] = "reservation conflict", [7] = "medium", [8] = "protection", [9] = "resource", [10] = "I/O error",
}

local function operation(number)
  return M.OPERATIONS[number] or "op " .. number
end

local function field_of(key, shift, bits)
  return tonumber(bit.band(bit.rshift(key, shift), 2 ^ bits - 1))
end

-- ---- rows ----

local function was_seen(seen, moment)
  return bit.band(seen, bit.lshift(1, moment)) ~= 0
end

-- The moment before one of those that were seen.
local function start_of(moment, seen)
  for before = moment - 1, 0, -1 do
    if was_seen(seen, before) then
      return before
    end
  end
end

-- The first and the last moment that were seen: issued and completed, or the kernel skipped a program.
local function ends_of(seen)
  local first, last
  for moment = C.SHARK_ISSUED, C.SHARK_COMPLETED do
    if was_seen(seen, moment) then
      first, last = first or moment, moment
    end
  end
  return first, last
end

-- ---- what is in a row's key ----

local function kind_of(row, shift, bits)
  return field_of(row.key[C.SHARK_REQUEST_KIND], shift, bits)
end

local function device_of(row)
  return virtio.disk_name(row.id)
end

local function op_of(row)
  return operation(kind_of(row, C.SHARK_KIND_OP, 8))
end

local function seen_of(row)
  return kind_of(row, C.SHARK_KIND_SEEN, 8)
end

-- Rows by `what`: the whole, the stages by the moment that ends them, and the others.
local WHOLE, DEPTH = C.SHARK_WHOLE, C.SHARK_DEPTH
local INTERRUPTS, KICKS, FLUSH_ENDS = C.SHARK_INTERRUPTS, C.SHARK_KICKS, C.SHARK_FLUSH_ENDS
local STAGES = { 1, 2, 3, 4, 5 }
local TIMED = { WHOLE, 1, 2, 3, 4, 5 }
local OF_REQUESTS = { WHOLE, 1, 2, 3, 4, 5, DEPTH }
local KINDS = {
  [WHOLE] = "request", [DEPTH] = "depth", [INTERRUPTS] = "interrupts", [KICKS] = "kicks", [FLUSH_ENDS] = "flush_ends",
}

local function what_of(row)
  return KINDS[row.what] or "stage"
end

local function moments_of(row)
  if row.what == WHOLE then
    return ends_of(seen_of(row))
  end
  return start_of(row.what, seen_of(row)), row.what
end

local function from_of(row)
  return M.MOMENTS[(moments_of(row))]
end

local function to_of(row)
  return M.MOMENTS[select(2, moments_of(row))]
end

-- Of a request whose completion is all that was seen there is no time.
local function if_timed(field)
  return function(row)
    local first, last = moments_of(row)
    return first ~= last and tonumber(row[field]) or nil
  end
end

-- What an interrupt reaps is not seen without the driver; then there is no histogram.
local function is_reaping_seen(row)
  for part = 0, C.SHARK_HIST_PARTS - 1 do
    if row.parts[part] ~= 0 then
      return true
    end
  end
  return false
end

local function if_reaped(get)
  return function(row)
    return is_reaping_seen(row) and tonumber(get(row)) or nil
  end
end

local function hist_of(row)
  local first, last = moments_of(row)
  local is_empty = row.what == INTERRUPTS and not is_reaping_seen(row) or row.what == WHOLE and first == last
  return not is_empty and hist.new(row.hist, row.max_ns) or nil
end

local ROWS = {
  { "what", '"request", "stage", "depth", "interrupts", "kicks" or "flush_ends": see the guide', key = true,
    from = what_of, type = '"request"|"stage"|"depth"|"interrupts"|"kicks"|"flush_ends"' },
  { "device", 'the disk: "vda"', key = true, from = device_of, type = "string" },
  { "queue", "number of the virtqueue", key = true,
    from = function(row) return kind_of(row, C.SHARK_KIND_QUEUE, 16) end },
  { "op", '"read", "write", "flush", "discard", ...', of = OF_REQUESTS, key = true, from = op_of, type = "string?" },
  { "size", 'size class: "0", "4K", "16K", "64K", "256K", "more"', of = OF_REQUESTS, key = true, type = "string?",
    from = function(row) return M.SIZES[kind_of(row, C.SHARK_KIND_SIZE, 8)] end },
  { "cpu", "the CPU that completed them, or was interrupted, or kicked", key = true },
  { "where", 'completed in: "hardirq", "softirq", "remote", "polled", "?"', of = OF_REQUESTS, key = true,
    type = "string?", from = function(row) return M.WHERE[kind_of(row, C.SHARK_KIND_WHERE, 8)] end },
  { "order", "place of the stage among those of a request", of = OF_REQUESTS, key = true, inner = true, at = "what" },
  { "stage", '"queue", "kick", "device", "reap", "complete"', of = STAGES, type = "string?",
    from = function(row) return M.STAGES[row.what] end },
  { "from", "the moment from which the time counts", of = TIMED, key = true, from = from_of, type = "string?" },
  { "to", "the moment that ends it", of = TIMED, key = true, from = to_of, type = "string?" },
  { "count", "requests, interrupts, or questions whether to kick", sum = "add" },
  { "total_ns", "their time in all; nil: only one moment was seen", of = TIMED, from = if_timed "total_ns", sum = "add",
    unit = "ns", type = "integer?" },
  { "max_ns", "the longest of them", of = TIMED, from = if_timed "max_ns", sum = "max", unit = "ns",
    type = "integer?" },
  { "total", "requests in flight in the queue, the sum of what each request found, itself included", of = DEPTH,
    sum = "add", unit = "requests", type = "integer?" },
  { "max", "the most of them", of = DEPTH, sum = "max", unit = "requests", type = "integer?" },
  { "same_cpu", "completed on the CPU that issued them", of = WHOLE, at = "tally[SHARK_REQUEST_SAME_CPU]", sum = "add",
    type = "integer?" },
  { "requeues", "taken back by the block layer, to be issued again", of = WHOLE, at = "tally[SHARK_REQUEST_REQUEUES]",
    sum = "add", type = "integer?" },
  { "errors", "ended with an error", of = WHOLE, at = "tally[SHARK_REQUEST_ERRORS]", sum = "add", type = "integer?" },
  { "bytes", "read or written", of = WHOLE, at = "tally[SHARK_REQUEST_BYTES]", sum = "add", unit = "bytes",
    type = "integer?" },
  { "irq", "the IRQ of the queue", of = INTERRUPTS, at = "tally[SHARK_INTERRUPT_IRQ]", type = "integer?" },
  { "requests", "reaped by the interrupts; nil: not seen by this way", of = INTERRUPTS, sum = "add", type = "integer?",
    from = if_reaped(function(row) return row.total end) },
  { "most", "the most by one of them", of = INTERRUPTS, sum = "max", type = "integer?",
    from = if_reaped(function(row) return row.max end) },
  { "without_work", "interrupts that reaped nothing", of = INTERRUPTS, sum = "add", type = "integer?",
    from = if_reaped(function(row) return row.tally[C.SHARK_INTERRUPT_WITHOUT_WORK] end) },
  { "not_mine", "interrupts of another device (IRQ_NONE: the vector is shared)", of = INTERRUPTS, sum = "add",
    type = "integer?", from = if_reaped(function(row) return row.tally[C.SHARK_INTERRUPT_NOT_MINE] end) },
  { "sent", "kicks that the device was told of", of = KICKS, at = "tally[SHARK_KICK_SENT]", sum = "add",
    type = "integer?" },
  { "suppressed", "kicks that it did not need", of = KICKS, sum = "add", type = "integer?",
    from = function(row) return tonumber(row.count) - tonumber(row.tally[C.SHARK_KICK_SENT]) end },
  { "hist", "the times; of depth the depths, of interrupts the requests of each", sum = "hist", from = hist_of,
    of = { WHOLE, 1, 2, 3, 4, 5, DEPTH, INTERRUPTS }, type = "shark.Hist?" },
}

local BY = { "device", "queue", "op", "size", "cpu", "where", "order", "from", "to", "what" }

--- Joins rows of read(): those that agree in the fields given become one.
--- @param list_of_rows table[] @param fields string[] e.g. { "device", "op", "stage", "from" }
--- @param wanted? string  rows of this `what` only
--- @return table[] rows with these fields and what adds up
function M.join(list_of_rows, fields, wanted)
  local list, by_key, key_of = {}, {}, rows.key_by(fields)
  for _, row in ipairs(list_of_rows) do
    if not wanted or row.what == wanted then
      local key = key_of(row)
      if by_key[key] then
        M.kind.merge(by_key[key], row)
      else
        local copy = {}
        for field, value in pairs(row) do
          copy[field] = value
        end
        copy.hist = row.hist and row.hist:copy()
        by_key[key] = copy
        list[#list + 1] = copy
      end
    end
  end
  return list
end

-- ---- what /sys/block/*/stat counts ----

local FLUSH, DISCARD, FIRST_PRIVATE = 2, 3, 32

-- include/linux/blk_types.h, op_stat_group(): everything odd writes (zeroes, a zone, secure
-- erasure, too), but a discard counts as such. The driver's own are not counted.
local function stat_group(op)
  if op >= FIRST_PRIVATE then
    return nil
  end
  return op == DISCARD and "discard" or op == FLUSH and "flush" or op % 2 == 1 and "write" or "read"
end

-- A flush without data is a write there, too, when it has ended.
local function name_in_stat(row)
  local device = virtio.disk_name(row.id)
  if row.what == C.SHARK_FLUSH_ENDS then
    return device .. " write"
  elseif row.what ~= C.SHARK_WHOLE then
    return nil
  end
  local op = stat_group(kind_of(row, C.SHARK_KIND_OP, 8))
  return op and device .. " " .. op or nil
end

local function kernel_counts(options)
  local counts = {}
  for _, disk in ipairs(virtio.disks()) do
    if disk.iostats and (not options.device or options.device == virtio.disk_number(disk.device)) then
      for op, count in pairs(virtio.completed(disk.device)) do
        counts[disk.device .. " " .. op] = count
      end
    end
  end
  return counts
end

-- ---- events and open requests ----

local function between(request, from, to)
  return request.at_ns[to] - request.at_ns[from]
end

-- From the first moment that was seen to the last.
local function whole_ns(request)
  return between(request, ends_of(request.seen))
end

-- Up to that moment from the one seen before; nil if the moment, or none before it, was seen.
local function stage_ns(request, moment)
  local before = was_seen(request.seen, moment) and start_of(moment, request.seen)
  return before and between(request, before, moment) or nil
end

local function comm_of(request)
  return ffi.string(request.comm)
end

local function status_of(status)
  if status == 0 then
    return "ok"
  end
  return status < 0 and "errno " .. -status or STATUSES[status] or "status " .. status
end

-- A flush without data is of no sector: the kernel says -1.
local NO_SECTOR = 0xffffffffffffffffULL

local function sector_or_nil(request)
  return request.sector ~= NO_SECTOR and request.sector or nil
end

local EVENTS = {
  { "ts_ns", "when first_seen was, CLOCK_MONOTONIC", unit = "ns",
    from = function(_, r) return r.at_ns[(ends_of(r.seen))] end },
  { "ns", "from then to its completion", unit = "ns", from = function(_, r) return whole_ns(r) end },
  { "first_seen", 'the first moment that was seen: "issued" unless the kernel skipped a program', type = "string",
    from = function(_, r) return M.MOMENTS[ends_of(r.seen)] end },
}

local STAGE_TEXTS = {
  "until it was in the ring", "until the device was told", "until the handler of its interrupt started",
  "until the driver took it out of the ring", "until the block layer ended it",
}
for moment, stage in ipairs(M.STAGES) do
  EVENTS[#EVENTS + 1] = { stage .. "_ns", STAGE_TEXTS[moment] .. "; nil: not seen", unit = "ns", type = "uint64_t?",
    from = function(_, r) return stage_ns(r, moment) end }
end

for _, field in ipairs {
  { "device", 'the disk: "vda"', type = "string", from = function(_, r) return virtio.disk_name(r.dev) end },
  { "queue", "number of the virtqueue" },
  { "operation", '"read", "write", "flush", ...', type = "string", from = function(_, r) return operation(r.op) end },
  { "sector", "of 512 bytes; nil: without data", type = "uint64_t?",
    from = function(_, r) return sector_or_nil(r) end },
  { "bytes", "read or written", unit = "bytes" },
  { "pid", "thread group of the task that issued it" },
  { "tid", "thread id of that task" },
  { "name", "its name", type = "string", from = function(_, r) return comm_of(r) end },
  { "status", "0, a negative errno (before 5.18) or a blk_status_t" },
  { "status_text", '"ok", "I/O error", ...', type = "string", from = function(_, r) return status_of(r.status) end },
  { "irq", "the IRQ that ended it; negative: not seen" },
  { "issue_cpu", "the CPU that issued it; 65535: not seen" },
  { "cpu", "the CPU that completed it" },
  { "completed_in", '"hardirq", "softirq", "remote", "polled", "?"', type = "string",
    from = function(_, r) return M.WHERE[r.where] end },
  { "requeues", "times that the block layer took it back" },
  { "depth", "in flight in its queue when it was added, itself included" },
  { "stack", "of the interrupt's handler, for session:stack(); negative: none" },
} do
  EVENTS[#EVENTS + 1] = field
end

-- Of an event, or of a record in the kernel's memory.
local function sector_of(request)
  local sector = request.sector
  return sector and sector ~= NO_SECTOR and tonumber(sector) or nil
end

--- "2048 +4096", sector and bytes of a copy(); "-" of a request without data.
function M.extent(request)
  return request.sector and ("%.0f +%d"):format(request.sector, request.bytes) or "-"
end

--- A request (event, or open) as a table that outlives the handler.
function M.copy(request)
  if type(request) ~= "cdata" then
    error(("bad argument #1 to 'copy' (event, or open request, expected, got %s)"):format(type(request)), 2)
  end
  local first = ends_of(request.seen)
  local copy = {
    ts_ns = tonumber(request.at_ns[first]), first_seen = M.MOMENTS[first],
    device = virtio.disk_name(request.dev), queue = request.queue,
    op = operation(request.op), sector = sector_of(request), bytes = request.bytes,
    pid = request.pid, tid = request.tid, comm = comm_of(request),
    issue_cpu = request.issue_cpu ~= C.SHARK_NO_CPU and request.issue_cpu or nil,
    requeues = request.requeues, depth = request.depth > 0 and request.depth or nil, stages = {},
  }
  for moment, stage in ipairs(M.STAGES) do
    local ns = stage_ns(request, moment)
    if ns then
      table.insert(copy.stages, {
        stage = stage, from = M.MOMENTS[start_of(moment, request.seen)], to = M.MOMENTS[moment], ns = tonumber(ns),
      })
    end
  end
  if request.at_ns[C.SHARK_COMPLETED] ~= 0 then
    copy.ns = tonumber(whole_ns(request))
    copy.cpu, copy.status, copy.completed_in = request.cpu, status_of(request.status), M.WHERE[request.where]
    copy.irq = request.irq >= 0 and request.irq or nil
  end
  return copy
end

local requests_pointer = ffi.typeof("const struct shark_request *")

-- Requests issued and not completed, oldest first.
local function open_requests(self)
  local address, n, name = self.handle:extra()
  if not address then
    return nil, n, name
  end
  local requests, list = ffi.cast(requests_pointer, address), {}
  for i = 0, n - 1 do
    if not was_seen(requests[i].seen, C.SHARK_COMPLETED) then -- else it only waits to be taken away
      list[#list + 1] = M.copy(requests[i])
    end
  end
  table.sort(list, function(a, b) return a.ts_ns < b.ts_ns end)
  return list
end

local endings_pointer = ffi.typeof("const struct shark_ending *")

-- Completed requests, counted by the stack they ended in; with stacks = true.
local function stacks(self)
  local address, n, name = self.handle:endings()
  if not address then
    return nil, n, name
  end
  local endings, list = ffi.cast(endings_pointer, address), {}
  for i = 0, n - 1 do
    local ending = endings[i]
    list[i + 1] = {
      device = virtio.disk_name(ending.dev), queue = ending.queue, op = operation(ending.op),
      irq = ending.irq >= 0 and ending.irq or nil, stack = ending.stack >= 0 and ending.stack or nil,
      count = tonumber(ending.count), total_ns = tonumber(ending.total_ns),
    }
  end
  return list
end

-- ---- the kind ----

M.kind = session.define {
  provider = "virtblk",
  call = "virtblk.requests",
  class = "Virtblk",
  title = "Requests of virtio-blk",
  about = "Block requests of virtio-blk disks.",
  source = "functions of the driver, or the block layer's tracepoints, depending on the way",
  event = "struct shark_request",
  rows = ROWS,
  events = EVENTS,
  by = BY,
  less = rows.order_by(BY, true), -- figures of a whole queue after those of its requests
  options = {
    device = { type = "string", text = 'this disk only: "vda"' },
    at_least_ns = {
      name = "slower_than_us", type = "number", text = "only events that took so many microseconds; rows count all",
    },
  },
  audit = {
    source = "/sys/block/*/stat",
    seen = function(self) return audit.sum(self, name_in_stat) end,
    kernel = kernel_counts,
  },
  methods = { open_requests = open_requests, stacks = stacks },
}

local function no_such_disk(name)
  local names = virtio.disk_names()
  return ("virtblk: no such disk: %s; there %s"):format(name,
    #names > 0 and "are: " .. table.concat(names, ", ") or "is none of virtio-blk")
end

-- Names and units of this module's own options, as the core has them.
local function core_options(options)
  if type(options) ~= "table" then
    return options
  end
  local copy = {}
  for name, value in pairs(options) do
    copy[name] = value
  end
  if type(options.device) == "string" then
    copy.device = virtio.disk_number(options.device)
    if not copy.device then
      return nil, no_such_disk(options.device), "ENOENT"
    end
  end
  if options.slower_than_us then
    copy.slower_than_us, copy.at_least_ns = nil, math.floor(options.slower_than_us * 1000)
  end
  return copy
end

--- Starts a trace; see shark.virtblk.requests().
function M.open(options)
  local wanted, message, name = core_options(options)
  if options ~= nil and not wanted then
    return nil, message, name
  end
  return session.open(M.kind, wanted)
end
M.kind.open = M.open

return M
