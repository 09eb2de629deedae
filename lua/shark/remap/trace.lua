--- Interrupt remapping, traced: entries that are written, affinity that is asked
--- for and takes effect, requests that are refused.
--
-- Every function starts a trace and returns a session. docs/scripting.md says what a session
-- can do, docs/reference.md which filters, rows and events each trace has; all take ring_bytes,
-- rows and way. The vector allocator, which works without remapping too, is irq.vecalloc().

local interrupts = require "shark.system.interrupts"
local iommu = require "shark.system.iommu"

local M = {}

-- sysfs names of IOMMUs: drivers/iommu/intel/dmar.c, drivers/iommu/amd/init.c.
local PREFIXES = { dmar = "intel", ivhd = "amd" }

--- Whose IOMMU is in use.
--- @return "intel"|"amd"? vendor @return string? message @return string? name
function M.vendor()
  for _, name in ipairs(iommu.names()) do
    local vendor = PREFIXES[name:match("^%l+")]
    if vendor then
      return vendor
    end
  end
  return nil, "no IOMMU is in use: /sys/class/iommu has neither dmar* (Intel) nor ivhd* (AMD)", "ENODEV"
end

-- The chips of interrupts that are remapped have names that begin with "IR-"
-- (arch/x86/kernel/apic/msi.c, io_apic.c).
local function is_remapping()
  for _, entry in pairs(interrupts.read() or {}) do
    if entry.chip and entry.chip:find("^IR%-") then
      return true
    end
  end
  return false
end

--- Whose IOMMU remaps interrupts here.
--- @return "intel"|"amd"? vendor @return string? message @return string? name
function M.remapping()
  local vendor, message, name = M.vendor()
  if vendor and not is_remapping() then
    return nil, "interrupts are not remapped: an IOMMU is in use, but no chip in /proc/interrupts is an IR- one",
      "ENODEV"
  end
  return vendor, message, name
end

--- Entries of the interrupt remapping tables that are written, with who asked.
---
--- Entries before and after are tables as shark.decode.irte makes them.
---
--- Source: intel_ir_set_affinity() and its like, and qi_submit_sync(), of Intel's
--- driver; amd_ir_set_affinity() and its like of AMD's; both ends, by "fentry" or
--- "kprobe". Intel's third way "raw_tp" is the tracepoint qi_submit: no IRQ, no times.
--- On AMD entries that are taken into use or given back are not seen.
---
--- @param options? table filters irq, cpu, at_least_ns; stacks; way
--- @return shark.Session? @return string? message @return string? name
function M.changes(options)
  local vendor, message, name = M.remapping()
  if not vendor then
    return nil, message, name
  end
  return require("shark.tracers.irte")[vendor].open(options)
end

--- Affinity: asked for, left pending, in force.
---
--- What happens is "asked"; "moved": an interrupt came and made a pending move true; or
--- "set": by the kernel itself, at startup or when a CPU goes offline. CPUs above 1023 are
--- left out of an event's cpus.
---
--- Source: irq_set_affinity_locked(), irq_move_masked_irq(), irq_do_set_affinity()
--- (kernel/irq/manage.c, migration.c), by "fentry" or "kprobe".
---
--- @param options? table filters irq, cpu; stacks; way
--- @return shark.Session? @return string? message @return string? name
function M.affinity(options)
  return require("shark.tracers.affinity").open(options)
end

--- Requests, of memory or an interrupt, that an IOMMU refused.
---
--- The field decoded of an event is { unit, source, what = "DMA"|"interrupt", reason, index
--- (of an interrupt, Intel), address (uint64_t), access = "read"|"write", pasid, raw }.
---
--- Source: dmar_fault() and the fault recording registers of Intel's; the event log
--- of AMD's, when its interrupt's thread runs. At most 16 (AMD 32) in one interrupt.
---
--- @param options? table filter source (16 bits: bus, device, function); way
--- @return shark.Session? @return string? message @return string? name
function M.faults(options)
  local vendor, message, name = M.vendor()
  if not vendor then
    return nil, message, name
  end
  return require("shark.tracers.fault")[vendor].open(options)
end

return M
