-- Changes that no machine in use should be put through, while tracing: modules,
-- CPUs and disks that come and go, symbols that are hidden.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local irq = require "shark.irq"
local outside = require "outside"
local patience = require "patience"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}

local function open(options)
  local session, message = irq.hardirq(options)
  t.assertNotNil(session, message)
  return session
end

local function shell(command, ...)
  local result = proc.run_shell(command:format(...))
  t.assertEquals({ result.status, result.err }, { 0, "" }, command)
  return result.out
end

local function sum(rows, irqs)
  local count = 0
  for _, row in ipairs(rows) do
    for _, number in ipairs(irqs) do
      count = count + (row.irq == number and row.count or 0)
    end
  end
  return count
end

-- ---- symbols that are hidden ----

local function with_file(path, text, work)
  local file = assert(io.open(path))
  local before = file:read("*l")
  file:close()
  local function put(value)
    file = assert(io.open(path, "w"))
    assert(file:write(value))
    assert(file:close())
  end
  put(text)
  local ok, message = xpcall(work, debug.traceback)
  put(before)
  if not ok then
    error(message, 0)
  end
end

function tests.test_hidden_symbols_are_had_otherwise_or_said_to_be_hidden()
  local disk = t.needs("root", "tracing", "disk")
  local address = require("shark.kernel").address "schedule"
  with_file("/proc/sys/kernel/kptr_restrict", "2", function()
    local symbol, message, name = shark.symbol(address)
    -- Where the kernel itself is asked for names (5.16 and later) nothing is hidden.
    if symbol then
      t.assertEquals({ symbol, message }, { "schedule", 0 })
    else
      t.assertStrContains(message, "kptr_restrict")
      t.assertEquals(name, "EPERM")
    end
    -- The tracer needs no symbols.
    local session = open {}
    local visible = disk_load.direct_reads(disk, 50)
    t.assertTrue(sum(session:read(), disk.irqs) >= visible)
    session:close()
  end)
end

-- ---- modules, CPUs, disks that come and go ----

function tests.test_a_driver_loaded_while_tracing_is_seen()
  local disk = t.needs("root", "tracing", "disk")
  local session = open {}
  shell "rmmod virtio_blk && ! [ -e /sys/block/vda ]"
  shell "modprobe virtio_blk && mdev -s"
  patience.wait_until("the disk to come back", function() return uv.fs_stat("/dev/" .. disk.device) end)
  local again = disk_load.find()
  local seen = sum(session:read(), again.irqs)
  local before = disk_load.interrupts(again)
  local visible = disk_load.direct_reads(again, 100)
  t.assertEquals(sum(session:read(), again.irqs) - seen, disk_load.interrupts(again) - before)
  t.assertTrue(sum(session:read(), again.irqs) - seen >= visible)
  t.assertEquals(session:loss().unmatched_entries, 0)
  session:close()
end

-- ---- threads of drivers that come back ----

local function seen_actions(names)
  for number, entry in pairs(require("shark.system.interrupts").read()) do
    for _, action in ipairs(entry.actions) do
      names[number .. " " .. action] = true
    end
  end
end

-- Actions and their threads are freed, and their memory becomes others'.
function tests.test_threads_of_a_driver_that_comes_back()
  local disk = t.needs("root", "tracing", "disk")
  local session, known, wakes = assert(irq.thread {}), {}, 0
  for _ = 1, 5 do
    disk_load.direct_reads(disk, 100)
    seen_actions(known)
    shell "rmmod virtio_blk && modprobe virtio_blk && mdev -s"
    patience.wait_until("the disk to come back", function() return uv.fs_stat("/dev/" .. disk.device) end)
    disk = disk_load.find()
  end
  disk_load.direct_reads(disk, 100)
  seen_actions(known)
  uv.sleep(50) -- the last thread goes to sleep
  session:stop()
  for _, row in ipairs(session:read()) do
    t.assertTrue(known[row.irq .. " " .. row.action], ("IRQ %d has no %q"):format(row.irq, row.action))
    wakes = wakes + (row.action:find("^virtio") and row.wakes or 0)
  end
  local loss = session:loss()
  session:close()
  t.skipIf(wakes == 0 and not shell("cat /proc/cmdline"):find("threadirqs", 1, true) and
    not shell("uname -v"):find("PREEMPT_RT", 1, true), "handlers of disks have no threads here")
  t.assertTrue(wakes >= 600 * 0.9, wakes)
  t.assertEquals(loss.map_full, 0)
end

local function set_cpu(cpu, online)
  local file = assert(io.open(("/sys/devices/system/cpu/cpu%d/online"):format(cpu), "w"))
  assert(file:write(online and "1" or "0"))
  assert(file:close())
end

function tests.test_a_cpu_that_goes_offline_and_comes_back()
  local disk = t.needs("root", "tracing", "disk")
  local before = disk_load.interrupts(disk)
  local session = open {}
  disk_load.direct_reads(disk, 100)
  set_cpu(1, false)
  disk_load.direct_reads(disk, 100)
  local rows = session:read() -- while it is gone
  t.assertTrue(sum(rows, disk.irqs) >= 200)
  set_cpu(1, true)
  disk_load.direct_reads(disk, 100)
  local counted = sum(session:read(), disk.irqs)
  -- /proc/interrupts leaves out CPUs that are offline; now it has all again.
  t.assertEquals(counted, disk_load.interrupts(disk) - before)
  t.assertTrue(counted >= 300)
  t.assertEquals(session:loss().unmatched_entries, 0)
  session:close()
end

function tests.test_a_disk_unplugged_while_tracing()
  local disk = t.needs("root", "tracing", "disk")
  t.assertNotNil(uv.fs_stat("/sys/block/vdb"))
  local session, events = open {}, 0
  session:on(function() events = events + 1 end)
  local reader = proc.start("/bin/sh", { "-c",
    "while dd if=/dev/vdb of=/dev/null bs=4k count=50 iflag=direct 2>/dev/null; do :; done; echo reader ended" })
  patience.wait_until("interrupts of the second disk", function()
    for _, row in ipairs(session:read()) do
      if row.action:find("^virtio") and row.irq ~= disk.irq and row.count > 50 then
        return true
      end
    end
  end)
  outside.qmp("device_del", { id = "disk2" })
  reader.wait_for("reader ended")
  patience.wait_until("the disk to be gone", function() return not uv.fs_stat("/sys/block/vdb") end)
  reader.wait()
  local before, seen = disk_load.interrupts(disk), sum(session:read(), disk.irqs)
  local visible = disk_load.direct_reads(disk, 100)
  t.assertEquals(sum(session:read(), disk.irqs) - seen, disk_load.interrupts(disk) - before)
  t.assertTrue(sum(session:read(), disk.irqs) - seen >= visible)
  session:stop()
  t.assertTrue(events > 150)
  t.assertEquals(session:loss().unmatched_entries, 0)
  session:close()
end

t.run(tests)
