-- The interrupt map while what it shows changes: affinities that are written and
-- not in force yet, and a device that comes and goes.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local files = require "shark.system.files"
local interrupts = require "shark.system.interrupts"
local irq = require "shark.irq"
local irqmap = require "shark.irqmap"
local proc = require "proc"
local t = require "t"
local tree = require "shark.text.tree"
local uv = require "uv"
local vectors = require "shark.map.vectors"

local tests = {}

local function write(path, text)
  local fd = assert(uv.fs_open(path, "w", 0))
  local ok, message = uv.fs_write(fd, text, -1)
  uv.fs_close(fd)
  return ok, message
end

-- The NIC's IRQs: their affinity is the user's to set.
local function nic_irqs()
  local found = {}
  for number, entry in pairs(interrupts.read()) do
    for _, action in ipairs(entry.actions) do
      if action:find("^virtio%d+%-input%.0") then
        found[#found + 1] = number
      end
    end
  end
  t.skipIf(#found == 0, "no network card")
  return found[1]
end

-- ---- affinity ----

local function check_affinity(number)
  local folder = ("/proc/irq/%d/"):format(number)
  local map = assert(irq.describe(number))
  t.assertNil(map.changed)
  local asked, effective = files.line(folder .. "smp_affinity_list"), files.line(folder .. "effective_affinity_list")
  t.assertEquals({ map.affinity.asked, map.affinity.effective }, { asked, effective })
  -- Asked for there and still here: the kernel has marked it, and it is said.
  local text = tree.text(tree.of(map))
  if asked ~= effective then
    t.assertEquals(map.affinity.pending, asked, text)
    t.assertStrContains(text, ("PENDING: the move to CPU %s waits for the next interrupt"):format(asked))
  end
  t.assertEquals(text:find("PENDING: ", 1, true) ~= nil, map.affinity.pending ~= nil, text)
  t.assertEquals(effective, tostring(map.vector.cpu), text)
  if map.irte then
    t.assertNil(map.irte.differs)
    t.assertEquals(map.irte.live.vector, map.vector.number)
  end
  return map
end

function tests.test_a_move_is_shown_as_it_is()
  t.needs("root", "kmem", "irq_descs")
  local number, moved = nic_irqs(), {}
  for i = 1, 20 do
    assert(write(("/proc/irq/%d/smp_affinity"):format(number), i % 2 == 0 and "1" or "2"))
    local map = check_affinity(number)
    moved[map.vector.cpu] = true
  end
  t.assertTrue(moved[0] or moved[1])
end

-- The trap of 6.12: the second of two writes in a row succeeds, /proc shows it as
-- done, and it waits for an interrupt. (Before 6.12 without a remapping IOMMU, every
-- move does.) How often depends on the machine; that it is said does not.
function tests.test_moves_back_to_back_are_shown_as_they_are()
  t.needs("root", "kmem", "irq_descs")
  local number, pending = nic_irqs(), 0
  local path = ("/proc/irq/%d/smp_affinity"):format(number)
  for i = 1, 20 do
    for j = 1, 4 do
      write(path, (i + j) % 2 == 0 and "1" or "2") -- EBUSY is an answer too
    end
    pending = pending + (check_affinity(number).affinity.pending and 1 or 0)
  end
  print(("# %d of 20 moves were pending"):format(pending))
  if require("shark.kernel").address "vector_schedule_cleanup" then -- 6.5 and later
    t.assertTrue(pending > 0)
  end
end

-- ---- vectors that are left ----

local TRACING = "/sys/kernel/tracing"

-- Runs work() and returns what the allocator said last of each CPU: { [cpu] = vectors left }.
local function allocator_says(work)
  local instance = ("%s/instances/vectors-%d"):format(TRACING, uv.os_getpid())
  assert(uv.fs_mkdir(instance, 448))
  local events = { "irq_matrix_alloc", "irq_matrix_free" }
  for _, event in ipairs(events) do
    assert(write(("%s/events/irq_matrix/%s/enable"):format(instance, event), "1"))
  end
  work()
  for _, event in ipairs(events) do
    assert(write(("%s/events/irq_matrix/%s/enable"):format(instance, event), "0"))
  end
  local left = {}
  for cpu, count in files.text(instance .. "/trace"):gmatch("irq_matrix_%a+: .- cpu=(%d+) .-av[ai]?l=(%d+)") do
    left[tonumber(cpu)] = tonumber(count)
  end
  assert(uv.fs_rmdir(instance))
  return left
end

-- Free is what the allocator can give: ftrace is the witness.
function tests.test_free_vectors_are_those_the_allocator_has_left()
  t.needs("root", "kmem", "data_symbols")
  t.skipIf(not files.exists(TRACING .. "/events/irq_matrix/irq_matrix_alloc"), "no irq_matrix events in tracefs")
  local path, seen = ("/proc/irq/%d/smp_affinity"):format(nic_irqs()), 0
  local left = allocator_says(function()
    for i = 1, 20 do
      write(path, i % 2 == 0 and "1" or "2") -- EBUSY is an answer too
    end
  end)
  local found = assert(vectors.read())
  for _, cpu in ipairs(found.cpus) do
    if left[cpu.cpu] then
      t.assertEquals(cpu.counts.free, left[cpu.cpu], "CPU " .. cpu.cpu)
      seen = seen + 1
    end
  end
  t.assertTrue(seen > 0, "the allocator gave no vector")
end

-- ---- hidden names ----

local KPTR = "/proc/sys/kernel/kptr_restrict"

-- Levels are told apart by their domains' names then.
function tests.test_where_names_are_hidden_the_walk_goes_on()
  t.needs("root", "kmem", "irq_descs")
  local number, before = nic_irqs(), files.line(KPTR)
  local open = assert(irq.describe(number))
  assert(write(KPTR, "2"))
  local map, message = irq.describe(number)
  local in_new_process = proc.run_shark("irqmap", tostring(number))
  assert(write(KPTR, before))
  t.assertNotNil(map, message)
  t.assertEquals(in_new_process.status, 0)
  if not in_new_process.out:find("\n  level 0: ", 1, true) then
    t.assertStrContains(in_new_process.out, "\n  missing: ") -- without BPF, no descriptor is found without names
    return
  end
  t.assertStrContains(in_new_process.out, "missing: IDT entry: /proc/kallsyms hides its addresses")
  t.assertStrContains(in_new_process.out, ("\n  vector %d "):format(open.vector.number))
  if open.iommu then
    t.assertStrContains(in_new_process.out, ("IRTE %d of %s"):format(open.irte.index, open.irte.iommu))
  end
end

-- ---- a device that comes and goes ----

local CYCLES = 200

local function driver_of(number)
  local map = assert(irq.describe(number))
  for _, name in ipairs(files.names("/sys/bus/virtio/drivers/virtio_net")) do
    if name:find("^virtio%d+$") and map.actions[1].name:find(name, 1, true) then
      return name
    end
  end
end

-- What is shown belongs together, however much of it there is.
local function check_map(map)
  if map.changed or not map.levels then
    t.assertTrue(map.changed ~= nil or #map.missing > 0)
    return 1
  end
  tree.text(tree.of(map))
  for _, action in ipairs(map.actions) do
    t.assertTrue(#action.name > 0)
  end
  local live = map.irte and map.irte.live
  if live then
    t.assertNil(map.irte.differs, map.irq)
    if live.present and map.vector and not map.vector.previous then
      t.assertEquals(live.vector, map.vector.number, map.irq)
    end
  end
  if map.vector and #map.actions > 0 then
    t.assertTrue(map.vector.points_back ~= false, tree.text(tree.of(map)))
  end
  return 0
end

function tests.test_a_device_that_comes_and_goes_while_walking()
  t.needs("root", "kmem", "irq_descs")
  local device = driver_of(nic_irqs())
  local child = proc.start("/bin/sh", { "-c", ([[
    for i in $(seq %d); do
      echo %s > /sys/bus/virtio/drivers/virtio_net/unbind
      echo %s > /sys/bus/virtio/drivers/virtio_net/bind
    done; echo all done]]):format(CYCLES, device, device) })
  local rounds, maps, changed = 0, 0, 0
  repeat
    for _, map in ipairs(assert(irqmap.describe_all())) do
      maps, changed = maps + 1, changed + check_map(map)
    end
    rounds = rounds + 1
    uv.run "nowait"
  until child.out():find("all done", 1, true)
  child.wait()
  print(("# %d rounds, %d maps, %d not read because they changed"):format(rounds, maps, changed))
  t.assertEquals(check_map(assert(irq.describe(nic_irqs()))), 0)
end

t.run(tests)
