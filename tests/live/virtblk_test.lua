-- virtio-blk on this machine's kernel: counts, stages that add up, filters,
-- every way of attaching.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local kernel = require "shark.kernel"
local proc = require "proc"
local t = require "t"
local uv = require "uv"
local virtblk = require "shark.virtblk"
local virtio = require "shark.system.virtio"

local WAYS = { "fentry", "kprobe", "tp_btf", "raw_tp", "tp" }
local SEES_DRIVER = { fentry = true, kprobe = true }
local BLKLOAD = uv.exepath():gsub("shark$", "tests/blkload")
local READS = t.in_guest and 211 or 1009 -- guest/virtblk_test.lua has loads at depth
local tests = {}

local function open(options)
  local session, message = virtblk.requests(options)
  t.assertNotNil(session, message)
  return session
end

local function sum(rows, field, wanted)
  local total = 0
  for _, row in ipairs(rows) do
    total = total + (wanted(row) and row[field] or 0) -- no time where one moment is all that was seen
  end
  return total
end

local function is_request(row)
  return row.what == "request"
end

local function is_completed(row)
  return is_request(row) and row.to == "completed"
end

local function requests(rows, op)
  return sum(rows, "count", function(row) return is_request(row) and (not op or row.op == op) end)
end

local function flush_ends(rows)
  return sum(rows, "count", function(row) return row.what == "flush_ends" end)
end

local function stat(disk)
  local counts, total = virtio.completed(disk.device), 0
  for _, count in pairs(counts) do
    total = total + count
  end
  return total, counts
end

-- Requests of the disk, as shark and as /sys/block/*/stat counts them, over one
-- window. Its ends are exact only if no request completed while they were taken;
-- all is done again if one did, or if others' are still under way, or runs were skipped: not for
-- ever, for one that is under way and never ends is a fault. Hidden is what no program saw.
local function window(disk, options, work)
  options.device = disk.device
  for attempt = 1, 200 do
    local before, start = stat(disk)
    local session = open(options)
    local quiet = stat(disk) == before
    if quiet then
      local _, hidden = work()
      local rows = session:read()
      local after, finish = stat(disk)
      local open_now = #session:open_requests()
      local loss = session:loss()
      quiet = requests(session:read()) == requests(rows) and stat(disk) == after
        and (open_now == 0 and ((loss.missed_runs or 0) == 0 or attempt > 5) or hidden > 0 or attempt > 20)
      if quiet then
        local seen = {
          rows = rows, kernel = after - before, reads = finish.read - start.read, how = session:how(),
          open = open_now, loss = loss, hidden = hidden + (loss.missed_runs or 0),
        }
        session:close()
        return seen
      end
    end
    session:close()
  end
  t.fail("the disk was never quiet")
end

-- Every completion was counted, or is known to be missing: where the kernel did not
-- run the program of its end, a request stays open.
local function assert_all_counted(seen, reads)
  local loss = seen.loss
  local known = requests(seen.rows) + flush_ends(seen.rows) + loss.unmatched_entries + seen.open
  local text = ("counted %d, flush ends %d, /sys/block/*/stat %d, open %d, hidden %d, lost %s"):format(
    requests(seen.rows), flush_ends(seen.rows), seen.kernel, seen.open, seen.hidden, tostring(loss))
  t.assertTrue(seen.reads >= reads, text)
  if seen.hidden == 0 then
    t.assertEquals(requests(seen.rows) + flush_ends(seen.rows), seen.kernel, text)
    t.assertEquals(requests(seen.rows, "read"), seen.reads, text)
    t.assertEquals({ seen.open, loss.unmatched_entries, loss.unmatched_exits, loss.unseen_ends }, { 0, 0, 0, 0 }, text)
  else
    t.assertEquals(known, seen.kernel, text)
    t.assertTrue(requests(seen.rows, "read") >= reads - seen.hidden, text)
  end
  t.assertEquals({ loss.ring_drops, loss.map_full, loss.too_deep }, { 0, 0, 0 }, text)
end

-- The same requests, by all that tells them apart.
local SAME = { "device", "queue", "cpu", "op", "size", "where" }

local function same_key(row)
  local parts = {}
  for i, field in ipairs(SAME) do
    parts[i] = tostring(row[field])
  end
  return table.concat(parts, " ")
end

