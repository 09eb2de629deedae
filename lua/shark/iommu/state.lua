--- Is an IOMMU used for DMA, and if not, which switch decided? The questions that
-- the kernel asked when it started, in its order.
-- Source: drivers/iommu/intel/dmar.c detect_intel_iommu(), iommu.c
-- intel_iommu_init(); drivers/iommu/amd/init.c amd_iommu_detect(), iommu_go_to_state().

local chain = require "shark.iommu.chain"
local cmdline = require "shark.system.cmdline"
local globals = require "shark.kernel.globals"
local groups = require "shark.iommu.groups"
local iommu_units = require "shark.iommu.units"

local M = {}

-- A table of the firmware: there, not there, or not readable.
local function add_table(steps, firmware, field, signature, without)
  local missing = firmware.missing[field]
  if firmware[field] then
    local damaged = not firmware[field].header.checksum_ok and ", its checksum is WRONG" or ""
    return steps:add("detected", ("ACPI table %s"):format(signature), true, "there" .. damaged)
  elseif missing.name == "ENOENT" then
    return steps:add("detected", ("ACPI table %s"):format(signature), false, "not there: " .. without)
  end
  steps:add("detected", ("ACPI table %s"):format(signature), nil, missing.message)
end

-- Functions say what the kernel was built with.
local function add_support(steps, option, functions)
  local has
  for _, name in ipairs(functions) do
    if not has then
      has = globals.has_function(name)
    end
  end
  steps:add("built", option, has, has and "compiled in" or has == false and "NOT compiled in" or
    "unknown: names of functions cannot be read")
end

local function words_or_none(words)
  return #words > 0 and table.concat(words, " ") or "nothing"
end

