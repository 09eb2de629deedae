-- The packaged scripts, as a user runs them.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local json = require "dkjson"
local proc = require "proc"
local script = require "script"
local t = require "t"
local witness = require "witness"

local shark = proc.run_shark
local tests = {}

local function assert_ok(result)
  t.assertEquals({ result.status, result.signal, result.err }, { 0, 0, "" })
  return result.out
end

local READS = 61

-- Runs shark with a command that reads the disk; also returns how many of the
-- interrupts can have been seen, at least.
local function shark_reading(disk, ...)
  local args = { ... }
  for _, word in ipairs { "--", "dd", "if=" .. disk.path, "of=/dev/null", "bs=4k", "count=" .. READS,
    "iflag=direct", "status=none" } do
    args[#args + 1] = word
  end
  local result
  local hidden = witness.hidden(disk.irqs, function() result = shark(unpack(args)) end)
  return result, READS - hidden
end

-- ---- command lines ----

function tests.test_help_of_every_script()
  for name in shark("--list").out:gmatch("(%S+)[^\n]*\n") do
    if name ~= "hello" and name ~= "ticks" then
      local out = assert_ok(shark(name, "--help"))
      t.assertStrContains(out, "Usage: shark " .. name)
      t.assertStrContains(out, "--json")
    end
  end
end

function tests.test_wrong_command_lines_of_hardirqs()
  for _, arguments in ipairs {
    { "--nope" }, { "-i" }, { "-i", "x" }, { "-i", "-1" }, { "-c", "1.5" }, { "-d", "0" }, { "-d", "long" },
    { "--way", "kprobe" },
  } do
    local result = shark("hardirqs", unpack(arguments))
    t.assertEquals({ result.status, result.out }, { 2, "" })
    t.assertStrContains(result.err, "shark hardirqs: ")
    t.assertStrContains(result.err, "Usage: shark hardirqs")
  end
end

function tests.test_no_such_irq()
  t.needs("root", "tracing")
  local result = shark("hardirqs", "-i", "999999", "-d", "1")
  t.assertEquals({ result.status, result.out }, { 1, "" })
  t.assertEquals(result.err,
    "shark hardirqs: hardirq: no such IRQ: 999999; /proc/interrupts lists those there are\n")
end

function tests.test_a_command_that_is_not_there()
  t.needs("root", "tracing")
  local result = shark("hardirqs", "--", "/no/such/command")
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "shark hardirqs: cannot run '/no/such/command': no such file or directory")
end

function tests.test_wrong_command_lines_of_the_others()
  for name, bad in pairs {
    softirqs = { "-s", "NOPE" }, sysvecs = { "--vector", "x" }, ipis = { "--way", "tp" },
    irqslow = { "-u", "soon" }, irqheat = { "--wait" }, irqstorm = { "--top", "-1" }, irqthreads = { "--way", "tp" },
    ["remap-trace"] = { "--kind", "nope" }, affinity = { "-i", "x" },
    virtblk = { "-k", "colour" }, ["virtblk-slow"] = { "-u", "soon" }, ["virtblk-heat"] = { "--stage", "none" },
    ["virtblk-stack"] = { "--way", "magic" },
  } do
    local result = shark(name, unpack(bad))
    t.assertEquals({ result.status, result.out }, { 2, "" }, name)
    t.assertStrContains(result.err, ("shark %s: "):format(name))
  end
end

-- ---- output ----

for _, name in ipairs { "softirqs", "sysvecs", "ipis", "irqslow", "irqheat", "irqstorm", "irqthreads", "virtblk",
  "virtblk-slow", "virtblk-heat", "virtblk-stack" } do
  tests["test_" .. name .. "_ends_with_its_ledger"] = function()
    t.needs("root", "tracing")
    script.assert_ended(name)
  end
end