-- To the nanosecond: a stage starts where the one before ended.
local function assert_stages_add_up(rows)
  local wholes, parts, ends = {}, {}, {}
  for _, row in ipairs(rows) do
    local key = same_key(row)
    if row.what == "request" then
      wholes[key] = (wholes[key] or 0) + (row.total_ns or 0)
      ends[key] = (ends[key] or 0) - (row.from ~= row.to and row.count or 0)
    elseif row.what == "stage" then
      parts[key] = (parts[key] or 0) + row.total_ns
      ends[key] = (ends[key] or 0) + (row.stage == "complete" and row.count or 0)
    end
  end
  t.assertNotNil(next(wholes))
  for key, whole in pairs(wholes) do
    t.assertEquals(parts[key] or 0, whole, key)
  end
  for key, difference in pairs(ends) do
    t.assertEquals(difference, 0, key)
  end
end

local function assert_rows_agree_with_themselves(rows)
  for _, row in ipairs(rows) do
    t.assertTrue(row.count > 0)
    if row.what == "request" and row.from == row.to then
      t.assertEquals({ row.total_ns, row.max_ns, row.hist }, {})
    end
    if row.hist then
      t.assertEquals(row.hist:count(), row.count)
    end
    if row.total_ns then
      t.assertTrue(row.max_ns <= row.total_ns and row.total_ns <= row.max_ns * row.count)
    end
  end
end

-- A way that this machine refuses, with its reason, is no failure.
local function open_way(way)
  t.needs("root", "tracing")
  local session, message = virtblk.requests { way = way }
  if session then
    session:close()
  else
    t.assertStrContains(message, "virtblk: no way to attach: " .. way .. ": ")
    t.skip(message)
  end
end

local function stage_count(rows, stage)
  return sum(rows, "count", function(row) return row.stage == stage and row.op == "read" end)
end

local function reads_from(rows, moment)
  return sum(rows, "count", function(row) return is_request(row) and row.op == "read" and row.from == moment end)
end

local function test_way(way)
  local disk = t.needs("root", "tracing", "disk")
  open_way(way)
  local seen = window(disk, { way = way }, function() return disk_load.request_reads(disk, READS) end)
  t.assertEquals(seen.how.way, way)
  assert_all_counted(seen, READS)
  assert_stages_add_up(seen.rows)
  assert_rows_agree_with_themselves(seen.rows)
  if SEES_DRIVER[way] and seen.hidden == 0 then
    t.assertEquals(stage_count(seen.rows, "queue"), reads_from(seen.rows, "issued"))
    for _, stage in ipairs { "reap", "complete" } do
      t.assertEquals(stage_count(seen.rows, stage), seen.reads, stage)
    end
  end
end

for _, way in ipairs(WAYS) do
  tests["test_reads_are_counted_exactly_by_" .. way] = function()
    test_way(way)
  end
end

-- One read at a time: each is ended by an interrupt of its own.
function tests.test_the_interrupt_is_known()
  local disk = t.needs("root", "tracing", "disk")
  local seen = window(disk, {}, function() return disk_load.request_reads(disk, READS) end)
  t.skipIf(seen.how.way == "tp" or not SEES_DRIVER[seen.how.way] and not pcall(kernel.sizeof, "struct virtio_blk"),
    "without types of the driver the interrupt is seen only where it completes the request")
  local known = stage_count(seen.rows, "device")
  t.assertTrue(known >= READS - seen.hidden, ("%d of %d"):format(known, READS))
  for _, row in ipairs(seen.rows) do
    if row.what == "interrupts" then
      local found = false
      for _, irq in ipairs(disk.irqs) do
        found = found or irq == row.irq
      end
      t.assertTrue(found, tostring(row.irq))
    end
  end
end

-- Depth and count are as they are, whatever room there is to follow requests.
function tests.test_requests_that_find_no_room_are_counted()
  local disk = t.needs("root", "tracing", "disk")
  local seen = window(disk, { in_flight = 1 }, function()
    -- Eight at once by one task: they are under way together, however busy the machine is.
    local result = proc.run(BLKLOAD, { disk.path, "read", "8", "400", "4096", "region=262144" })
    t.assertEquals({ result.status, result.out }, { 0, "400 done, 0 failed\n" }, result.err)
    return 0, 0
  end)
  local loss, rows = seen.loss, seen.rows
  local text = ("counted %d of %d, lost %s"):format(requests(rows), seen.kernel, tostring(loss))
  t.assertTrue(loss.requests_full > 0, text)
  t.assertStrContains(tostring(loss), "not followed (table of requests in flight full)")
  t.assertStrContains(tostring(loss), "what helps: the session's option in_flight")
  t.assertTrue(loss.late_ends + loss.late_adds > 0, text)
  t.assertTrue(seen.kernel >= 400, text)
  t.assertTrue(requests(rows) + flush_ends(rows) + seen.open <= seen.kernel, text)
  t.assertTrue(requests(rows) + (loss.missed_runs or seen.kernel) >= 0.95 * seen.kernel, text)
  -- One at a time is followed, so there never are two.
  for _, row in ipairs(rows) do
    t.assertTrue(row.what ~= "depth" or row.max == 1, row.max)
  end
