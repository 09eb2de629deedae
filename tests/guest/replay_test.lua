-- What people do with gdb and crash on a dump, typed at the prompt on a running
-- kernel: from the descriptor of a disk's interrupt to its chip, its chip data
-- and the IOMMU; the list of remapping units, and that of active IOMMUs.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

-- Types lines at the prompt; returns what they printed.
local function prompt(lines)
  local result = proc.run(proc.shark, { "-i" }, { stdin = table.concat(lines, "\n") .. "\n" })
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return (result.out:gsub("^[^\n]*\n", ""):gsub(">+ ", ""))
end

function tests.test_p_desc()
  local disk = t.needs("root", "kmem", "irq_descs", "disk")
  local out = prompt {
    'k = require "shark.kernel"',
    ("desc = k.irq_desc(%d)"):format(disk.irq),
    "print(desc)",
  }
  t.assertStrContains(out, "irq_data = {")
  t.assertStrContains(out, ("irq = %d,"):format(disk.irq))
  t.assertStrContains(out, "handle_irq = ")
  t.assertStrContains(out, "handle_edge_irq")
  t.assertStrContains(out, "depth = 0,")
end

function tests.test_p_desc_irq_data_chip()
  local disk = t.needs("root", "kmem", "irq_descs", "disk")
  local out = prompt {
    'k = require "shark.kernel"',
    ("desc = k.irq_desc(%d)"):format(disk.irq),
    "desc.irq_data.chip.name, desc.irq_data.chip.irq_mask",
    "print(desc.irq_data.chip)",
  }
  local sysfs = io.open(("/sys/kernel/irq/%d/chip_name"):format(disk.irq)):read("*l")
  t.assertStrContains(out, sysfs .. "\t")
  t.assertStrContains(out, "irq_unmask = ")
  t.assertStrContains(out, "flags = ")
end

-- The chip data of the innermost level: the vector, as /sys/kernel/debug has it.
function tests.test_p_chip_data_of_the_vector_domain()
  local disk = t.needs("root", "kmem", "irq_descs", "disk")
  local out = prompt {
    'k = require "shark.kernel"',
    ("data = k.irq_desc(%d).irq_data"):format(disk.irq),
    "while data.parent_data do data = data.parent_data end",
    "data.chip.name",
    'apic = k.cast("struct apic_chip_data", k.raw(data, "chip_data"))',
    "apic.irq, apic.vector >= 32, apic.is_managed",
  }
  t.assertStrContains(out, "APIC\n")
  t.assertStrMatches(out, (".*\n%d\ttrue\t[01truefals]+\n$"):format(disk.irq))
end

-- gdb: p *(struct intel_iommu *)ADDRESS, found through the descriptor.
function tests.test_p_intel_iommu()
  local disk = t.needs("root", "kmem", "dmar", "disk")
  local out = prompt {
    'k = require "shark.kernel"',
    ("level = k.irq_desc(%d).irq_data.parent_data"):format(disk.irq),
    'ir = k.cast("struct intel_ir_data", k.raw(level, "chip_data"))',
    "iommu = ir.irq_2_iommu.iommu",
    "ir.irq_2_iommu.irte_index, k.text(iommu.name), iommu.seq_id, iommu.segment",
    "print(iommu)",
  }
  t.assertStrMatches(out, "%d+\tdmar0\t0\t0\n.*")
  t.assertStrContains(out, "reg_phys = ")
  t.assertStrContains(out, "ecap = ")
  t.assertStrContains(out, "ir_table = ")
end

-- crash: list -H dmar_drhd_units -s dmar_drhd_unit.segment,devices_cnt
function tests.test_list_dmar_drhd_units()
  t.needs("root", "kmem", "dmar")
  local out = prompt {
    'k = require "shark.kernel"',
    'for unit in k.list("dmar_drhd_units", "struct dmar_drhd_unit", "list") do ' ..
      "print(k.hex(k.addressof(unit)), unit.segment, unit.devices_cnt, k.hex(unit.reg_base_addr)) end",
  }
  t.assertStrMatches(out, "0x%x+\t0\t%d+\t0xfed90000\n")
end

-- crash: list -H iommu_device_list -s iommu_device.ops; dis -l OPS
function tests.test_list_iommu_device_list()
  t.needs("root", "kmem", "dmar")
  local out = prompt {
    'k = require "shark.kernel"',
    'for device in k.list("iommu_device_list", "struct iommu_device", "list") do ' ..
      'print(k.symbol(k.raw(device, "ops"))) end',
    'k.var("dmar_disabled"):value()',
  }
  t.assertStrContains(out, "intel_iommu_ops")
  t.assertStrMatches(out, ".*\n0\n$")
end

t.run(tests)