-- Something always happens in a second: where these see nothing, nothing is traced.
for name, field in pairs { softirqs = "softirq", sysvecs = "vector" } do
  tests["test_" .. name .. "_sees_what_happens"] = function()
    t.needs("root", "tracing")
    local text = assert_ok(shark(name, "-d", "1", "--json"))
    local last = json.decode(text:match("([^\n]+)\n$"))
    local count = 0
    for _, row in ipairs(last.rows) do
      t.assertNotNil(row[field], text)
      count = count + row.count
    end
    t.assertTrue(count > 0, text)
  end
end

-- Of 50 datagrams: softirqs that have a line, those of them with a stack, and events that have none.
local function slow_softirqs()
  local command = ("require('load').datagrams(50)")
  local path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;")
  local out = assert_ok(shark("irqslow", "-u", "0", "--kind", "softirq", "--json", "--", proc.shark, "-e",
    ("package.path = %q .. package.path %s"):format(path, command)))
  local seen, with_stack, lost = 0, 0, nil
  for line in out:gmatch("[^\n]+") do
    local record = json.decode(line)
    lost = record.report == "total" and record.sessions.softirq.lost or lost
    if record.report == "slow" and record.softirq == "NET_RX" and record.raised_by:find("^task") then
      seen = seen + 1
      with_stack = with_stack + (record.stack and record.stack[1].name:find("+0x", 1, true) and 1 or 0)
    end
  end
  return seen, with_stack, lost.undelivered + lost.ring_drops
end

-- Where CPUs are emulated, a line for each softirq is more than one of them can print; on a
-- busy machine it may print none of these.
function tests.test_slow_softirqs_have_a_line_and_a_stack()
  t.needs("root", "tracing")
  local seen, with_stack, left_out
  for _ = 1, 5 do
    seen, with_stack, left_out = slow_softirqs()
    t.assertTrue(seen + left_out >= 40, ("%d, and %d left out"):format(seen, left_out))
    if seen > 0 then
      break
    end
  end
  t.assertTrue(seen > 0 and with_stack >= 0.8 * seen, ("%d of %d with a stack"):format(with_stack, seen))
end

-- Of all kinds, whose sessions hand over their events apart.
function tests.test_slow_ones_are_in_order_and_really_slow()
  t.needs("root", "tracing")
  local path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;")
  local out = assert_ok(shark("irqslow", "-u", "5", "--no-stack", "--json", "--", proc.shark, "-e",
    ("package.path = %q .. package.path require('load').datagrams(300)"):format(path)))
  local last, kinds, lines, total = 0, {}, {}, nil
  for line in out:gmatch("[^\n]+") do
    local record = json.decode(line)
    if record.report == "slow" then
      t.assertTrue(record.ts_ns >= last, ("%.0f behind %.0f"):format(record.ts_ns, last))
      t.assertTrue(record.ns >= 5000 or (record.wait_ns or 0) >= 5000, line)
      t.assertStrMatches(line, ".*\"time\":%d+%.%d%d%d%d%d%d%d%d%d,.*")
      last, kinds[record.kind] = record.ts_ns, true
      lines[record.kind] = (lines[record.kind] or 0) + 1
    else
      total = record
    end
  end
  t.assertTrue(kinds.softirq and kinds.vector, "only one kind was slow")
  for kind, n in pairs(lines) do
    local count = total[kind]
    t.assertEquals(count.slow, n)
    t.assertTrue(count.ran == 0 or count.slowest_ns >= 5000)
    t.assertTrue(count.ran + (count.waited or 0) >= count.slow and count.ran <= count.slow)
  end
end