end

function tests.test_the_audit_agrees()
  local disk = t.needs("root", "tracing", "disk")
  local session = open { device = disk.device, audit = true }
  local _, hidden = disk_load.request_reads(disk, READS)
  local audit = session:audit()
  t.assertEquals(audit.source, "/sys/block/*/stat")
  t.assertTrue(audit.kernel >= READS)
  t.assertTrue(math.abs(audit.missing) <= hidden, ("%s; hidden %d, lost %s"):format(tostring(audit), hidden,
    tostring(session:loss())))
  session:close()
end

-- ---- events ----

function tests.test_events_have_all_that_rows_have()
  local disk = t.needs("root", "tracing", "disk")
  local session, events, total = open { device = disk.device, ring_bytes = 2 ^ 20 }, 0, 0
  local uneven = 0
  local before = session:read()
  session:on(function(r)
    events, total = events + 1, total + tonumber(r.ns)
    local parts = 0ULL
    for _, stage in ipairs(virtblk.STAGES) do
      parts = parts + (r[stage .. "_ns"] or 0)
    end
    uneven = uneven + (parts == r.ns and r.device == disk.device and 0 or 1)
  end)
  local after = session:read() -- requests of others may have ended while the stream began
  local visible = disk_load.request_reads(disk, 500)
  session:stop()
  local rows, loss = session:read(), session:loss()
  t.assertTrue(events >= visible * 0.9, events)
  t.assertEquals(loss.ring_drops, 0)
  local function assert_all_but_the_first(streamed, of)
    local missing = of(rows) - streamed
    t.assertTrue(missing >= of(before) and missing <= of(after), ("%d of %d"):format(streamed, of(rows)))
  end
  t.assertEquals(uneven, 0)
  assert_all_but_the_first(events, function(some) return sum(some, "count", is_completed) end)
  assert_all_but_the_first(total, function(some) return sum(some, "total_ns", is_completed) end)
  -- What was not seen to complete is counted, and is no event.
  t.assertEquals(requests(rows) - sum(rows, "count", is_completed), loss.unseen_ends)
  session:close()
end

