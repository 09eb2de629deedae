-- The interrupt map against what /proc and /sys say of every IRQ, and against
-- itself: message, IRTE, vector and descriptor must lead to one another.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local files = require "shark.system.files"
local interrupts = require "shark.system.interrupts"
local irq = require "shark.irq"
local irqmap = require "shark.irqmap"
local iommu_units = require "shark.iommu.units"
local k = require "shark.kernel"
local map_system = require "shark.map.system"
local proc = require "proc"
local remap = require "shark.remap"
local t = require "t"
local tree = require "shark.text.tree"
local vectors = require "shark.map.vectors"
local walk = require "shark.map.walk"

local tests = {}

local function describe(number)
  local map, message = irq.describe(number)
  t.assertNotNil(map, message)
  return map
end

local function names(list, field)
  local found = {}
  for i, entry in ipairs(list) do
    found[i] = entry[field]
  end
  return found
end

-- What no kernel memory can tell, or what a busy machine changes meanwhile.
local function for_each_irq(check)
  for number, before in pairs(interrupts.read()) do
    local map = describe(number)
    if not map.changed then
      check(map, before, interrupts.read()[number])
    end
  end
end

local function needs_walk()
  t.needs("root", "kmem", "irq_descs")
end

-- ---- against /proc and /sys ----

function tests.test_every_irq_of_proc_interrupts_agrees()
  t.needs "root"
  for_each_irq(function(map, before, after)
    t.assertEquals(names(map.actions, "name"), after.actions, map.irq)
    t.assertEquals(map.chip, after.chip)
    t.assertEquals(map.hwirq, tonumber(files.line(("/sys/kernel/irq/%d/hwirq"):format(map.irq))))
    t.assertEquals(map.flow, files.line(("/sys/kernel/irq/%d/name"):format(map.irq)))
    for _, entry in ipairs(map.counts) do
      t.assertTrue(entry.count >= before.counts[entry.cpu] and entry.count <= after.counts[entry.cpu],
        ("IRQ %d, CPU %d: %d"):format(map.irq, entry.cpu, entry.count))
    end
  end)
end

function tests.test_affinities_agree()
  t.needs "root"
  for_each_irq(function(map)
    local folder = ("/proc/irq/%d/"):format(map.irq)
    t.assertEquals(map.affinity.asked, files.line(folder .. "smp_affinity_list"), map.irq)
    t.assertEquals(map.affinity.effective, files.line(folder .. "effective_affinity_list"), map.irq)
  end)
end

function tests.test_all_irqs_have_a_map()
  t.needs "root"
  local seen = {}
  for _, map in ipairs(assert(irqmap.describe_all())) do
    seen[map.irq] = true
    t.assertNotNil(map.source)
    t.assertStrContains(tree.text(tree.of(map)), "IRQ " .. map.irq)
  end
  for number in pairs(interrupts.read()) do
    t.assertTrue(seen[number], number)
  end
end

