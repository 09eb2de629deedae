--- virtio-blk, request by request and stage by stage.
--
--   local virtblk = require "shark.virtblk"
--   local session = virtblk.requests { slower_than_us = 1000 }
--   session:on(function(r) print(r.device, r.ns, r.device_ns) end)
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
local rows = require "shark.trace.rows"
local session = require "shark.trace.session"
local uv = require "uv"
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

local function counted(row, what)
  return {
    what = what, device = virtio.disk_name(row.id), queue = field_of(row.key[0], 0, 16), cpu = row.cpu,
    count = tonumber(row.count), total_ns = tonumber(row.total_ns), max_ns = tonumber(row.max_ns),
    hist = hist.new(row.hist, row.max_ns),
  }
end

local KINDS = { [C.SHARK_WHOLE] = "request", [C.SHARK_DEPTH] = "depth" }

local function decode_request(row)
  local key, number = row.key[0], tonumber(row.what)
  local decoded = counted(row, KINDS[number] or "stage")
  decoded.op = operation(field_of(key, 16, 8))
  decoded.size = M.SIZES[field_of(key, 24, 8)]
  decoded.where = M.WHERE[field_of(key, 32, 8)]
  decoded.order = number
  if decoded.what == "stage" then
    decoded.stage = M.STAGES[number]
    decoded.from = M.MOMENTS[start_of(number, field_of(key, 40, 8))]
    decoded.to = M.MOMENTS[number]
  elseif decoded.what == "request" then
    local first, last = ends_of(field_of(key, 40, 8))
    decoded.from, decoded.to = M.MOMENTS[first], M.MOMENTS[last]
    if first == last then -- no time: the completion is all that was seen
      decoded.total_ns, decoded.max_ns, decoded.hist = nil, nil, nil
    end
    decoded.same_cpu, decoded.requeues = tonumber(row.tally[0]), tonumber(row.tally[1])
    decoded.errors, decoded.bytes = tonumber(row.tally[2]), tonumber(row.tally[3])
  else
    decoded.total, decoded.max, decoded.total_ns, decoded.max_ns = decoded.total_ns, decoded.max_ns, nil, nil
  end
  return decoded
end

-- What an interrupt reaps is not seen without the driver; then there is no histogram.
local function decode_interrupts(row)
  local decoded = counted(row, "interrupts")
  if decoded.hist:count() > 0 then
    decoded.requests, decoded.most = decoded.total_ns, decoded.max_ns
    decoded.without_work, decoded.not_mine = tonumber(row.tally[0]), tonumber(row.tally[1])
  else
    decoded.hist = nil
  end
  decoded.total_ns, decoded.max_ns = nil, nil
  decoded.irq = tonumber(row.tally[2])
  return decoded
end

local function decode_kicks(row)
  local decoded = counted(row, "kicks")
  decoded.sent, decoded.suppressed = tonumber(row.tally[0]), decoded.count - tonumber(row.tally[0])
  decoded.total_ns, decoded.max_ns, decoded.hist = nil, nil, nil
  return decoded
end

local function decode_flush_ends(row)
  local decoded = counted(row, "flush_ends")
  decoded.total_ns, decoded.max_ns, decoded.hist = nil, nil, nil
  return decoded
end

local DECODERS = {
  [C.SHARK_INTERRUPTS] = decode_interrupts, [C.SHARK_KICKS] = decode_kicks,
  [C.SHARK_FLUSH_ENDS] = decode_flush_ends,
}

