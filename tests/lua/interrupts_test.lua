-- shark.system.interrupts: /proc/interrupts of several kernels and devices.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local interrupts = require "shark.system.interrupts"
local t = require "t"

-- As kernel/irq/proc.c prints it: an IRQ of an IO-APIC, MSI-X with and
-- without remapping, an IRQ that devices share, names with blanks and colons,
-- one without action, one without domain; CPU1 is offline.
local TEXT = [[
           CPU0       CPU2
  1:          9          0  IR-IO-APIC   1-edge      i8042
 16:        100       2000  IR-IO-APIC  16-fasteoi   uhci_hcd:usb3, ehci_hcd:usb1, PCIe PME
 26:          0        643 IR-PCI-MSIX-0000:00:03.0   1-edge      virtio0-req.0
 30:          5          0   PCI-MSI 512000-edge      ahci[0000:00:1f.2]
 31:          0          0  IO-APIC  31-fasteoi
 99:          7          8      None      tty port
NMI:          3          4   Non-maskable interrupts
ERR:          0
]]

local tests = {}

function tests.test_parse()
  local by_irq = interrupts.parse(TEXT)
  t.assertEquals(by_irq[26], {
    irq = 26, counts = { [0] = 0, [2] = 643 }, count = 643, chip = "IR-PCI-MSIX-0000:00:03.0",
    hwirq = 1, flow = "edge", actions = { "virtio0-req.0" },
  })
  t.assertEquals(by_irq[16].actions, { "uhci_hcd:usb3", "ehci_hcd:usb1", "PCIe PME" })
  t.assertEquals(by_irq[16].chip, "IR-IO-APIC")
  t.assertEquals(by_irq[16].flow, "fasteoi")
  t.assertEquals(by_irq[30].hwirq, 512000)
  t.assertEquals(by_irq[31].actions, {})
  t.assertEquals(by_irq[99].chip, "None")
  t.assertEquals(by_irq[99].count, 15)
end

function tests.test_a_thousand_lines_of_many_cpus()
  local cpus, lines = 128, {}
  for cpu = 0, cpus - 1 do
    lines[#lines + 1] = ("CPU%d"):format(cpu)
  end
  lines = { "     " .. table.concat(lines, " ") }
  for irq = 1, 1000 do
    local counts = {}
    for cpu = 0, cpus - 1 do
      counts[#counts + 1] = irq * 1000 + cpu
    end
    lines[#lines + 1] = ("%d: %s  PCI-MSIX-0000:01:00.0 %d-edge nic-%d"):format(irq, table.concat(counts, " "), irq,
      irq)
  end
  local by_irq = interrupts.parse(table.concat(lines, "\n") .. "\n")
  for irq = 1, 1000 do
    local entry = by_irq[irq]
    t.assertEquals({ entry.counts[0], entry.counts[cpus - 1], entry.count }, { irq * 1000, irq * 1000 + cpus - 1,
      irq * 1000 * cpus + cpus * (cpus - 1) / 2 })
    t.assertEquals({ entry.hwirq, entry.flow, entry.actions }, { irq, "edge", { "nic-" .. irq } })
  end
end

function tests.test_named_interrupts_are_not_in_it()
  local n = 0
  for irq in pairs(interrupts.parse(TEXT)) do
    t.assertEquals(type(irq), "number")
    n = n + 1
  end
  t.assertEquals(n, 6)
end

function tests.test_this_machine()
  for irq, entry in pairs(assert(interrupts.read())) do
    t.assertEquals(entry.irq, irq)
    local sum = 0
    for _, count in pairs(entry.counts) do
      sum = sum + count
    end
    t.assertEquals(sum, entry.count)
  end
end

t.run(tests)
