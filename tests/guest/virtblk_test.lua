-- virtio-blk disks of every shape (tests/vm/matrix.lua), loads of known depth,
-- a disk that is slow, one that goes, and a driver that comes late.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local outside = require "outside"
local patience = require "patience"
local proc = require "proc"
local t = require "t"
local uv = require "uv"
local virtblk = require "shark.virtblk"
local virtio = require "shark.system.virtio"

local BLKLOAD = proc.shark:gsub("shark$", "tests/blkload")
local COUNT = 400
local SEES_DRIVER = { fentry = true, kprobe = true }
local tests = {}

local function line_of(path)
  local file = io.open(path)
  local line = file and file:read("*l")
  if file then
    file:close()
  end
  return line
end

-- The disk of that serial number.
local function disk(serial)
  t.needs("root", "tracing")
  for _, entry in ipairs(virtblk.disks()) do
    if line_of("/sys/block/" .. entry.device .. "/serial") == serial then
      return entry
    end
  end
  t.skip("no disk with serial number " .. serial)
end

local function open(options)
  local session, message = virtblk.requests(options)
  t.assertNotNil(session, message)
  return session
end

local function load(entry, op, depth, count, adjacent)
  local result = proc.run(BLKLOAD, { "/dev/" .. entry.device, op, tostring(depth), tostring(count), "4096", adjacent })
  t.assertEquals({ result.status, result.out }, { 0, count .. " done, 0 failed\n" }, result.err)
end

local function sum(rows, field, wanted)
  local total = 0
  for _, row in ipairs(rows) do
    total = total + (wanted(row) and row[field] or 0)
  end
  return total
end

local function count_of(rows, what, value)
  return sum(rows, "count", function(row) return row.what == what and (not value or row.stage == value) end)
end

