--- virtio-blk, request by request and stage by stage.
--
--   local virtblk = require "shark.virtblk"
--   local session = virtblk.requests { slower_than_us = 1000 }
--   session:on(function(r) print(r.device, r.ns, r.device_ns) end)

local files = require "shark.system.files"
local tracer = require "shark.tracers.virtblk"
local virtio = require "shark.system.virtio"

local M = {}

--- Moments of a request in their order, from 0.
M.MOMENTS = tracer.MOMENTS

--- Stages, by the moment that ends them.
M.STAGES = tracer.STAGES

M.OPERATIONS = tracer.OPERATIONS

--- Size classes, from 0: the most bytes a request of it has.
M.SIZES = tracer.SIZES

--- Where a request was completed, from 0.
M.WHERE = tracer.WHERE

--- Block requests of virtio-blk disks.
---
--- Rows are of six kinds, told apart by `what`: "request", "stage", "depth" (requests in
--- flight that each request found), "interrupts", "kicks" and "flush_ends". Their fields,
--- and those of events, are in docs/reference.md; docs/scripting.md says what the stages are.
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
  return tracer.open(options)
end

--- Joins rows of read(): those that agree in the fields given become one.
--- @param rows table[] @param fields string[] e.g. { "device", "op", "stage", "from" }
--- @param wanted? string  rows of this `what` only
--- @return table[] rows with these fields and what adds up
function M.join(rows, fields, wanted)
  return tracer.join(rows, fields, wanted)
end

--- A request (event, or open) as a table that outlives the handler.
M.copy = tracer.copy

--- "2048 +4096", sector and bytes of a copy(); "-" of a request without data.
M.extent = tracer.extent

--- What could be seen better by now: the driver was not there when the session
--- started, and is.
--- @return string? hint
function M.hint(opened)
  for _, refusal in ipairs(opened:how().refused) do
    if refusal.error == "ENODEV" and files.exists("/sys/module/virtio_blk") then
      return "the driver virtio_blk was loaded meanwhile: start again to see its stages"
    end
  end
end

--- Disks, queues, interrupts and features; see shark.system.virtio.
M.disks = virtio.disks

--- Vector, CPU and index of the interrupt remapping table entry of a queue's IRQ,
--- from the interrupt map (shark.irqmap).
--- @param irq integer
--- @return table? route { vector, cpu, irte = nil without remapping }
--- @return string? message where kernel memory cannot be read
function M.route(irq)
  local map, message = require("shark.irqmap").describe(irq)
  if not map then
    return nil, message
  elseif not map.vector then
    return nil, map.missing[1] and map.missing[1].why or map.changed or "it has no vector"
  end
  return { vector = map.vector.number, cpu = map.vector.cpu, irte = map.irte and map.irte.index }
end

return M