function tests.test_an_event_tells_who_and_what()
  local disk = t.needs("root", "tracing", "disk")
  local mine = {}
  local session = open { device = disk.device }
  session:on(function(r)
    if r.pid == require("uv").os_getpid() then
      mine[#mine + 1] = virtblk.copy(r)
    end
  end)
  disk_load.request_reads(disk, 50)
  session:stop()
  t.assertTrue(#mine > 0)
  for _, request in ipairs(mine) do
    t.assertEquals({ request.op, request.bytes, request.status, request.comm }, { "read", 4096, "ok", "shark" })
    t.assertTrue(request.ns > 0 and request.ts_ns > 0)
  end
  session:close()
end

function tests.test_only_slow_ones_are_streamed()
  local disk = t.needs("root", "tracing", "disk")
  local fast, slow = 0, 0
  local none, all = open { slower_than_us = 3600e6 }, open { slower_than_us = 0.001 }
  none:on(function() slow = slow + 1 end)
  all:on(function() fast = fast + 1 end)
  local visible = disk_load.request_reads(disk, 200)
  none:stop()
  all:stop()
  t.assertEquals(slow, 0)
  t.assertTrue(fast >= visible)
  t.assertTrue(requests(none:read()) >= visible)
  none:close()
  all:close()
end

-- ---- filters, misuse, ends ----

function tests.test_filters()
  local disk = t.needs("root", "tracing", "disk")
  local session, other = open { device = disk.device }, open { cpu = #require("uv").cpu_info() - 1 }
  local visible = disk_load.request_reads(disk, 200)
  t.assertTrue(requests(session:read()) >= visible)
  for _, row in ipairs(session:read()) do
    t.assertEquals(row.device, disk.device)
  end
  for _, row in ipairs(other:read()) do
    t.assertTrue(row.what == "kicks" or row.cpu == #require("uv").cpu_info() - 1, row.what)
  end
  session:close()
  other:close()
end

function tests.test_no_such_disk()
  t.needs("root", "tracing")
  local names = require("shark.system.virtio").disk_names()
  t.assertEquals({ virtblk.requests { device = "vdzz" } }, { nil, "virtblk: no such disk: vdzz; there " ..
    (#names > 0 and "are: " .. table.concat(names, ", ") or "is none of virtio-blk"), "ENOENT" })
end

function tests.test_misuse_raises()
  t.assertErrorMsgContains("virtblk has no filter or option 'disk'", virtblk.requests, { disk = "vda" })
  t.assertErrorMsgContains("option 'way' takes one of: fentry kprobe tp_btf raw_tp tp", virtblk.requests,
    { way = "magic" })
  t.assertErrorMsgContains("the options of virtblk are a table, not a number", virtblk.requests, 36)
end

function tests.test_a_stopped_session_counts_no_more()
  local disk = t.needs("root", "tracing", "disk")
  local session = open {}
  local visible = disk_load.request_reads(disk, 100)
  session:stop()
  local count = requests(session:read())
  t.assertTrue(count >= visible)
  disk_load.request_reads(disk, 100)
  t.assertEquals(requests(session:read()), count)
  t.assertNotNil(session:open_requests())
  session:close()
end

function tests.test_disks_have_queues_and_interrupts()
  local disk = t.needs("root", "disk")
  for _, entry in ipairs(virtblk.disks()) do
    t.assertTrue(#entry.features > 0)
    t.assertTrue(#entry.queues > 0)
    if entry.device == disk.device then
      t.assertEquals(entry.queues[1].irq.kind, "own")
      -- Before 5.17 the driver overwrites the parameter that would tell.
      t.assertTrue(entry.ring_size == nil or entry.ring_size >= entry.queues[1].tags)
      t.assertTrue(#entry.queues[1].irq.effective > 0)
    end
  end
end

-- ---- the scripts ----

function tests.test_the_table_script()
  local disk = t.needs("root", "tracing", "disk")
  local load = ("dd if=%s of=/dev/null bs=4096 count=50 iflag=direct"):format(disk.path)
  local result = proc.run_shark("virtblk", "-D", disk.device, "-k", "queue", "--", "sh", "-c", load)
  t.assertEquals(result.status, 0, result.err)
  for _, text in ipairs { "virtio-blk requests, ", "WHOLE", "REQ/INT", "attached: ", "lost: " } do
    t.assertStrContains(result.out, text)
  end
  result = proc.run_shark("virtblk", "--json", "-D", disk.device, "--", "sh", "-c", load)
  local report = require("dkjson").decode(result.out)
  t.assertEquals(report.report, "total")
  t.assertTrue(#report.rows >= 2 and #report.queues >= 1)
  t.assertNotNil(report.attached.way)
end

-- Both the reader's own requests and, after "--", all of them.
local function run_reading(disk, ...)
  local args = { ... }
  for _, word in ipairs { "-D", disk.device, "--", "dd", "if=" .. disk.path, "of=/dev/null", "bs=4096", "count=50",
    "iflag=direct", "status=none" } do
    args[#args + 1] = word
  end
  local result = proc.run_shark(unpack(args))
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return result.out
end

function tests.test_the_script_of_slow_requests()
  local disk = t.needs("root", "tracing", "disk")
  local out = run_reading(disk, "virtblk-slow", "-u", "0")
  t.assertStrMatches(out, ".*%d%d:%d%d:%d%d%.%d+  " .. disk.device .. " queue %d+  read %d+ %+4096 .*")
  local lines, uneven, undelivered = 0, 0, nil
  for line in run_reading(disk, "virtblk-slow", "-u", "0", "--json"):gmatch("[^\n]+") do
    local record = require("dkjson").decode(line)
    undelivered = record.lost and record.lost.undelivered or undelivered
    if record.report == "slow" then
      local parts = 0
      for _, stage in ipairs(record.stages) do
        parts = parts + stage.ns
      end
      lines, uneven = lines + 1, uneven + (parts == record.ns and 0 or 1)
    end
  end
  -- A slow machine may not print all in the time there is when the command has ended; it says so.
  t.assertTrue(lines > 0)
  t.assertTrue(lines + undelivered >= 25, lines)
  t.assertEquals(uneven, 0)
end

function tests.test_the_script_of_the_heat_map()
  local disk = t.needs("root", "tracing", "disk")
  local path = os.tmpname()
  local out = run_reading(disk, "virtblk-heat", "--svg", path)
  t.assertStrMatches(out, ".*\nall +|.*| %d+\n.*")
  local file = io.open(path)
  local svg = file:read("*a")
  file:close()
  os.remove(path)
  t.assertStrMatches(svg, "<svg xmlns.*<rect .*</svg>\n")
  local result = proc.run_shark("virtblk-heat", "--svg", "/no/such/folder/map.svg", "-d", "1")
  t.assertEquals({ result.status, result.out }, { 1, "" })
end

function tests.test_the_script_of_stacks()
  local disk = t.needs("root", "tracing", "disk")
  local out = run_reading(disk, "virtblk-stack", "--whole")
  t.assertStrMatches(out, ".*\n0x%x+ : %S+%+0x%x+/0x%x+.*")
  local folded = run_reading(disk, "virtblk-stack", "--folded")
  t.assertStrMatches(folded, ".*;[%w_.]+[^\n]* %d+\n.*")
  local session = open {}
  local way = session:how().way
  session:close()
  if SEES_DRIVER[way] then
    t.assertStrMatches(out, ".*\n0x%x+ : virtblk_done%+0x%x+/0x%x+ [^\n]*\n0x%x+ : vring_interrupt%+.*")
  end
end

-- Every request, whatever their rate: nothing is handed to a script that could be late.
function tests.test_stacks_are_counted_in_the_kernel()
  local disk = t.needs("root", "tracing", "disk")
  local session = open { device = disk.device, stacks = true }
  local visible = disk_load.request_reads(disk, t.in_guest and 512 or 4096)
  session:stop()
  local rows = session:read()
  local endings = session:stacks()
  local stacks = sum(endings, "count", function() return true end)
  t.assertTrue(stacks >= visible, stacks)
  local loss = session:loss()
  t.assertEquals({ stacks, loss.map_full }, { requests(rows) - loss.unseen_ends, 0 }, tostring(loss))
  for _, row in ipairs(endings) do
    t.assertTrue(not row.stack or #session:stack(row.stack) > 0)
  end
  session:close()
end

function tests.test_the_stack_script_counts_all_requests()
  local disk = t.needs("root", "tracing", "disk")
  local report = require("dkjson").decode(run_reading(disk, "virtblk-stack", "--json"):match("[^\n]*\n?$"))
  local total = report.without_stack
  for _, stack in ipairs(report.stacks) do
    total = total + stack.requests
  end
  t.assertTrue(total >= 50, total)
end

-- Runs the script of stacks with a stacks() that does as the code says with the true one.
local function stack_script_with(disk, code)
  return proc.run_shark("-e", ([[
    local virtblk = require "shark.virtblk"
    local requests = virtblk.requests
    function virtblk.requests(options)
      local session = assert(requests(options))
      local stacks = session.stacks
      session.stacks = function(self) %s end
      return session
    end]]):format(code), "virtblk-stack", "--json", "-D", disk.device, "--", "dd", "if=" .. disk.path, "of=/dev/null",
    "bs=4096", "count=50", "iflag=direct", "status=none")
end

function tests.test_the_stack_script_keeps_interrupts_apart()
  local disk = t.needs("root", "tracing", "disk")
  local result = stack_script_with(disk, [[
    local list = {}
    for _, row in ipairs(stacks(self)) do
      for irq = 1001, 1002 do
        list[#list + 1] = setmetatable({ irq = irq }, { __index = row })
      end
    end
    return list]])
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local requests_of = { [1001] = 0, [1002] = 0 }
  for _, stack in ipairs(require("dkjson").decode(result.out:match("[^\n]*\n?$")).stacks) do
    requests_of[stack.irq] = requests_of[stack.irq] + stack.requests
  end
  t.assertTrue(requests_of[1001] > 0, requests_of[1001])
  t.assertEquals(requests_of[1002], requests_of[1001])
end

function tests.test_the_stack_script_says_why_there_are_no_stacks()
  local disk = t.needs("root", "tracing", "disk")
  local result = stack_script_with(disk, "return nil, 'no stacks today', 'ENOMEM'")
  t.assertEquals({ result.status, result.err }, { 1, "shark virtblk-stack: no stacks today\n" })
end

function tests.test_the_disks_script()
  local disk = t.needs("root", "disk")
  local result = proc.run_shark("virtblk", "--disks")
  t.assertStrContains(result.out, disk.device .. "  ")
  t.assertStrContains(result.out, "IRQ " .. disk.irqs[1])
  result = proc.run_shark("virtblk", "--disks", "--json")
  t.assertTrue(#require("dkjson").decode(result.out).disks > 0)
end

t.run(tests)