local function assert_nothing_lost(session)
  local loss = session:loss()
  t.assertEquals({ loss.map_full, loss.unmatched_entries, loss.unmatched_exits, loss.ring_drops }, { 0, 0, 0, 0 },
    tostring(loss))
  t.assertEquals(#session:open_requests(), 0)
end

-- ---- counts at every stage, and the sum of the stages ----

-- The kernel skips programs on classic tracepoints and kprobes while another runs on
-- that CPU, and not all kernels count that; on 7.x programs on tracepoints also where
-- a task in them is preempted. A request is counted once even so; it stays open only
-- where classic tracepoints are all there is and the one of its end was skipped.
local MAY_SKIP = { kprobe = true, tp = true }

local function requests(rows, from)
  return sum(rows, "count", function(row)
    return row.what == "request" and (not from or row.from == from)
  end)
end

local function assert_each_is_counted_once(session, rows, count)
  local loss, open_now, way = session:loss(), #session:open_requests(), session:how().way
  local text = ("%s: %d of %d, %d open, lost %s"):format(way, requests(rows), count, open_now, tostring(loss))
  local missing = way == "tp" and open_now + loss.unmatched_entries or 0
  t.assertEquals(requests(rows) + missing, count, text)
  t.assertEquals({ loss.map_full, loss.ring_drops, loss.unmatched_exits, loss.unseen_ends }, { 0, 0, 0, 0 }, text)
  t.assertTrue(not loss.missed_runs or loss.missed_runs >= missing + loss.late_ends, text)
  if way ~= "tp" then
    t.assertEquals({ open_now, loss.unmatched_entries }, { 0, 0 }, text)
  end
end

-- What is not known of a request is of no stage: late ones lack those before.
local function assert_stages_have_what_was_seen(session, rows)
  local way, loss = session:how().way, session:loss()
  t.assertEquals(count_of(rows, "stage", "complete"), requests(rows) - requests(rows, "completed"))
  t.assertEquals(sum(rows, "total_ns", function(row) return row.what == "stage" end),
    sum(rows, "total_ns", function(row) return row.what == "request" and row.total_ns end))
  if not SEES_DRIVER[way] then
    return
  end
  local added = requests(rows) - loss.late_ends
  t.assertEquals({ requests(rows, "added"), requests(rows, "issued") }, { loss.late_adds, added - loss.late_adds })
  t.assertTrue(count_of(rows, "kicks") > 0)
  if not MAY_SKIP[way] or loss.missed_runs == 0 then
    t.assertEquals(count_of(rows, "stage", "queue"), requests(rows, "issued"))
    t.assertEquals(count_of(rows, "stage", "reap"), added)
    t.assertEquals(count_of(rows, "depth"), added)
    t.assertTrue(sum(rows, "requests", function(row) return row.what == "interrupts" end) >= added)
  else -- where skipped runs are not counted, a stage may lack a few that no counter tells of
    for _, stage in ipairs { "queue", "reap", "complete" } do
      local n = count_of(rows, "stage", stage)
      local text = ("%s: %d of %d; %s"):format(stage, n, requests(rows), tostring(loss))
      t.assertTrue(n <= requests(rows) and n >= requests(rows, "issued") * 0.95, text)
      t.assertTrue(not loss.missed_runs or n + loss.missed_runs >= requests(rows, "issued"), text)
    end
  end
end

local function measure(entry, op, depth, way)
  local before = virtio.completed(entry.device)
  local session = open { device = entry.device, way = way }
  load(entry, op, depth, COUNT)
  session:stop()
  local rows, used = session:read(), session:how().way
  t.assertEquals(virtio.completed(entry.device)[op] - before[op], COUNT)
  assert_each_is_counted_once(session, rows, COUNT)
  assert_stages_have_what_was_seen(session, rows)
  session:close()
  return rows, used
end

local function test_shape(serial)
  local entry = disk(serial)
  for _, op in ipairs { "read", "write" } do
    for _, depth in ipairs { 1, 16 } do
      local rows, way = measure(entry, op, depth)
      local deepest = 0
      for _, row in ipairs(rows) do
        deepest = math.max(deepest, row.what == "depth" and row.max or 0)
      end
      if SEES_DRIVER[way] then
        t.assertTrue(deepest >= 1 and deepest <= depth, deepest .. " in flight at depth " .. depth)
        local ended = count_of(rows, "stage", "device")
        t.assertTrue(depth > 1 or ended == COUNT or (MAY_SKIP[way] and ended >= COUNT * 0.95),
          ("depth 1, each has its interrupt: %d"):format(ended))
      end
    end
  end
end

for _, serial in ipairs { "single", "packed", "intx", "shared" } do
  tests["test_every_request_is_counted_at_every_stage_" .. serial] = function()
    test_shape(serial)
  end
end

function tests.test_shapes_are_what_they_are_called()
  t.assertEquals(#disk("single").queues, 1)
  t.assertStrContains(table.concat(disk("packed").features, " "), "packed")
  t.assertEquals(disk("intx").queues[1].irq.kind, "intx")
  t.assertEquals(disk("shared").queues[1].irq.kind, "shared")
end

-- As the interrupt reaches its CPU: an MSI-X vector of its own.
function tests.test_vector_and_irte_of_a_queue()
  local entry = disk("single")
  local route, message = virtblk.route(entry.queues[1].irq.irq)
  t.skipIf(not route, message)
  t.assertTrue(route.vector >= 32 and route.vector < 256, route.vector)
  t.assertEquals(route.cpu, entry.queues[1].irq.effective[1])
  t.assertEquals(route.irte ~= nil, entry.queues[1].irq.chip:find("^IR%-") ~= nil)
end

local function test_way(way)
  local entry = disk("single")
  local session, message = virtblk.requests { way = way }
  t.skipIf(not session, message)
  session:close()
  for _, depth in ipairs { 1, 16 } do
    measure(entry, "read", depth, way)
  end
end

-- Where a request has no address, two of the same sector at once are one: the
-- load never has that.
for _, way in ipairs { "fentry", "kprobe", "tp_btf", "raw_tp", "tp" } do
  tests["test_one_queue_at_depth_by_" .. way] = function()
    test_way(way)
  end
end

-- ---- all disks at once ----

-- 12 processes read and write all disks with requests of five sizes, deep enough
-- that the kernel preempts one within a program that another needs.
local PROCESSES, EACH, SIZES = 12, 60, "4096,16384,65536,262144,327680"

local function completed()
  local total, paths = 0, {}
  for _, entry in ipairs(virtblk.disks()) do
    local counts = virtio.completed(entry.device)
    total = total + counts.read + counts.write
    paths[#paths + 1] = "/dev/" .. entry.device
  end
  return total, table.concat(paths, ",")
end

local function load_all(paths)
  local result = proc.run(BLKLOAD, { paths, "both", "2", tostring(EACH), SIZES, "processes=" .. PROCESSES })
  t.assertEquals({ result.status, result.out }, { 0, PROCESSES * EACH .. " done, 0 failed\n" }, result.err)
end

local function test_many(way)
  t.needs("root", "tracing")
  local session, message = virtblk.requests { way = way }
  t.skipIf(not session, message)
  local before, paths = completed()
  load_all(paths)
  session:stop()
  t.assertEquals(completed() - before, PROCESSES * EACH)
  local rows = session:read()
  assert_each_is_counted_once(session, rows, PROCESSES * EACH)
  assert_stages_have_what_was_seen(session, rows)
  local sizes = {}
  for _, row in ipairs(rows) do
    if row.what == "request" then
      sizes[row.size] = (sizes[row.size] or 0) + row.count
    end
  end
  if way ~= "tp" then
    local each = PROCESSES * EACH / 5
    t.assertEquals(sizes, { ["4K"] = each, ["16K"] = each, ["64K"] = each, ["256K"] = each, more = each })
  end
  session:close()
end

for _, way in ipairs { "fentry", "kprobe", "tp_btf", "raw_tp", "tp" } do
  tests["test_12_processes_on_all_disks_by_" .. way] = function()
    test_many(way)
  end
end

-- Requests beyond what is followed are counted when they complete; the depth is of
-- those that are followed, and does not drift.
function tests.test_requests_that_find_no_room()
  local entry = disk("single")
  local session = open { device = entry.device, in_flight = 4 }
  load(entry, "read", 32, COUNT)
  load(entry, "read", 1, 20)
  session:stop()
  local rows, loss, deepest = session:read(), session:loss(), 0
  for _, row in ipairs(rows) do
    deepest = math.max(deepest, row.what == "depth" and row.max or 0)
  end
  t.assertTrue(loss.requests_full > 0, tostring(loss))
  t.assertEquals({ requests(rows), #session:open_requests() }, { COUNT + 20, 0 }, tostring(loss))
  t.assertTrue(deepest >= 1 and deepest <= 4, deepest .. " deep")
  session:close()
end

-- The block layer may join neighbours: fewer requests, as many bytes.
function tests.test_merged_requests()
  local entry = disk("single")
  local before = virtio.completed(entry.device).write
  local session = open { device = entry.device }
  load(entry, "write", 16, COUNT, "adjacent")
  session:stop()
  local rows = session:read()
  t.assertEquals(count_of(rows, "request"), virtio.completed(entry.device).write - before)
  t.assertEquals(sum(rows, "bytes", function(row) return row.what == "request" end), COUNT * 4096)
  assert_nothing_lost(session)
  session:close()
end

-- ---- flushes ----

function tests.test_flushes()
  local entry = disk("single")
  local session = open { device = entry.device, audit = true }
  local result = proc.run_shell(("for i in 1 2 3 4 5; do dd if=/dev/zero of=/dev/%s bs=4096 count=4 conv=fsync; done")
    :format(entry.device))
  t.assertEquals(result.status, 0, result.err)
  session:stop()
  local audit = session:audit()
  t.assertEquals({ audit.missing, #audit.rows }, { 0, 0 }, tostring(audit))
  t.assertTrue(sum(session:read(), "count", function(row) return row.what == "request" and row.op == "flush" end) >= 5)
  assert_nothing_lost(session)
  session:close()
end

-- A flush has no sector; writing zeroes counts as a write in /sys/block/*/stat.
function tests.test_flushes_and_zeroes_as_people_see_them()
  local entry = disk("single")
  local path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;")
  local work = ([[package.path = %q .. package.path; require("zeroes").write("/dev/%s", 4096, 7)]])
    :format(path, entry.device)
  local result = proc.run_shark("virtblk-slow", "-u", "0", "-D", entry.device, "--", proc.shark, "-e", work)
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local zeroes, flushes = 0, 0
  for op, sector in result.out:gmatch(" queue %d+  (%S+) (%S+)") do
    zeroes = zeroes + (op == "write_zeroes" and 1 or 0)
    flushes = flushes + (op == "flush" and sector == "-" and 1 or 0)
    t.assertTrue(op ~= "flush" or sector == "-", sector)
  end
  t.assertEquals(zeroes, 7)
  t.assertTrue(flushes >= 1)
  t.assertStrMatches(result.out, ".*\nseen: all %d+ that /sys/block/%*/stat counted\nlost: nothing\n.*")
end

-- ---- a slow disk ----

function tests.test_a_throttled_disk_is_slow_in_the_device()
  local entry = disk("slow")
  local session = open { device = entry.device }
  t.skipIf(not SEES_DRIVER[session:how().way], "needs to see the driver: " .. tostring(session:how()))
  load(entry, "read", 1, 60)
  session:stop()
  local whole, device, slowest = 0, 0, 0
  for _, row in ipairs(session:read()) do
    if row.what == "request" then
      whole = whole + row.total_ns
    elseif row.stage == "device" then
      device, slowest = device + row.total_ns, math.max(slowest, row.hist:percentile(50))
    end
  end
  -- 100 a second but for a burst: half a second at least, however fast all else is.
  t.assertTrue(device > 0.3e9, ("device %.0f of %.0f ns"):format(device, whole))
  t.assertTrue(device > 0.8 * whole, ("device %.0f of %.0f ns"):format(device, whole))
  t.assertTrue(slowest > 5e6)
  session:close()
end

function tests.test_slow_requests_are_told_with_their_stages()
  local entry = disk("slow")
  local session, slow = open { device = entry.device, slower_than_us = 5000 }, {}
  session:on(function(r) slow[#slow + 1] = virtblk.copy(r) end)
  load(entry, "read", 1, 40)
  session:stop()
  t.assertTrue(#slow >= 10)
  for _, request in ipairs(slow) do
    t.assertEquals({ request.device, request.op, request.bytes, request.comm },
      { entry.device, "read", 4096, "blkload" })
    t.assertTrue(request.ns >= 5e6)
    local parts = 0
    for _, stage in ipairs(request.stages) do
      parts = parts + stage.ns
    end
    t.assertEquals(parts, request.ns)
  end
  session:close()
end

-- Requests of a load that is still running are open, and said to be.
function tests.test_open_requests()
  local entry = disk("slow")
  local session = open { device = entry.device }
  local child = proc.start(BLKLOAD, { "/dev/" .. entry.device, "read", "16", "100", "4096" })
  local most = {}
  patience.wait_until("16 open requests", function()
    local list = session:open_requests()
    most = #list > #most and list or most
    return child.status or #most >= 16
  end)
  t.assertTrue(#most >= 8, #most .. " open")
  t.assertEquals({ most[1].device, most[1].op, most[1].ns }, { entry.device, "read" })
  child.wait()
  t.assertEquals(#session:open_requests(), 0)
  session:close()
end

-- ---- what comes and goes ----

function tests.test_unplugged_with_requests_in_flight()
  local entry = disk("unplugged")
  local session = open { device = entry.device }
  local child = proc.start(BLKLOAD, { "/dev/" .. entry.device, "read", "16", "1000000", "4096" })
  patience.wait_until("requests", function() return count_of(session:read(), "request") > 200 end)
  outside.qmp("device_del", { id = "disk8" })
  patience.wait_until("the disk to be gone", function() return not uv.fs_stat("/sys/block/" .. entry.device) end)
  local result = child.wait()
  session:stop()
  local done = tonumber(result.out:match("^(%d+) done"))
  local rows = session:read()
  local ok = count_of(rows, "request") - sum(rows, "errors", function(row) return row.what == "request" end)
  -- blkload reads nothing but this, the partition scan was before.
  t.assertEquals({ ok, #session:open_requests() }, { done, 0 }, tostring(session:loss()))
  t.assertEquals(session:loss().unmatched_entries, 0)
  session:close()
end

-- Last: afterwards all disks are other ones.
function tests.test_zz_a_driver_that_comes_late()
  local entry = disk("single")
  local tags = entry.queues[1].tags
  local result = proc.run_shell "rmmod virtio_blk"
  t.skipIf(result.status ~= 0, "virtio_blk cannot be removed: " .. result.err)
  local session = open {}
  local how = session:how()
  t.assertFalse(SEES_DRIVER[how.way] or false)
  t.assertStrContains(tostring(how), "not fentry: the driver virtio_blk is not loaded")
  t.assertStrContains(tostring(how), "not kprobe: the driver virtio_blk is not loaded")
  t.assertNil(virtblk.hint(session))
  t.assertEquals(proc.run_shell("modprobe virtio_blk && mdev -s").status, 0)
  t.assertStrContains(virtblk.hint(session), "start again")
  patience.wait_until("the disk", function()
    for _, again in ipairs(virtblk.disks()) do
      if line_of("/sys/block/" .. again.device .. "/serial") == "single" and uv.fs_stat("/dev/" .. again.device) then
        entry = again
        return true
      end
    end
  end)
  t.assertEquals(entry.queues[1].tags, tags)
  local function of_disk()
    return sum(session:read(), "count", function(row) return row.what == "request" and row.device == entry.device end)
  end
  local before = of_disk()
  load(entry, "read", 16, COUNT)
  t.assertEquals(of_disk() - before, COUNT)
  session:close()
  session = open {}
  t.assertTrue(SEES_DRIVER[session:how().way])
  session:close()
end

t.run(tests)
