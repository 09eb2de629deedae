-- Interrupt remapping traced while interrupts move, drivers come and go, and a
-- device writes where it may not.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local ahci = require "ahci"
local files = require "shark.system.files"
local irq = require "shark.irq"
local nic_load = require "nic"
local remap = require "shark.remap"
local remap_story = require "shark.story"
local remap_trace = require "shark.remap.trace"
local t = require "t"
local uv = require "uv"

local tests = {}

local MOVES = 101

local function needs_nic()
  t.needs("root", "tracing", "tracefs")
  local nic, reason = nic_load.find()
  t.skipIf(not nic, ("needs a network card: %s"):format(tostring(reason)))
  return nic
end

local function needs_remapping()
  local vendor, reason = remap_trace.remapping()
  t.skipIf(not vendor, ("needs remapping: %s"):format(tostring(reason)))
  return vendor
end

local function open(constructor, options)
  local session, message = constructor(options)
  t.assertNotNil(session, message)
  return session
end

local function assert_nothing_lost(session)
  for name, count in pairs(session:loss()) do
    t.assertEquals(count, 0, name)
  end
end

-- ---- what the kernel itself says it did ----

local function put(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

-- A witness that counts writes of entries: the tracepoint of the invalidation
-- (Intel, since 5.13 or so), or ftrace on the function that writes.
local INSTANCE = "/sys/kernel/tracing/instances/remap"
local SUBMIT = INSTANCE .. "/events/intel_iommu/qi_submit/enable"
local FUNCTIONS = { intel = "modify_irte*", amd = "irte_ga_set_affinity irte_set_affinity" }
local MARKS = { intel = "modify_irte", amd = "irte_%l*_?set_affinity" }

local function start_witness(vendor)
  assert(uv.fs_mkdir(INSTANCE, 448))
  put(INSTANCE .. "/buffer_size_kb", "4096")
  if vendor == "intel" and uv.fs_stat(SUBMIT) then
    put(SUBMIT, "1")
    return "iec_inv"
  end
  put(INSTANCE .. "/set_ftrace_filter", FUNCTIONS[vendor])
  put(INSTANCE .. "/current_tracer", "function")
  return MARKS[vendor]
end

local function stop_witness(mark)
  local count = 0
  for line in io.lines(INSTANCE .. "/trace") do
    count = count + (not line:find("^#") and line:find(mark) and 1 or 0)
  end
  put(INSTANCE .. "/current_tracer", "nop")
  put(INSTANCE .. "/events/enable", "0")
  assert(uv.fs_rmdir(INSTANCE))
  return count
end

local function writes_witnessed(vendor, work)
  local mark = start_witness(vendor)
  local ok, message = xpcall(work, debug.traceback)
  local count = stop_witness(mark)
  assert(ok, message)
  return count
end

-- ---- moves ----

local function move_often(nic)
  local first = nic_load.effective(nic)
  for i = 1, MOVES do
    nic_load.move(nic, i % 2 == 1 and 1 - first or first)
  end
end

local function raw(entry)
  return table.concat(entry.raw, ":")
end

local function collect_changes(session)
  local list = {}
  session:on(function(e)
    list[#list + 1] = {
      irq = e.irq, reason = e.reason, before = e.before, after = e.after, flushes = e.flushes,
      ns = tonumber(e.ns), flush_ns = tonumber(e.flush_ns), task = e.task,
    }
  end)
  return list
end

local function check_chain(list, nic)
  for i, change in ipairs(list) do
    t.assertEquals(change.irq, nic.irq)
    t.assertEquals(change.reason, "set affinity")
    t.assertTrue(change.flushes >= 1)
    t.assertTrue(change.flush_ns > 0 and change.flush_ns <= change.ns)
    t.assertTrue(change.after.present)
    if i > 1 then
      t.assertEquals(raw(change.before), raw(list[i - 1].after), "what change " .. i .. " found")
    end
  end
end

-- The entry as it is in the table now, read by another way.
local function check_live(last, nic)
  local map = assert(irq.describe(nic.irq))
  local live = map.irte and map.irte.live
  t.assertNotNil(live, map.missing[1] and map.missing[1].why)
  t.assertEquals(raw(last.after), raw(live))
end

local function moves_are_changes(options)
  local nic, vendor = needs_nic(), needs_remapping()
  nic_load.move(nic, 0)
  local session = open(remap.changes, { irq = nic.irq, way = options.way })
  local list = collect_changes(session)
  local written = writes_witnessed(vendor, function() move_often(nic) end)
  session:drain()
  t.assertEquals(#list, written)
  t.assertTrue(written >= MOVES)
  check_chain(list, nic)
  local last = list[#list]
  t.assertEquals(last.after.cpus, { nic_load.effective(nic) })
  check_live(last, nic)
  local counted = 0
  for _, row in ipairs(session:read()) do
    t.assertEquals(row.irq, nic.irq)
    counted = counted + row.count
  end
  t.assertEquals(counted, written)
  assert_nothing_lost(session)
  session:close()
end

function tests.test_101_moves_by_fentry()
  moves_are_changes { way = "fentry" }
end

function tests.test_101_moves_by_kprobe()
  moves_are_changes { way = "kprobe" }
end

-- Only the tracepoint of the invalidation: no IRQ, no times, but the entries.
function tests.test_moves_by_tracepoint_alone()
  local nic, vendor = needs_nic(), needs_remapping()
  t.skipIf(vendor ~= "intel" or not uv.fs_stat("/sys/kernel/tracing/events/intel_iommu/qi_submit"),
    "needs intel_iommu:qi_submit")
  nic_load.move(nic, 0)
  local session, list = open(remap.changes, { way = "raw_tp" }), {}
  session:on(function(e)
    list[#list + 1] = { irq = e.irq, no_old = e.no_old, no_time = e.no_time, before = e.before, after = e.after }
  end)
  for _, cpu in ipairs { 1, 0, 1 } do
    nic_load.move(nic, cpu)
  end
  session:drain()
  t.assertTrue(#list >= 3)
  t.assertTrue(list[1].no_old and list[1].no_time)
  t.assertEquals(list[1].irq, -1)
  for i = 2, #list do
    t.assertEquals(raw(list[i].before), raw(list[i - 1].after))
  end
  t.assertEquals(list[#list].after.cpus, { 1 })
  session:close()
end

-- ---- affinity that is pending ----

local function collect_affinity(session)
  local list = {}
  session:on(function(e)
    list[#list + 1] = {
      irq = e.irq, name = e.name, cpus = e.cpus, pending = e.pending, was_on = e.was_on, is_on = e.is_on,
      wait_ns = tonumber(e.wait_ns), task = e.task, cpu = e.cpu, pid = e.pid,
    }
  end)
  return list
end

local function has_symbol(name)
  for line in io.lines("/proc/kallsyms") do
    if line:match(" (%S+)") == name or line:match("^%x+ %a (%S+)") == name then
      return true
    end
  end
end

-- The last request, if it was left pending and no stray interrupt ended that.
local function last_if_pending(session, list)
  session:drain()
  local last = list[#list]
  return last.name == "asked" and last.pending and last or nil
end

-- Moves to CPU 1 and at once back to 0, without an interrupt in between. Where
-- only an interrupt can move it, the first is left pending already.
local function leave_pending(nic, session, list)
  nic_load.move(nic, 0)
  for _, cpu in ipairs { 1, 0 } do
    nic_load.ask(nic, cpu)
    local request = last_if_pending(session, list)
    if request then
      return request
    end
  end
end

local function find_pending(nic, session, list)
  for _ = 1, 20 do
    local request = leave_pending(nic, session, list)
    if request then
      return request
    end
  end
end

function tests.test_a_pending_move_and_the_interrupt_that_ends_it()
  local nic = needs_nic()
  local session = open(remap.affinity, { irq = nic.irq })
  local list = collect_affinity(session)
  local request = find_pending(nic, session, list)
  if not request then
    session:close()
    -- The cleanup of a move waits for a timer where this function is.
    t.assertNil(has_symbol "__vector_cleanup", "nothing was left pending")
    t.skip "this kernel moves at once"
  end
  local old, new = request.is_on, tonumber(request.cpus)
  t.assertEquals(nic_load.asked(nic), request.cpus) -- what /proc says
  t.assertEquals({ old, nic_load.effective(nic) }, { 1 - new, 1 - new }) -- and what is true
  while nic_load.effective(nic) ~= new do
    nic_load.receive(nic)
  end
  session:drain()
  local last = list[#list]
  t.assertEquals({ last.name, last.pending, last.was_on, last.is_on }, { "moved", false, old, new })
  t.assertEquals({ last.cpus, last.task, last.pid }, { request.cpus, "shark", uv.os_getpid() })
  t.assertEquals(last.cpu, old) -- the interrupt still came where it had been
  t.assertTrue(last.wait_ns > 0)
  assert_nothing_lost(session)
  session:close()
end

-- ---- drivers that come and go ----

-- A story of everything, kept.
local function tell(options, work)
  local told = {}
  local story = remap_story.open(options, function(record) told[#told + 1] = record end)
  work()
  for _, entry in ipairs(story.sessions) do
    entry.session:drain() -- what is left when it stops has a second only
    entry.session:stop()
  end
  story:flush(true)
  local summary = story:summary()
  for _, entry in ipairs(story.sessions) do
    local loss = entry.session:loss()
    t.assertEquals({ loss.ring_drops, loss.undelivered, loss.unmatched_entries, loss.unmatched_exits },
      { 0, 0, 0, 0 }, entry.name)
    entry.session:close()
  end
  return summary, told
end

local function sum(list, field)
  local total = 0
  for _, entry in ipairs(list) do
    total = total + entry[field]
  end
  return total
end

function tests.test_the_life_of_vectors_when_a_driver_goes_and_comes()
  local nic = needs_nic()
  local summary = tell({ kinds = { vector = true, irte = true } }, function()
    for _ = 1, 3 do
      nic_load.unbind(nic)
      nic_load.bind(nic)
    end
  end)
  for _, life in ipairs(summary.vectors) do
    t.assertEquals(life.unmatched, {}, "IRQ " .. life.irq)
    t.assertEquals(life.failed, 0, "IRQ " .. life.irq)
  end
  -- Three vectors of the card, at least: configuration, receive, send.
  t.assertTrue(sum(summary.vectors, "set_up") >= 9)
  t.assertEquals(sum(summary.vectors, "set_up"), sum(summary.vectors, "torn_down"))
  t.assertTrue(sum(summary.vectors, "allocated") >= 9)
  t.assertTrue(#summary.cpus >= 1)
  t.assertTrue(summary.all_cpus.online_maps >= 2)
end

-- ---- a CPU that goes offline ----

local CPU1 = "/sys/devices/system/cpu/cpu1/online"

-- { [irq] = effective CPUs }, of all IRQs.
local function effective()
  local places = {}
  for _, name in ipairs(files.names("/proc/irq")) do
    places[name] = files.line(("/proc/irq/%s/effective_affinity_list"):format(name))
  end
  return places
end

local UPDATES = "/sys/kernel/tracing/instances/updates"

-- The kernel moves them on the CPU that is going, where no tracepoint speaks: ftrace
-- is the witness that there is no event, /proc that they moved.
function tests.test_vectors_that_move_as_a_cpu_goes_offline_are_told()
  local nic = needs_nic()
  t.skipIf(not files.exists(CPU1), "CPU 1 cannot go offline")
  nic_load.move(nic, 1)
  assert(uv.fs_mkdir(UPDATES, 448))
  put(UPDATES .. "/events/irq_vectors/vector_update/enable", "1")
  local before, after = effective(), nil
  local summary, told = tell({ kinds = { vector = true } }, function()
    put(CPU1, "0")
    after = effective()
  end)
  local trace = files.text(UPDATES .. "/trace")
  put(CPU1, "1")
  put(UPDATES .. "/events/irq_vectors/vector_update/enable", "0")
  assert(uv.fs_rmdir(UPDATES))
  local moved, found = {}, {}
  for name, place in pairs(before) do
    if place == "1" and after[name] ~= "1" and not trace:find("vector_update: irq=" .. name .. " ", 1, true) then
      moved[tonumber(name)] = after[name]
    end
  end
  t.assertEquals(moved[nic.irq], "0")
  for _, record in ipairs(told) do
    for _, move in ipairs(record.kind == "cpu" and record.moved or {}) do
      t.assertEquals(move.from, "1")
      found[move.irq] = move.to
    end
  end
  t.assertEquals(found, moved)
  t.assertTrue(summary.unseen >= 1)
  for _, life in ipairs(summary.vectors) do
    t.assertEquals(life.unmatched, {}, "IRQ " .. life.irq)
  end
end

function tests.test_entries_when_a_driver_goes_and_comes()
  local nic, vendor = needs_nic(), needs_remapping()
  local _, told = tell({ kinds = { irte = true } }, function()
    nic_load.unbind(nic)
    nic_load.bind(nic)
  end)
  local last, seen = {}, { activate = 0, deactivate = 0 }
  for _, record in ipairs(told) do
    local place = ("%s/%s/%d"):format(record.unit, record.device or "", record.index)
    seen[record.why] = (seen[record.why] or 0) + 1
    -- AMD's entries are cleared and taken by functions that name no IRQ.
    if last[place] and record.before and vendor == "intel" then
      t.assertEquals(record.before.raw, last[place].after.raw, place)
    end
    last[place] = record
    if record.why == "deactivate" then
      t.assertFalse(record.after.present)
    end
  end
  t.assertTrue(seen.activate >= 3)
  t.assertTrue(seen.deactivate >= 3)
end

-- ---- faults ----

local ADDRESS = 0x7fabc000

function tests.test_a_device_that_writes_where_it_may_not()
  t.needs("root", "tracing")
  local vendor, reason = remap_trace.vendor()
  t.skipIf(not vendor, tostring(reason))
  local session, list = open(remap.faults, {}), {}
  session:on(function(e) list[#list + 1] = e.decoded end)
  local ok
  ok, reason = ahci.write_to(ADDRESS)
  -- Some emulations report nothing: not as long as for what must come.
  local looks = 0
  while ok and #list == 0 and looks < 200 do
    uv.sleep(50)
    session:drain()
    looks = looks + 1
  end
  if #list == 0 then
    session:close() -- or its timer keeps the loop, and this process, going
    t.skip(reason or "this emulation reports no fault")
  end
  local fault = list[1]
  t.assertEquals({ fault.source, fault.what }, { ahci.SOURCE, "DMA" })
  t.assertEquals(tonumber(fault.address), ADDRESS)
  t.assertStrContains(fault.reason, "no mapping")
  local rows = session:read()
  t.assertEquals(#rows, 1)
  t.assertEquals({ rows[1].source, rows[1].count }, { ahci.SOURCE, #list })
  assert_nothing_lost(session)
  session:close()
end

-- ---- without remapping ----

function tests.test_what_remains_without_remapping()
  local nic = needs_nic()
  t.skipIf(remap_trace.remapping(), "needs a machine without remapping")
  local session, message, name = remap.changes {}
  t.assertNil(session)
  t.assertEquals(name, "ENODEV")
  t.assertStrMatches(message, ".*IOMMU.*")
  local vectors, updates = open(irq.vecalloc, { irq = nic.irq }), 0
  vectors:on(function(e) updates = updates + (e.name == "vector_update" and 1 or 0) end)
  local first = nic_load.effective(nic)
  for i = 1, 11 do
    nic_load.move(nic, i % 2 == 1 and 1 - first or first)
  end
  vectors:drain()
  t.assertEquals(updates, 11)
  assert_nothing_lost(vectors)
  vectors:close()
end

t.run(tests)