function tests.test_what_is_missing_is_said()
  t.needs "root"
  for _, map in ipairs(assert(irqmap.describe_all())) do
    for _, missing in ipairs(map.missing) do
      t.assertTrue(#missing.what > 0 and #missing.why > 0)
      t.assertNil(missing.what:find("^level"), missing.why)
    end
    if not map.levels then
      t.assertTrue(#map.missing > 0 or map.changed ~= nil)
    end
  end
end

-- ---- the walk ----

function tests.test_the_first_level_is_what_sys_shows()
  needs_walk()
  for_each_irq(function(map)
    local first = map.levels[1]
    t.assertEquals(first.chip, files.line(("/sys/kernel/irq/%d/chip_name"):format(map.irq)))
    t.assertEquals(tonumber(first.hwirq), map.hwirq)
    t.assertNotNil(map.handle_irq)
    t.assertStrContains(map.handle_irq, "handle_")
  end)
end

function tests.test_handlers_have_names()
  needs_walk()
  for_each_irq(function(map)
    for _, action in ipairs(map.actions) do
      t.assertStrMatches(action.handler, "[%a_][%w_.]*.*")
      t.assertEquals(action.thread_fn ~= nil, action.thread ~= nil, map.irq)
    end
  end)
end

function tests.test_requested_interrupts_have_a_vector()
  needs_walk()
  local found = 0
  for_each_irq(function(map)
    local vector = map.vector
    if vector then
      t.assertTrue(vector.number >= 32 and vector.number < 256)
      t.assertTrue(vector.points_back ~= false, map.irq)
      found = found + 1
    end
  end)
  t.assertTrue(found > 0)
end

function tests.test_the_cpu_of_the_vector_is_the_effective_affinity()
  needs_walk()
  for_each_irq(function(map)
    if map.vector and #map.actions > 0 and map.levels[#map.levels].kind == "vector" then
      t.assertEquals(map.affinity.effective, tostring(map.vector.cpu), map.irq)
    end
  end)
end

function tests.test_the_live_message_is_the_one_written()
  needs_walk()
  local live = 0
  for_each_irq(function(map)
    if map.msi then
      t.assertNil(map.msi.differs, map.irq)
      live = live + (map.msi.live and 1 or 0)
      t.assertNotEquals(map.msi.cached.format, "other")
    end
  end)
  if require("shark.kernel").how().way == "bpf" and #disk_load.find().irqs > 0 then
    t.assertTrue(live > 0)
  end
end

-- Calls check(map) for interrupts that are remapped and present.
local function for_each_remapped(check)
  local count = 0
  for_each_irq(function(map)
    if map.irte then
      check(map)
      count = count + 1
    end
  end)
  t.skipIf(count == 0, "no interrupt is remapped here")
end

function tests.test_the_live_irte_is_the_one_the_kernel_keeps()
  needs_walk()
  for_each_remapped(function(map)
    t.assertNotNil(map.irte.live, map.irq)
    t.assertNotNil(map.irte.cached, map.irq)
    t.assertNil(map.irte.differs, map.irq)
  end)
end

function tests.test_irte_vector_and_message_lead_to_one_another()
  needs_walk()
  for_each_remapped(function(map)
    local live = map.irte.live
    t.assertEquals(live.present, #map.actions > 0, map.irq)
    if live.present and map.vector then
      t.assertEquals(live.vector, map.vector.number, map.irq)
    end
    if map.msi and map.device then
      t.assertEquals(map.msi.cached.index, map.irte.index, map.irq)
    end
    if map.redirection and map.redirection.set_up then
      t.assertEquals(map.redirection.index, map.irte.index, map.irq)
    end
    -- An interrupt by wire comes from the IO-APIC, not from its device.
    if map.msi and map.device and live.source then
      t.assertEquals("0000:" .. live.source, map.device.pci)
    end
  end)
end

function tests.test_the_table_is_the_one_in_the_hardware()
  needs_walk()
  for_each_remapped(function(map)
    if map.iommu.irta then
      t.assertTrue(map.iommu.table_live)
      t.assertEquals(map.iommu.gsts.fields.IRES, 1)
    end
    if map.irte.device_entry then
      t.assertTrue(map.irte.device_entry.table_live)
      t.assertEquals(map.irte.device_entry.control, "interrupts remapped")
    end
  end)
end

function tests.test_capabilities_are_those_in_sys()
  needs_walk()
  for_each_remapped(function(map)
    local folder = ("/sys/class/iommu/%s/intel-iommu/"):format(map.iommu.name)
    local cap, ecap = files.line(folder .. "cap"), files.line(folder .. "ecap")
    if cap then
      t.assertEquals({ map.iommu.cap.raw, map.iommu.ecap.raw }, { "0x" .. cap, "0x" .. ecap })
      t.assertEquals(map.iommu.reg_phys, "0x" .. files.line(folder .. "address"))
    end
  end)
end

function tests.test_interrupts_arrive_where_the_map_says()
  needs_walk()
  local disk = t.needs "disk"
  local before = describe(disk.irq)
  local row = interrupts.read()[disk.irq].counts[before.vector.cpu]
  disk_load.direct_reads(disk, 50)
  t.assertTrue(interrupts.read()[disk.irq].counts[before.vector.cpu] >= row + 50)
end

-- The kernel writes a pin's entry when its interrupt is activated: before, what it
-- keeps of it is in no register.
function tests.test_pins_nobody_uses_are_not_set_up()
  needs_walk()
  local used, unused = 0, 0
  for _, map in ipairs(assert(irqmap.describe_all())) do
    local pin = map.redirection
    if pin and #map.actions > 0 then
      t.assertEquals({ pin.set_up, pin.vector ~= nil }, { true, true }, map.irq)
      used = used + 1
    elseif pin and not map.activated then
      t.assertEquals({ pin.set_up, pin.masked, pin.vector }, { false, true, nil }, map.irq)
      t.assertStrContains(tree.text(tree.of(map)), "redirection entry: not set up")
      unused = unused + 1
    end
  end
  t.skipIf(used + unused == 0, "there is no IO-APIC")
  print(("# %d pins in use, %d not set up"):format(used, unused))
  t.assertTrue(used > 0 and unused > 0)
end

-- APIC ids are those of /proc/cpuinfo.
function tests.test_the_destination_is_the_cpu_of_the_vector()
  needs_walk()
  local modes = {}
  for_each_irq(function(map)
    local vector = map.vector
    if vector then
      t.assertNotNil(vector.destination.mode, map.irq)
      t.assertEquals(vector.destination.cpus, { vector.cpu }, map.irq)
      t.assertStrContains(tree.text(tree.of(map)), "destination: " .. vector.destination.words)
      modes[vector.destination.mode] = true
    end
    local irte = map.irte and map.irte.live
    if irte and irte.present and irte.dest_mode and vector then
      t.assertEquals({ irte.dest_mode, irte.dest }, { vector.destination.mode, vector.destination.value }, map.irq)
    end
    if map.msi and map.msi.cached.dest_mode and vector then
      t.assertEquals(map.msi.cached.dest_mode, vector.destination.mode, map.irq)
    end
  end)
  t.assertTrue(next(modes) ~= nil)
end

-- ---- what it costs ----

-- How often the kernel was asked for memory, and for names, in so many rounds over
-- all interrupts, in one look.
local function cost_of(rounds)
  local system = assert(map_system.look())
  local irqs, before = system:irqs(), k.work()
  walk.look(function()
    for _ = 1, rounds do
      for _, number in ipairs(irqs) do
        local map = system:describe(number)
        map.missing = {}
        t.assertTrue(walk.fill(map) or map.changed ~= nil)
      end
    end
  end)
  local after = k.work()
  return { calls = after.calls - before.calls, names = after.names - before.names,
    passes = after.passes - before.passes, irqs = #irqs * rounds }
end

-- What more interrupts add is a constant for each, and what they share is read
-- once; a retry, of what changed meanwhile, is allowed for.
function tests.test_the_work_grows_as_the_interrupts_do()
  needs_walk()
  cost_of(1)
  local few, many = cost_of(2), cost_of(20)
  local each = (many.calls - few.calls) / (many.irqs - few.irqs)
  print(("# %d interrupts: %d calls, %d names; %d interrupts: %d calls, %d names; %.1f calls for each more"):format(
    few.irqs, few.calls, few.names, many.irqs, many.calls, many.names, each))
  t.assertTrue(few.calls >= few.irqs, "the kernel was not asked")
  t.assertTrue(each <= 60, each)
  t.assertTrue(many.calls / many.irqs <= few.calls / few.irqs * 1.1)
  t.assertTrue((many.names - few.names) / (many.irqs - few.irqs) <= 12)
  t.assertEquals({ few.passes, many.passes }, { 0, 0 })
end

-- All symbols are read once, or twice where only they tell what an address is called.
function tests.test_all_that_is_looked_up_takes_one_pass_over_the_symbols()
  needs_walk()
  local result = proc.run_shark("-e", [[
    local k = require "shark.kernel"
    assert(require("shark.irqmap").describe_all())
    require("shark.map.vectors").read()
    require("shark.iommu.state").chains(require("shark.iommu.units").firmware())
    require("shark.iommu.remapping").read()
    print(k.work().passes, k.how().way)]])
  local passes, way = result.out:match("^(%d+)%s+(%a+)")
  t.assertNotNil(passes, result.err)
  t.assertTrue(tonumber(passes) <= (way == "kcore" and 2 or 1), result.out)
end

-- ---- vectors ----

function tests.test_a_vector_leads_to_its_irq()
  needs_walk()
  t.needs "data_symbols"
  for_each_irq(function(map)
    if map.vector then
      local slot = assert(irq.describe_vector(map.vector.cpu, map.vector.number))
      t.assertEquals({ slot.state, slot.irq, slot.map.irq }, { "used", map.irq, map.irq })
      t.assertStrContains(slot.idt, "irq_entries_start")
    end
  end)
end

function tests.test_vectors_that_are_no_interrupt_of_a_device()
  needs_walk()
  t.needs "data_symbols"
  t.assertEquals(assert(irq.describe_vector(0, 14)).state, "exception")
  local timer = assert(irq.describe_vector(0, 236)) -- LOCAL_TIMER_VECTOR
  t.assertEquals(timer.state, "system")
  t.assertStrContains(timer.idt, "apic_timer_interrupt")
end

function tests.test_every_vector_is_counted_once()
  needs_walk()
  t.needs "data_symbols"
  local found = assert(vectors.read())
  for _, cpu in ipairs(found.cpus) do
    local sum = 0
    for _, count in pairs(cpu.counts) do
      sum = sum + count
    end
    t.assertEquals({ sum, #cpu.vectors }, { 256, 256 })
    t.assertNil(cpu.counts.unknown)
  end
  t.assertTrue(found.available > 0)
end

-- The allocator's own count, taken apart from its maps: it may change between the
-- two, but not time after time.
local function free_and_available()
  local free, available
  for _ = 1, 20 do
    free, available = {}, {}
    for i, cpu in ipairs(assert(vectors.read()).cpus) do
      free[i], available[i] = cpu.counts.free, cpu.available
    end
    if table.concat(free, " ") == table.concat(available, " ") then
      break
    end
  end
  return free, available
end

function tests.test_free_vectors_are_those_that_can_be_had()
  needs_walk()
  t.needs "data_symbols"
  local free, available = free_and_available()
  t.assertEquals(free, available)
  local found = assert(vectors.read())
  for _, cpu in ipairs(found.cpus) do
    for _, slot in ipairs(cpu.vectors) do
      if slot.state == "free" then
        t.assertTrue(slot.vector >= found.first and slot.vector <= found.last, slot.vector)
      end
    end
  end
end

-- ---- remapping, IOMMUs ----

local function chips_say_remapped()
  for _, entry in pairs(interrupts.read()) do
    if (entry.chip or ""):find("^IR%-") then
      return true
    end
  end
  return false
end

function tests.test_the_state_of_remapping_is_what_the_chips_say()
  t.needs("root", "kmem")
  local state = remap.state()
  t.assertEquals(state.enabled, chips_say_remapped())
  if not state.enabled then
    t.assertNotNil(state.decisive)
    t.assertStrContains(state.verdict, state.decisive.answer)
  end
end

function tests.test_the_active_operations()
  t.needs("root", "kmem", "data_symbols")
  local ops = remap.state().ops
  t.assertEquals(ops ~= false, chips_say_remapped())
  if ops then
    local pointers = {}
    for _, pointer in ipairs(ops.pointers) do
      pointers[pointer.field] = pointer.symbol
    end
    t.assertStrContains(ops.name, "_ops")
    t.assertStrContains(pointers.prepare, "prepare")
    t.assertStrContains(pointers.enable, "enable")
  end
end

function tests.test_every_requested_interrupt_has_one_entry()
  t.needs("root", "kmem", "data_symbols")
  local owners = {}
  for _, entry in ipairs(assert(remap.entries())) do
    t.assertTrue(entry.entry.present)
    if entry.irq then
      t.assertNil(owners[entry.irq])
      owners[entry.irq] = true
    end
  end
  for_each_irq(function(map)
    t.assertEquals(owners[map.irq] == true, map.irte ~= nil and #map.actions > 0, map.irq)
  end)
end

function tests.test_units_are_those_in_sys()
  t.needs("root", "kmem", "data_symbols")
  local units, in_sys = iommu_units.read(), iommu_units.names_in_sys()
  for _, name in ipairs(in_sys) do
    t.assertStrContains(table.concat(names(units, "name"), " "), name)
  end
  local registered = assert(iommu_units.registered())
  t.assertEquals(#registered, #in_sys)
  for _, device in ipairs(registered) do
    t.assertStrContains(device.ops, "_iommu_ops")
  end
end

function tests.test_units_are_those_of_the_firmware()
  t.needs("root", "kmem", "data_symbols")
  local firmware = iommu_units.firmware()
  local wanted, drhds = 0, assert(iommu_units.drhds())
  for _, structure in ipairs(firmware.dmar and firmware.dmar.structures or {}) do
    wanted = wanted + (structure.name == "DRHD" and 1 or 0)
  end
  t.assertEquals(#drhds, wanted)
end

-- ---- what is not there ----

function tests.test_no_such_irq()
  local map, message, name = irq.describe(999999)
  t.assertNil(map)
  t.assertStrContains(message, "no IRQ 999999")
  t.assertEquals(name, "ENOENT")
  t.assertNil((irqmap.find "no-such-action"))
end

function tests.test_misuse_raises()
  t.assertErrorMsgContains("bad argument #1 to 'describe'", irq.describe, "36")
  t.assertErrorMsgContains("bad argument #1 to 'describe'", irq.describe, -1)
  t.assertErrorMsgContains("a vector is at most 255", irq.describe_vector, 0, 256)
end

t.run(tests)
