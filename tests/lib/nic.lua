--- A virtio network card of a guest, whose interrupts nothing but the test causes:
--- they are not managed, so they can be moved.
local interrupts = require "shark.system.interrupts"
local patience = require "patience"
local uv = require "uv"

local M = {}

-- QEMU's user network answers for this address.
local GATEWAY, OWN = "10.0.2.2", "10.0.2.15"

local function read_line(path)
  local file = io.open(path)
  local line = file and file:read("*l")
  if file then
    file:close()
  end
  return line
end

local function pci_device_of(virtio)
  local link = uv.fs_readlink("/sys/bus/virtio/devices/" .. virtio)
  return link and link:match("(%x+:%x+:%x+%.%x)/" .. virtio .. "$")
end

--- The card whose receive queue has an interrupt of its own, and can be used.
--- @return table? nic { irq, pci = "0000:00:03.0" } @return string? reason
function M.find()
  for irq, entry in pairs(interrupts.read()) do
    local virtio = (entry.actions[1] or ""):match("^(virtio%d+)%-input")
    if virtio then
      os.execute(("ifconfig eth0 %s up >/dev/null 2>&1"):format(OWN))
      return { irq = irq, pci = pci_device_of(virtio) }
    end
  end
  return nil, "no virtio network card with interrupts of its own"
end

--- Interrupts of the card so far.
function M.count(nic)
  return interrupts.read()[nic.irq].count
end

--- Lets one packet come in, and so an interrupt.
function M.receive(nic)
  local before, over = M.count(nic), patience.limit(60)
  while M.count(nic) == before do
    assert(not over(), "no packet came in")
    os.execute(("ping -c 1 -W 1 %s >/dev/null 2>&1"):format(GATEWAY))
  end
end

--- CPU in force.
function M.effective(nic)
  return tonumber(read_line(("/proc/irq/%d/effective_affinity_list"):format(nic.irq)))
end

--- CPUs asked for, as a list.
function M.asked(nic)
  return read_line(("/proc/irq/%d/smp_affinity_list"):format(nic.irq))
end

--- Asks for a CPU; it need not be in force afterwards.
function M.ask(nic, cpu)
  local file = assert(io.open(("/proc/irq/%d/smp_affinity_list"):format(nic.irq), "w"))
  assert(file:write(tostring(cpu)))
  assert(file:close())
end

--- Moves it to a CPU, with as many interrupts as that takes. The old vector is
--- given back then, too: another move can follow at once.
function M.move(nic, cpu)
  M.ask(nic, cpu)
  local over = patience.limit(120)
  repeat
    assert(not over(), "it does not move")
    M.receive(nic)
  until M.effective(nic) == cpu
end

--- Takes the driver off the card, or puts it back.
function M.unbind(nic)
  local file = assert(io.open("/sys/bus/pci/drivers/virtio-pci/unbind", "w"))
  assert(file:write(nic.pci))
  assert(file:close())
end

function M.bind(nic)
  local file = assert(io.open("/sys/bus/pci/drivers/virtio-pci/bind", "w"))
  assert(file:write(nic.pci))
  assert(file:close())
end

return M