-- iommu=off, and what other code sets for its own reasons (x86_64's no_iommu).
local function add_no_iommu(steps, text)
  local value, message = globals.get("no_iommu", "int")
  local said = words_or_none(cmdline.find(text, "iommu"))
  local off = cmdline.has_option(text, "iommu", "off")
  if value then
    steps:add("allowed", "no_iommu", value == 0, ("%d; command line: %s"):format(value, said))
  else
    steps:add("allowed", "no_iommu", chain.no_if(off), ("not read (%s); command line: %s"):format(message, said))
  end
end

-- ---- Intel ----

local function drhd_words(drhds)
  local ignored = 0
  for _, unit in ipairs(drhds) do
    ignored = ignored + (unit.ignored and 1 or 0)
  end
  return ("%d DRHD unit%s, %d ignored"):format(#drhds, #drhds == 1 and "" or "s", ignored), ignored < #drhds
end

local function add_drhds(steps, firmware, drhds)
  if drhds then
    local words, usable = drhd_words(drhds)
    steps:add("detected", "units", usable, words)
    return
  end
  local count = 0
  for _, structure in ipairs(firmware.dmar.structures) do
    count = count + (structure.name == "DRHD" and 1 or 0)
  end
  steps:add("detected", "units", count > 0, ("%d DRHD structures in the table"):format(count))
end

-- dmar_disabled begins as the configuration says and is changed by intel_iommu=
-- only (and by tboot): without the word, its value is the default.
local function why_disabled(value, text)
  local said = cmdline.last_option(text, "intel_iommu", { "on", "off" })
  if said == "off" then
    return (value == 0 and "although " or "") .. "the command line says intel_iommu=off"
  elseif said == "on" then
    return value == 0 and "the command line says intel_iommu=on" or "although the command line says intel_iommu=on"
  end
  return value == 0 and "on by default (CONFIG_INTEL_IOMMU_DEFAULT_ON); the command line does not say intel_iommu="
    or "off by default (CONFIG_INTEL_IOMMU_DEFAULT_ON is not set) and the command line does not say intel_iommu=on"
end

local function add_dmar_disabled(steps, text)
  local value, message = globals.get("dmar_disabled", "int")
  if value then
    steps:add("allowed", "dmar_disabled", value == 0, ("%d: %s"):format(value, why_disabled(value, text)))
  else
    local off = cmdline.last_option(text, "intel_iommu", { "on", "off" }) == "off"
    steps:add("allowed", "dmar_disabled", chain.no_if(off), ("not read (%s); command line: %s"):format(message,
      words_or_none(cmdline.find(text, "intel_iommu"))))
  end
end

local function add_enabled(steps)
  local value, message = globals.get("intel_iommu_enabled", "int")
  steps:add("in use", "intel_iommu_enabled", value and value ~= 0, value and tostring(value)
    or ("not read (%s)"):format(message))
  return value and value ~= 0
end

local function intel_chain(firmware, text, drhds)
  local steps = chain.new()
  add_support(steps, "CONFIG_INTEL_IOMMU", { "intel_iommu_probe_device", "intel_iommu_init" })
  if add_table(steps, firmware, "dmar", "DMAR", "the firmware describes no Intel IOMMU") then
    add_drhds(steps, firmware, drhds)
    add_no_iommu(steps, text)
    add_dmar_disabled(steps, text)
    local enabled = add_enabled(steps)
    return steps, enabled
  end
  return steps, false
end

-- ---- AMD ----

local function add_init_state(steps)
  local state, message = globals.get("init_state", "enum iommu_init_state")
  local name = type(state) == "string" and state or nil
  steps:add("in use", "init_state", name and name == "IOMMU_INITIALIZED", name or ("not read (%s)"):format(
    tostring(message or state)))
  return name == "IOMMU_INITIALIZED"
end

local function amd_chain(firmware, text)
  local steps = chain.new()
  add_support(steps, "CONFIG_AMD_IOMMU", { "amd_iommu_probe_device", "amd_iommu_init" })
  if add_table(steps, firmware, "ivrs", "IVRS", "the firmware describes no AMD IOMMU") then
    local off = cmdline.has_option(text, "amd_iommu", "off")
    steps:add("allowed", "amd_iommu=", not off, "command line: " .. words_or_none(cmdline.find(text, "amd_iommu")))
    add_no_iommu(steps, text)
    return steps, add_init_state(steps)
  end
  return steps, false
end

-- ---- together ----

local function verdict(kind, in_use, decisive, found)
  if in_use then
    return groups.verdict(("an %s IOMMU"):format(kind), found)
  elseif decisive then
    return ("no %s IOMMU translates DMA: %s: %s"):format(kind, decisive.question, decisive.answer)
  end
  return ("whether an %s IOMMU translates DMA could not be found out"):format(kind)
end

local function judge(kind, steps, in_use)
  local sys, why_not = iommu_units.names_in_sys()
  local decisive = not in_use and steps:decisive() or nil
  steps:add("in use", "/sys/class/iommu", nil, #sys > 0 and table.concat(sys, ", ")
    or why_not or "none")
  local found = in_use and groups.read() or nil
  if found then
    steps:add("in use", "domains of groups", nil, ("%s; command line: %s"):format(groups.summary(found),
      words_or_none(cmdline.find(cmdline.read(), "iommu", "iommu.passthrough"))))
  end
  return { kind = kind, in_use = in_use, steps = steps.steps, decisive = decisive, groups = found,
    verdict = verdict(kind, in_use, decisive, found) }
end

--- Why an IOMMU is used for DMA or not: of Intel and of AMD, each with its chain.
--- The chain of the one that this machine has comes first.
--- @param firmware table from iommu_units.firmware() @param drhds? table[] from iommu_units.drhds()
--- @return table[] chains {{ kind, in_use, steps = {{phase, question, ok, answer}}, decisive?, groups? (those of
---   shark.iommu.groups, of one in use), verdict }}
function M.chains(firmware, drhds)
  local text = cmdline.read()
  local intel = judge("Intel", intel_chain(firmware, text, drhds))
  local amd = judge("AMD", amd_chain(firmware, text))
  if amd.in_use or firmware.ivrs and not intel.in_use then
    return { amd, intel }
  end
  return { intel, amd }
end

return M