local merge = rows.merger {
  sums = { "count", "total_ns", "total", "same_cpu", "requeues", "errors", "bytes", "requests", "without_work",
    "not_mine", "sent", "suppressed" },
  maxima = { "max_ns", "max", "most" },
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
        merge(by_key[key], row)
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
  local op = stat_group(field_of(row.key[0], 16, 8))
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

local fields = {
  sector = function(_, r) return r.sector ~= NO_SECTOR and r.sector or nil end,
  ts_ns = function(_, r) return r.at_ns[(ends_of(r.seen))] end,
  ns = function(_, r) return whole_ns(r) end,
  first_seen = function(_, r) return M.MOMENTS[ends_of(r.seen)] end,
  device = function(_, r) return virtio.disk_name(r.dev) end,
  operation = function(_, r) return operation(r.op) end,
  name = function(_, r) return comm_of(r) end,
  status_text = function(_, r) return status_of(r.status) end,
  completed_in = function(_, r) return M.WHERE[r.where] end,
}
for moment, stage in ipairs(M.STAGES) do
  fields[stage .. "_ns"] = function(_, r) return stage_ns(r, moment) end
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

local kind = session.define {
  provider = "virtblk",
  event = "struct shark_request",
  decode = function(row) return (DECODERS[tonumber(row.what)] or decode_request)(row) end,
  merge = merge,
  by = BY,
  less = rows.order_by(BY, true), -- figures of a whole queue behind those of its requests
  hidden = {
    "at_ns", "queue_key", "dev", "kick", "reap_cpu", "op", "size_class", "where", "flags", "seen",
  },
  fields = fields,
  losses = {
    { "late_adds", "request first seen when it was added", "requests first seen when they were added" },
    { "late_ends", "request first seen when it was completed", "requests first seen when they were completed" },
    { "unseen_ends", "request not seen to complete", "requests not seen to complete" },
  },
  audit = {
    source = "/sys/block/*/stat",
    seen = function(self) return audit.sum(self, name_in_stat) end,
    kernel = kernel_counts,
  },
  methods = { open_requests = open_requests, stacks = stacks },
}

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
      return nil, ("virtblk: no such disk: %s"):format(options.device), "ENOENT"
    end
  end
  if options.slower_than_us then
    copy.slower_than_us, copy.at_least_ns = nil, math.floor(options.slower_than_us * 1000)
  end
  return copy
end

--- Block requests of virtio-blk disks.
---
--- Rows of read(), by `what`:
---   "request"     device, queue, cpu (that completed it), op, size (class), where
---                 ("hardirq", "softirq", "remote", "polled", "?"); from, to (the
---                 first and last moment that were seen: "issued" and "completed"
---                 unless the kernel skipped a program); count, total_ns, max_ns,
---                 hist of the time between them (nil where they are one);
---                 same_cpu (completed where issued), requeues, errors, bytes
---   "stage"       the same, and stage ("queue", "kick", "device", "reap",
---                 "complete"), from, to (the moments it lies between)
---   "depth"       the same; count, total, max, hist of the requests in flight in the
---                 queue that each request found, itself included
---   "interrupts"  device, queue, cpu, irq; count; where the driver is seen requests
---                 (reaped by them), most, hist of requests per interrupt,
---                 without_work, not_mine (IRQ_NONE)
---   "kicks"       device, queue, cpu; count (asked), sent, suppressed
---   "flush_ends"  device, queue, cpu; count of requests without data that a flush ended
---
--- Fields of an event: ts_ns (issued, or first_seen), ns, first_seen, queue_ns, kick_ns, device_ns, reap_ns,
--- complete_ns (nil: not seen), device, queue, operation, sector (nil: without data), bytes, pid, tid,
--- name (comm), status, status_text, irq, issue_cpu, cpu, completed_in, requeues,
--- depth, stack.
---
--- The session has open_requests(), too: those issued and not yet completed; and, with
--- stacks = true, stacks(): completed ones, counted in the kernel by device, queue, op, irq and
--- stack (for session:stack(), as long as the session is open; nil: none was taken).
---
--- Of loss() are late_adds and late_ends: requests first seen when they were added to
--- the ring, or completed; unseen_ends: requests of which the completion was not seen.
--- All of these are counted.
---
--- @param options? table filters device ("vda"), cpu (that completes),
---   slower_than_us (events only); ways "fentry", "kprobe", "tp_btf", "raw_tp", "tp"
--- @return shark.Session? @return string? message @return string? name
function M.requests(options)
  local wanted, message, name = core_options(options)
  if options ~= nil and not wanted then
    return nil, message, name
  end
  return session.open(kind, wanted)
end

--- What could be seen better by now: the driver was not there when the session
--- started, and is.
--- @return string? hint
function M.hint(opened)
  for _, refusal in ipairs(opened:how().refused) do
    if refusal.error == "ENODEV" and uv.fs_stat("/sys/module/virtio_blk") then
      return "the driver virtio_blk was loaded meanwhile: start again to see its stages"
    end
  end
end

--- Disks, queues, interrupts and features; see shark.system.virtio.
M.disks = virtio.disks

--- Vector and IRTE of a queue's IRQ; see shark.system.virtio.
M.route = virtio.route

return M
