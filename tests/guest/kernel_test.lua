-- Kernel objects on a machine that is not left alone: drivers that come and go
-- while their interrupts are walked, symbols that are hidden.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local k = require "shark.kernel"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}

-- What one walk finds of all interrupts that have actions.
local function walk()
  local found = {}
  for irq, desc in k.irq_descs() do
    local entry = { irq = desc.irq_data.irq, listed = irq, names = {}, handlers = {} }
    for action in k.chain(desc.action, "next") do
      table.insert(entry.names, action.name)
      table.insert(entry.handlers, action.handler)
    end
    entry.chip = desc.irq_data.chip and desc.irq_data.chip.name
    found[#found + 1] = entry
  end
  return found
end

local function assert_makes_sense(found)
  t.assertTrue(#found > 10)
  for _, entry in ipairs(found) do
    t.assertEquals(entry.irq, entry.listed)
    for i, name in ipairs(entry.names) do
      t.assertStrMatches(name, "[%w%p ]+")
      t.assertStrMatches(entry.handlers[i], "[%a_][%w_.]*.*")
    end
  end
end

-- "virtio3" of the second disk.
local function second_disk()
  return (proc.run_shell("basename $(readlink -f /sys/block/vdb/device)").out:gsub("%s", ""))
end

-- Drivers as they are bound and unbound, over and over.
local CHANGES = [[cd /sys/bus/virtio/drivers/virtio_blk
  while :; do echo %s > unbind; echo %s > bind; done]]

-- It ends where it is: with or without its driver.
local function end_changes(changes, device)
  changes.kill "sigkill"
  changes.wait()
  proc.run_shell(("echo %s > /sys/bus/virtio/drivers/virtio_blk/bind"):format(device))
  t.assertNotNil(uv.fs_stat(("/sys/bus/virtio/devices/%s/driver"):format(device)), device .. " has no driver again")
end

function tests.test_walks_while_drivers_come_and_go_find_what_is_or_say_so()
  t.needs("root", "kmem", "data_symbols")
  local device = second_disk()
  local changes = proc.start("/bin/sh", { "-c", CHANGES:format(device, device) })
  local whole, refused = 0, {}
  for _ = 1, 60 do
    local found, message, name = k.stable(walk)
    if found then
      assert_makes_sense(found)
      whole = whole + 1
    else
      t.assertTableContains({ "EAGAIN", "EFAULT", "ENODATA", "ELOOP", "EINVAL" }, name, message)
      refused[#refused + 1] = message
    end
  end
  end_changes(changes, device)
  t.assertTrue(whole > 0, table.concat(refused, "\n"))
end

function tests.test_a_descriptor_that_is_replaced_is_noticed()
  t.needs("root", "kmem", "data_symbols")
  local device = second_disk()
  local function irq_of_device()
    for irq, desc in k.irq_descs() do
      if desc.action and desc.action.name:find(device .. "-req", 1, true) == 1 then
        return irq
      end
    end
  end
  local irq = irq_of_device()
  t.skipIf(not irq, "needs a second disk with interrupts of its own")
  local _, message, name = k.stable(function()
    local desc = k.irq_desc(irq)
    proc.run_shell(("echo %s > /sys/bus/virtio/drivers/virtio_blk/unbind"):format(device))
    return desc.action
  end)
  proc.run_shell(("echo %s > /sys/bus/virtio/drivers/virtio_blk/bind"):format(device))
  t.assertEquals(name, "EAGAIN")
  t.assertStrContains(message, "changed while reading: ")
end

function tests.test_descriptors_are_found_without_symbols()
  t.needs("root", "kmem", "task")
  t.skipIf(k.how().way ~= "bpf", "needs the BPF reader")
  local seen, hidden = {}, {}
  for irq, desc in k.irq_descs() do
    seen[irq] = k.hex(k.addressof(desc))
  end
  local script = [[local k = require "shark.kernel"
    for irq, desc in k.irq_descs() do print(irq, k.hex(k.addressof(desc))) end
    print(k.address "init_task")]]
  proc.run_shell "echo 2 > /proc/sys/kernel/kptr_restrict"
  local result = proc.run_shell(("$SHARK -e '%s'"):format(script))
  proc.run_shell "echo 0 > /proc/sys/kernel/kptr_restrict"
  t.assertEquals({ result.status, result.err }, { 0, "" })
  for irq, address in result.out:gmatch("(%d+)\t(0x%x+)\n") do
    hidden[tonumber(irq)] = address
  end
  t.assertEquals(hidden, seen)
  t.assertStrContains(result.out, "hides its addresses; see kernel.kptr_restrict (sysctl)\tEPERM")
end

t.run(tests)
