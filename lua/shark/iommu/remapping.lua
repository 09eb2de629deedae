--- The state of interrupt remapping: which operations are active, in which mode,
-- and if none, which condition said no. The questions are those of the kernel, in
-- its order.
-- Source: drivers/iommu/irq_remapping.c irq_remapping_prepare(), irq_remapping_enable();
-- intel/irq_remapping.c intel_prepare_irq_remapping(); amd/init.c amd_iommu_prepare();
-- arch/x86/kernel/apic/apic.c enable_IR_x2apic().

local chain = require "shark.iommu.chain"
local cmdline = require "shark.system.cmdline"
local globals = require "shark.kernel.globals"
local interrupts = require "shark.system.interrupts"
local iommu_units = require "shark.iommu.units"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"

local M = {}

-- ---- the operations ----

-- Every function pointer by name; those that are not set are "-".
local function pointers_of(ops)
  local found = {}
  for _, field in ipairs(k.fields(ops)) do
    if field ~= "capability" then
      found[#found + 1] = { field = field, symbol = ops[field] or "-" }
    end
  end
  return found
end

--- The active struct irq_remap_ops.
--- @return table? ops { name, capability, pointers = {{field, symbol}} }; false: none is active
--- @return string? message @return string? name
function M.ops()
  return memory.attempt(function()
    local address, message, name = k.address("remap_ops")
    if not address then
      memory.fault(message, name)
    end
    local ops = k.var("remap_ops", "struct irq_remap_ops *"):value()
    if not ops then
      return false
    end
    return { name = k.symbol(k.addressof(ops)), capability = ops.capability, pointers = pointers_of(ops) }
  end)
end

-- ---- small questions ----

-- A variable that is 0 when nothing is wrong.
local function add_switch(steps, phase, names, words)
  local value, message = globals.first(names, "int")
  steps:add(phase, names[1], value and value == 0, value and ("%d%s"):format(value, value ~= 0 and ": " .. words or "")
    or ("not read (%s)"):format(message))
end

local function words_of(text, ...)
  local words = cmdline.find(text, ...)
  return #words > 0 and table.concat(words, " ") or "nothing"
end

-- "intremap=off", and its old form "nointremap".
local function add_command_line(steps, text)
  local off = cmdline.last_option(text, "intremap", { "on", "off" }) == "off" or #cmdline.find(text, "nointremap") > 0
  local value, message = globals.get("disable_irq_remap", "int")
  local said = "command line: " .. words_of(text, "intremap", "nointremap")
  if value then
    steps:add("supported", "disable_irq_remap", value == 0, ("%d; %s"):format(value, said))
  else
    steps:add("supported", "disable_irq_remap", chain.no_if(off), ("not read (%s); %s"):format(message, said))
  end
end

local function add_io_apic(steps, text)
  local disabled, ok = globals.first({ "ioapic_is_disabled", "skip_ioapic_setup" }, "bool"), nil
  if disabled ~= nil then
    ok = not disabled
  end
  steps:add("supported", "IO-APICs in use", ok, ("%s; command line: %s"):format(ok == nil and "not read"
    or ok and "yes" or "no", words_of(text, "noapic")))
end

-- ---- Intel ----

-- IO-APICs that no unit has in its scope: their interrupts could not be remapped
-- (parse_ioapics_under_ir()).
local function uncovered(firmware)
  local covered, list = {}, {}
  for _, structure in ipairs(firmware.dmar.structures) do
    for _, scope in ipairs(structure.name == "DRHD" and structure.scopes or {}) do
      covered[scope.id] = covered[scope.id] or scope.kind == "IO-APIC"
    end
  end
  for _, ioapic in ipairs(firmware.madt.ioapics) do
    list[#list + 1] = not covered[ioapic.id] and ("id %d"):format(ioapic.id) or nil
  end
  return list
end

local function add_coverage(steps, firmware)
  if not firmware.madt then
    steps:add("prepared", "IO-APICs under units", nil, firmware.missing.madt.message)
    return
  end
  local list = uncovered(firmware)
  steps:add("prepared", "IO-APICs under units", #list == 0, #list == 0 and "all" or
    ("in no unit's scope: %s"):format(table.concat(list, ", ")))
end

-- Every unit must be able to.
local function add_ability(steps, phase, units, field, question)
  local without, known = {}, false
  for _, unit in ipairs(units) do
    if unit.ecap then
      known = true
      without[#without + 1] = unit.ecap.fields[field] == 0 and unit.name or nil
    end
  end
  if not known then
    steps:add(phase, question, nil, "no unit's capabilities could be read")
    return nil
  end
  return steps:add(phase, question, #without == 0, #without == 0 and "all units" or
    "not " .. table.concat(without, ", "))
end

local function add_dmar(steps, firmware)
  local dmar, missing = firmware.dmar, firmware.missing.dmar
  if not dmar then
    local neither = firmware.missing.ivrs and firmware.missing.ivrs.name == "ENOENT"
    steps:add("prepared", "ACPI table DMAR", chain.no_if(missing.name == "ENOENT"),
      missing.message .. (neither and ", and no IVRS: it describes no IOMMU" or ""))
    return false
  end
  steps:add("prepared", "ACPI table DMAR", true, "there")
  steps:add("prepared", "DMAR flag INTR_REMAP", dmar.intr_remap, dmar.intr_remap and "set"
    or "NOT set: the firmware says that this platform does not remap interrupts")
  return true
end

-- Functions say what the kernel was built with.
local function add_support(steps, name, prepare)
  local has = globals.has_function(prepare)
  steps:add("supported", name .. " support", has, has == nil and "unknown: names of functions cannot be read"
    or has and "compiled in" or "NOT compiled in (CONFIG_IRQ_REMAP)")
end

local function add_intel(steps, firmware, units)
  add_support(steps, "Intel", "intel_prepare_irq_remapping")
  add_switch(steps, "prepared", { "irq_remap_broken" }, "the chipset's remapping is known to be broken")
  if add_dmar(steps, firmware) then
    add_coverage(steps, firmware)
    add_ability(steps, "prepared", units, "IR", "units that remap (ECAP.IR)")
  end
end

-- ---- AMD ----

local function ivrs_io_apics(firmware)
  local ids = {}
  for _, block in ipairs(firmware.ivrs.blocks) do
    for _, entry in ipairs(block.entries or {}) do
      if entry.special == "IO-APIC" then
        ids[entry.handle] = true
      end
    end
  end
  return ids
end

-- check_ioapic_information().
local function add_ivrs_coverage(steps, firmware)
  if not firmware.madt then
    return
  end
  local ids, without = ivrs_io_apics(firmware), {}
  for _, ioapic in ipairs(firmware.madt.ioapics) do
    without[#without + 1] = not ids[ioapic.id] and ("id %d"):format(ioapic.id) or nil
  end
  steps:add("prepared", "IO-APICs in IVRS", #without == 0, #without == 0 and "all"
    or "not " .. table.concat(without, ", "))
end

local function add_amd(steps, firmware, text)
  add_support(steps, "AMD", "amd_iommu_prepare")
  local ivrs, missing = firmware.ivrs, firmware.missing.ivrs
  if not ivrs then
    steps:add("prepared", "ACPI table IVRS", chain.no_if(missing.name == "ENOENT"), missing.message)
  else
    steps:add("prepared", "ACPI table IVRS", true, "there")
    steps:add("prepared", "amd_iommu=", not cmdline.has_option(text, "amd_iommu", "off"),
      "command line: " .. words_of(text, "amd_iommu"))
    add_ivrs_coverage(steps, firmware)
  end
  local value, message = globals.get("amd_iommu_irq_remap", "bool")
  if value ~= nil then
    steps:add("prepared", "amd_iommu_irq_remap", value, tostring(value))
  else
    steps:add("prepared", "amd_iommu_irq_remap", nil, ("not read (%s)"):format(message))
  end
end

-- ---- mode ----

local function x2apic_mode()
  local value, message = globals.get("x2apic_mode", "int")
  if value == nil then
    return nil, message
  end
  return value ~= 0
end

-- Why destinations have 8 bits: the units, the firmware, or the kernel.
local function add_mode(steps, firmware, units, kind, text)
  local eim, message = globals.get("eim_mode", "int")
  if kind == "intel" then
    add_ability(steps, "mode", units, "EIM", "units with x2APIC destinations (ECAP.EIM)")
    if firmware.dmar then
      local opt_out = firmware.dmar.x2apic_opt_out
      steps:add("mode", "DMAR flag X2APIC_OPT_OUT", nil, opt_out and "set: the firmware asks not to use x2APIC"
        or "not set")
    end
    steps:add("mode", "eim_mode", nil, eim and tostring(eim) or ("not read (%s)"):format(message))
  end
  local x2apic, why = x2apic_mode()
  steps:add("mode", "x2APIC", nil, ("%s; command line: %s"):format(x2apic == nil and ("not read (%s)"):format(why)
    or x2apic and "on" or "off", words_of(text, "nox2apic", "x2apic_phys")))
  if x2apic == nil then
    return nil
  end
  return x2apic and "x2APIC" or "xAPIC"
end

-- ---- is it on ----

-- Where the variable cannot be read: chips of remapped interrupts begin with
-- "IR-" (all kernels that have them).
local function seen_in_proc()
  for _, entry in pairs(interrupts.read() or {}) do
    if (entry.chip or ""):find("^IR%-") then
      return true
    end
  end
  return false
end

local function is_enabled()
  local value, message = globals.get("irq_remapping_enabled", "int")
  if value ~= nil then
    return value ~= 0, ("irq_remapping_enabled is %d"):format(value)
  elseif globals.has_function("irq_remapping_prepare") == false then
    return false, "this kernel has no interrupt remapping (CONFIG_IRQ_REMAP is off)"
  end
  local seen = seen_in_proc()
  return seen, ("chips in /proc/interrupts %s with IR-; %s"):format(seen and "begin" or "do not begin", message)
end

-- ---- together ----

local function kind_of(ops, firmware)
  local name = ops and ops.name or ""
  if name:find("amd") then
    return "amd"
  elseif name:find("intel") then
    return "intel"
  end
  return firmware.ivrs and not firmware.dmar and "amd" or "intel"
end

local NAMES = { intel = "Intel", amd = "AMD" }

local function verdict(state)
  if state.enabled then
    local mode = state.mode and (", %s mode"):format(state.mode) or ""
    return ("interrupts are remapped (%s%s)"):format(NAMES[state.kind], mode)
  elseif state.decisive then
    return ("interrupts are NOT remapped: %s: %s"):format(state.decisive.question, state.decisive.answer)
  end
  return "interrupts are NOT remapped; no condition that was looked at said why"
end

--- The state of interrupt remapping.
--- @return table state { enabled, why, kind = "intel"|"amd", mode? = "xAPIC"|"x2APIC", ops? (false: none),
---   steps = {{phase = "supported"|"prepared"|"enabled"|"mode", question, ok, answer}}, decisive?, verdict, missing }
function M.read()
  local firmware, text = iommu_units.firmware(), cmdline.read()
  local units, missing = iommu_units.read()
  local ops, message = M.ops()
  local steps, state = chain.new(), { missing = missing }
  state.ops = ops
  if ops == nil then
    table.insert(missing, { what = "irq_remap_ops", why = message })
  elseif globals.unlisted() then
    table.insert(missing, { what = "variables of the kernel", why = globals.unlisted() })
  end
  state.kind = kind_of(ops, firmware)
  state.enabled, state.why = is_enabled()
  add_command_line(steps, text)
  add_io_apic(steps, text)
  if state.kind == "amd" then
    add_amd(steps, firmware, text)
  else
    add_intel(steps, firmware, units)
  end
  state.decisive = not state.enabled and steps:decisive() or nil
  steps:add("enabled", "irq_remapping_enabled", state.enabled, state.why)
  if state.enabled then
    state.mode = add_mode(steps, firmware, units, state.kind, text)
    add_switch(steps, "mode", { "disable_irq_post" }, "posted interrupts are switched off")
  end
  state.steps = steps.steps
  state.verdict = verdict(state)
  return state
end

return M
