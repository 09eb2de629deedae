-- iommu: which IOMMUs there are, which devices each is for, and why they are used or not
local acpi_text = require "shark.text.acpi"
local chain_text = require "shark.text.chain"
local cli = require "shark.cli"
local iommu = require "shark.iommu"
local out = require "shark.text.out"
local plain = require "shark.text.plain"
local tree = require "shark.text.tree"

local NAME = "iommu"

local parser = cli.parser(NAME, "The IOMMUs: units, their registers and devices, what the firmware's tables say, " ..
  "and which switch decided whether they translate DMA, for each group.")
parser:flag("--tables", "Print the ACPI tables DMAR and IVRS, decoded.")
cli.options(parser, { "json", "wide" })
local options = parser:parse()

-- ---- reading ----

local function read()
  local firmware = iommu.firmware()
  local drhds, why_drhds = iommu.drhds()
  local registered, why_registered = iommu.registered()
  local units, missing, source = iommu.units()
  if not drhds then
    table.insert(missing, { what = "dmar_drhd_units", why = why_drhds })
  end
  if not registered then
    table.insert(missing, { what = "iommu_device_list", why = why_registered })
  end
  return {
    chains = iommu.chains(firmware, drhds), units = units, source = source, drhd_units = drhds,
    registered = registered, dmar = firmware.dmar, ivrs = firmware.ivrs, missing = missing, firmware = firmware,
  }
end

local found = read()

-- ---- text ----

local function print_chains()
  for _, entry in ipairs(found.chains) do
    out.line("%s", entry.verdict)
    out.lines(chain_text.lines(entry.steps, entry.decisive))
  end
end

local function print_units()
  out.line("\n%d unit%s (%s)", #found.units, #found.units == 1 and "" or "s", found.source)
  for _, unit in ipairs(found.units) do
    local top = tree.node("")
    local branch = tree.add_iommu(top, unit)
    tree.add(branch, #unit.devices > 0 and "devices: " .. table.concat(unit.devices, " ")
      or "/sys knows no device of it: it translates no DMA")
    out.lines(tree.text(branch))
  end
end

local function drhd_line(unit)
  return ("  %s segment %d, registers at %s, %d device%s in scope%s%s, iommu %s"):format(unit.object, unit.segment,
    unit.reg_base, unit.devices_cnt, unit.devices_cnt == 1 and "" or "s", unit.include_all and ", all others too" or "",
    unit.ignored and ", IGNORED" or "", unit.iommu or "none")
end

local function print_drhds()
  if not found.drhd_units or #found.drhd_units == 0 then
    return
  end
  out.line("\ndmar_drhd_units")
  for _, unit in ipairs(found.drhd_units) do
    out.line("%s", drhd_line(unit))
    for _, device in ipairs(unit.devices) do
      out.line("    %s %s", device.source, device.name or "(not plugged in)")
    end
  end
end

local function print_registered()
  if not found.registered then
    return
  end
  out.line("\niommu_device_list%s", #found.registered == 0 and ": empty, no IOMMU is in use" or "")
  for _, device in ipairs(found.registered) do
    out.line("  %s %s, ops %s", device.object, device.name or "?", device.ops or "?")
  end
end

local function print_tables()
  for _, name in ipairs { "dmar", "ivrs" } do
    local missing = found.firmware.missing[name]
    out.lines(found[name] and acpi_text[name](found[name]) or { missing.message })
  end
end

-- The groups of the IOMMU that is in use: what happens to their devices' DMA.
local function print_groups()
  for _, entry in ipairs(found.chains) do
    for i, group in ipairs(entry.groups or {}) do
      out.line(i == 1 and "\ngroup %d: %s: %s" or "group %d: %s: %s", group.id, group.words,
        table.concat(group.devices, " "))
    end
  end
end

local function print_text()
  print_chains()
  print_groups()
  print_units()
  print_drhds()
  print_registered()
  for _, missing in ipairs(found.missing) do
    out.line("missing: %s: %s", missing.what, missing.why)
  end
end

if options.json then
  found.firmware = nil
  out.json(plain(found), { "chains", "kind", "verdict", "in_use", "steps", "phase", "question", "ok", "answer",
    "decisive", "groups", "id", "type",
    "units", "name", "devices", "drhd_units", "registered", "dmar", "ivrs", "missing" })
elseif options.tables then
  print_tables()
else
  print_text()
end
