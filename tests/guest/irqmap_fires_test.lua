-- What the map says of an interrupt against what the kernel's own functions see
-- when it fires: __common_interrupt() the vector, handle_edge_irq() the descriptor.
-- ftrace is the witness, by probes that shark has nothing to do with.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local files = require "shark.system.files"
local irq = require "shark.irq"
local t = require "t"
local uv = require "uv"

local tests = {}

local TRACING = "/sys/kernel/tracing/"

-- Without C's stdio, which seeks in files that cannot.
local function put(name, text, mode)
  local fd = assert(uv.fs_open(TRACING .. name, mode or "w", 0))
  local ok, message = uv.fs_write(fd, text, -1)
  uv.fs_close(fd)
  return ok, message
end

-- The arguments lie in registers, as the C calling convention has it.
local VECTOR = "p:shark_test/vector __common_interrupt vector=%si:u32\n" -- inlined before 5.15
local EDGE = "p:shark_test/edge handle_edge_irq desc=%di:x64\n"

-- Calls work() with the probes on; returns ftrace's text, and whether vectors are in it.
local function watch(work)
  local ok, message = put("kprobe_events", EDGE)
  t.skipIf(not ok, ("no probe of handle_edge_irq: %s"):format(tostring(message)))
  local has_vectors = put("kprobe_events", VECTOR, "a") ~= nil
  put("trace", "")
  put("events/shark_test/enable", "1")
  local done, why = pcall(work)
  put("events/shark_test/enable", "0")
  local text = assert(files.text(TRACING .. "trace"))
  put("kprobe_events", "")
  assert(done, why)
  return text, has_vectors
end

-- "desc cpu vector" of every interrupt in the text.
local function interrupts_in(text)
  local last, seen = {}, {}
  for line in text:gmatch("[^\n]+") do
    local cpu = tonumber(line:match("%[(%d+)%]"))
    local vector, desc = line:match("vector=(%d+)"), line:match("desc=(0x%x+)")
    if vector then
      last[cpu] = vector
    elseif desc then
      seen[("%s %d %s"):format(desc, cpu, last[cpu] or "-")] = true
      last[cpu] = nil
    end
  end
  return seen
end

function tests.test_vector_cpu_and_descriptor_are_those_it_fires_with()
  t.needs("root", "kmem", "irq_descs", "tracefs")
  local disk = t.needs "disk"
  local before = assert(irq.describe(disk.irq))
  local text, has_vectors = watch(function() disk_load.direct_reads(disk, 30) end)
  local after = assert(irq.describe(disk.irq))
  t.assertEquals(after.descriptor, before.descriptor)
  local vector = has_vectors and before.vector.number or "-"
  local expected = ("%s %d %s"):format(before.descriptor, before.vector.cpu, vector)
  t.assertTrue(interrupts_in(text)[expected], expected .. "\n" .. text:sub(1, 3000))
  if before.irte then
    t.assertEquals(before.irte.live.vector, before.vector.number)
  end
end

t.run(tests)
