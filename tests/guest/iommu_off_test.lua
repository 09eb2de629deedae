-- Guests with an IOMMU that the command line switches off, in part or whole: what
-- is off, and which switch decided.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local cmdline = require "shark.system.cmdline"
local interrupts = require "shark.system.interrupts"
local iommu_state = require "shark.iommu.state"
local iommu_units = require "shark.iommu.units"
local irqmap = require "shark.irqmap"
local proc = require "proc"
local remap = require "shark.remap"
local t = require "t"

local switches = {}

local function needs()
  t.needs("root", "kmem", "data_symbols")
end

local function chains()
  return iommu_state.chains(iommu_units.firmware(), (iommu_units.drhds()))
end

local function remapped()
  local count = 0
  for _, map in ipairs(assert(irqmap.describe_all())) do
    count = count + (map.irte and 1 or 0)
  end
  return count
end

-- Translation of DMA is off; remapping stays on.
function switches.intel_iommu()
  needs()
  local intel = chains()[1]
  t.assertEquals({ intel.kind, intel.in_use, intel.decisive.question }, { "Intel", false, "dmar_disabled" })
  t.assertStrContains(intel.verdict,
    "no Intel IOMMU translates DMA: dmar_disabled: 1: the command line says intel_iommu=off")
  t.assertEquals(#assert(iommu_units.registered()), 0)
  local units = iommu_units.read()
  t.assertEquals(#units, 1)
  t.assertEquals({ units[1].gsts.fields.TES, units[1].gsts.fields.IRES }, { 0, 1 })
  t.assertEquals(remap.state().enabled, true)
  t.assertTrue(remapped() > 0)
end

-- Remapping is off; translation stays on.
function switches.intremap()
  needs()
  local state = remap.state()
  t.assertEquals({ state.enabled, state.ops, state.decisive.question }, { false, false, "disable_irq_remap" })
  t.assertStrContains(state.verdict, "interrupts are NOT remapped: disable_irq_remap: 1; command line: intremap=off")
  t.assertEquals(remapped(), 0)
  t.assertEquals(#assert(remap.entries()), 0)
  local intel = chains()[1]
  t.assertEquals({ intel.kind, intel.in_use }, { "Intel", true })
  local units = iommu_units.read()
  t.assertEquals({ units[1].gsts.fields.TES, units[1].gsts.fields.IRES }, { 1, 0 })
end

-- All of it is off.
function switches.amd_iommu()
  needs()
  local amd = chains()[1]
  t.assertEquals({ amd.kind, amd.in_use, amd.decisive.question }, { "AMD", false, "amd_iommu=" })
  local state = remap.state()
  t.assertEquals({ state.enabled, state.decisive.question }, { false, "amd_iommu=" })
  t.assertEquals(remapped(), 0)
  for _, entry in pairs(interrupts.read()) do
    t.assertNil((entry.chip or ""):find("^IR%-"))
  end
end

-- The IOMMU is in use, and every domain is identity: the kernel said so when it started.
local function passes_through()
  needs()
  local intel = chains()[1]
  t.assertEquals({ intel.kind, intel.in_use }, { "Intel", true })
  t.assertTrue(#intel.groups > 0)
  t.assertStrContains(proc.run_shell("dmesg").out, "Default domain type: Passthrough")
  for _, group in ipairs(intel.groups) do
    t.assertEquals({ group.type, group.kind }, { "identity", "passthrough" }, group.id)
  end
  t.assertStrContains(intel.verdict, "an Intel IOMMU passes DMA through untranslated: all groups")
  local text = proc.run_shark("iommu").out
  t.assertNil(text:find("translates DMA: all", 1, true))
  t.assertStrContains(text, "group 0: passthrough (identity): ")
  t.assertEquals(remap.state().enabled, true)
end

-- Of the switches, the one that this guest was started with.
local tests = {}
for name, test in pairs(switches) do
  if cmdline.last_option(cmdline.read(), name, { "on", "off" }) == "off" then
    tests[("test_%s_off"):format(name)] = test
  end
end
if cmdline.has_option(cmdline.read(), "iommu", "pt") then
  tests.test_iommu_pt = passes_through
end

t.run(tests)