function tests.test_percentiles_and_peaks_are_within_what_was_seen()
  t.needs("root", "tracing")
  local rows = json.decode(assert_ok(shark("softirqs", "-d", "0.5", "--json"))).rows
  t.assertTrue(#rows > 0)
  for _, row in ipairs(rows) do
    t.assertTrue(row.count == 0 or (row.p50_ns <= row.p99_ns and row.p99_ns <= row.max_ns), json.encode(row))
    t.assertTrue(row.waits == 0 or row.wait_p99_ns <= row.wait_max_ns, json.encode(row))
  end
  local peaks, total = {}, nil
  for line in assert_ok(shark("irqstorm", "-d", "1.5", "-n", "0.5", "--json")):gmatch("[^\n]+") do
    local report = json.decode(line)
    for _, source in ipairs(report.sources) do
      local key = ("%s %s %d"):format(source.kind, source.name, source.cpu)
      if report.report == "total" then
        total = true
        t.assertTrue(source.peak_rate >= (peaks[key] or 0) and source.peak_rate >= source.rate, key)
      else
        peaks[key] = math.max(peaks[key] or 0, source.peak_rate)
      end
    end
  end
  t.assertTrue(total and next(peaks) ~= nil)
end

function tests.test_hardirqs_as_a_table()
  local disk = t.needs("root", "tracing", "disk")
  local result, visible = shark_reading(disk, "hardirqs", "-i", tostring(disk.irq))
  local out = assert_ok(result)
  t.assertStrMatches(out, ".*IRQ +CPU +CHIP +ACTION +COUNT .*")
  local count = 0
  for n in out:gmatch("\n *" .. disk.irq .. " +%d+ +%S+ +virtio%S+ +(%d+) ") do
    count = count + tonumber(n)
  end
  t.assertTrue(count >= visible)
  t.assertStrContains(out, "\nattached: ")
  t.assertStrContains(out, "\nlost: ")
end

function tests.test_hardirqs_as_json()
  local disk = t.needs("root", "tracing", "disk")
  local result, visible = shark_reading(disk, "hardirqs", "--json")
  local report = assert(json.decode(assert_ok(result)))
  local count = 0
  for _, row in ipairs(report.rows) do
    local in_hist = 0
    for _, bucket in ipairs(row.hist) do
      in_hist = in_hist + bucket.count
    end
    t.assertEquals(in_hist, row.count)
    count = count + (row.irq == disk.irq and row.count or 0)
  end
  t.assertTrue(count >= visible)
  t.assertEquals(report.report, "total")
  t.assertEquals(report.lost.ring_drops, 0)
  t.assertNotNil(report.attached.way)
end

function tests.test_hardirqs_with_histograms()
  local disk = t.needs("root", "tracing", "disk")
  local out = assert_ok((shark_reading(disk, "hardirqs", "--hist", "-i", tostring(disk.irq))))
  t.assertStrMatches(out, ".*\nIRQ %d+ virtio[^\n]+, CPU %d+\n +[%d.]+%a+ %.%. [^\n]+|%*.*")
end

function tests.test_hardirqs_by_interval()
  local disk = t.needs("root", "tracing", "disk")
  local result
  local hidden = witness.hidden(disk.irqs, function()
    result = proc.run_shell(([[$SHARK hardirqs --json -n 0.2 -- sh -c '
      for i in 1 2 3 4 5; do dd if=%s of=/dev/null bs=4k count=60 iflag=direct status=none; sleep 0.1; done']])
      :format(disk.path))
  end)
  local intervals, sum, total = 0, 0, 0
  for line in assert_ok(result):gmatch("[^\n]+") do
    local report = assert(json.decode(line))
    for _, row in ipairs(report.rows) do
      if row.irq == disk.irq then
        if report.report == "total" then
          total = total + row.count
        else
          sum = sum + row.count
        end
      end
    end
    intervals = intervals + (report.report == "interval" and 1 or 0)
  end
  t.assertTrue(intervals >= 2)
  t.assertTrue(total >= 300 - hidden)
  t.assertTrue(sum <= total)
end

-- What happens before the first report is in that one and the total only.
local function sums_by_report(count_of, ...)
  local path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;")
  local args = { ... }
  for _, word in ipairs { "-n", "0.3", "--json", "--", "sh", "-c", ('"$0" -e "$1"; sleep 1.5'), proc.shark,
    ("package.path = %q .. package.path require('load').datagrams(300)"):format(path) } do
    args[#args + 1] = word
  end
  local sums = { interval = 0, total = 0 }
  for line in assert_ok(shark(unpack(args))):gmatch("[^\n]+") do
    local report = json.decode(line)
    if sums[report.report] then
      sums[report.report] = sums[report.report] + count_of(report)
    end
  end
  return sums
end

function tests.test_intervals_are_of_what_happened_in_them()
  t.needs("root", "tracing")
  local slow = sums_by_report(function(report) return report.softirq.slow end,
    "irqslow", "-u", "0", "--kind", "softirq", "--no-stack")
  t.assertTrue(slow.total >= 300 and slow.interval > 0, json.encode(slow))
  t.assertTrue(slow.interval <= slow.total, json.encode(slow))
  local arrived = sums_by_report(function(report)
    local n = 0
    for _, row in ipairs(report.rows) do
      for _, place in ipairs(row.arrived) do
        n = n + place.count
      end
    end
    return n
  end, "affinity")
  t.assertTrue(arrived.interval <= arrived.total, json.encode(arrived))
end

-- 600 reads in two parts, between which an interval ends: each is in the total, and in one interval at most. What
-- is handed over as an event may be left out at the end, where a machine is slow.
local function sums_of_reads(disk, count_of, ...)
  local args = { ... }
  for _, word in ipairs { "-n", "0.3", "--json", "--", "sh", "-c", [[for i in 1 2; do
    for j in 1 2 3 4 5; do dd if="$0" of=/dev/null bs=4k count=60 iflag=direct status=none; done; sleep 0.7; done]],
    disk.path } do
    args[#args + 1] = word
  end
  local sums, result = { interval = 0, total = 0, left_out = 0 }, nil
  sums.hidden = disk_load.hidden_in_requests(disk, function() result = shark(unpack(args)) end)
  for line in assert_ok(result):gmatch("[^\n]+") do
    local report = json.decode(line)
    if sums[report.report] then
      sums[report.report] = sums[report.report] + count_of(report)
    end
    if report.report == "total" then
      sums.left_out = report.lost.undelivered + report.lost.ring_drops
    end
  end
  return sums
end

local function assert_sums(sums, left_out)
  local text = json.encode(sums)
  t.assertTrue(sums.total > 0 and sums.total + left_out + sums.hidden >= 600, text)
  t.assertTrue(sums.interval > 0 and sums.interval <= sums.total, text)
end

function tests.test_intervals_of_requests()
  local disk = t.needs("root", "tracing", "disk")
  local slow = sums_of_reads(disk, function(report) return report.slow end, "virtblk-slow", "-u", "1")
  assert_sums(slow, slow.left_out)
  local stacks = sums_of_reads(disk, function(report)
    local n = 0
    for _, stack in ipairs(report.stacks) do
      n = n + stack.requests
    end
    return n
  end, "virtblk-stack")
  assert_sums(stacks, 0)
end

function tests.test_hardirqs_ends_in_order_when_interrupted()
  t.needs("root", "tracing")
  local child = proc.start(proc.shark, { "hardirqs", "-n", "0.05" })
  child.wait_for("MAX-US since the start")
  child.kill("sigint")
  local result = child.wait()
  t.assertEquals({ result.status, result.signal, result.err }, { 0, 0, "" })
  t.assertStrContains(result.out, "attached: ")
  t.assertStrContains(result.out, "lost: ")
end

function tests.test_hardirqs_into_a_pipe_that_closes()
  t.needs("root", "tracing")
  local result = proc.run_shell("$SHARK hardirqs -n 0.05 | head -3 | wc -l")
  t.assertEquals({ result.out, result.err }, { "3\n", "" })
end

function tests.test_hardirqs_on_a_full_disk()
  t.needs("root", "tracing")
  local result = proc.run_shell("$SHARK hardirqs -d 0.1 > /dev/full")
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "No space left on device")
end

function tests.test_the_status_of_the_command_is_told()
  t.needs("root", "tracing")
  local result = shark("hardirqs", "--", "sh", "-c", "exit 7")
  t.assertEquals(result.status, 0)
  t.assertStrContains(result.err, "the command ended with status 7")
end

function tests.test_ticks()
  local out = assert_ok(shark("ticks"))
  t.assertStrMatches(out, "tick 1 after .*%d ticks\n")
end

t.run(tests)
