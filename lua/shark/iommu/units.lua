--- The IOMMUs of this machine: as the kernel keeps them, as /sys shows them, and
-- as the firmware described them.

local acpi = require "shark.system.acpi"
local files = require "shark.system.files"
local globals = require "shark.kernel.globals"
local irte = require "shark.decode.irte"
local iommu_amd = require "shark.iommu.amd"
local iommu_intel = require "shark.iommu.intel"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"
local register = require "shark.decode.register"
local system_iommu = require "shark.system.iommu"
local vtd = require "shark.decode.vtd"
local amdvi = require "shark.decode.amdvi"
local bytes = require "shark.decode.bytes"

local hex = register.hex

local M = {}

-- ---- kernel memory ----

-- Calls visit(object) for each entry of a list; nil and why not where it cannot be walked.
local function each(head, type, member, visit)
  local address, message, name = globals.address(head)
  if not address then
    return nil, message, name
  end
  return memory.attempt(function()
    for entry in k.list(head, type, member, 1024) do
      visit(entry)
    end
    return true
  end)
end

-- The devices of a unit's scope. The structure also has room for those not plugged in.
local function scope_of(unit)
  local list = {}
  for i = 0, math.min(unit.devices_cnt, 256) - 1 do
    local entry = unit.devices[i]
    list[#list + 1] = {
      source = ("%02x:%02x.%d"):format(entry.bus, math.floor(entry.devfn / 8), entry.devfn % 8),
      name = entry.dev and entry.dev.kobj.name,
    }
  end
  return list
end

local function drhd_of(unit)
  local iommu = unit.iommu
  return {
    object = hex(k.addressof(unit)), segment = unit.segment, reg_base = hex(unit.reg_base_addr),
    devices_cnt = unit.devices_cnt, devices = unit.devices and scope_of(unit) or {},
    include_all = unit.include_all == 1, ignored = unit.ignored == 1, gfx_dedicated = unit.gfx_dedicated == 1,
    iommu = iommu and iommu_intel.name_of(iommu),
  }
end

--- The DRHD units, as the kernel took them from the DMAR table.
--- @return table[]? units {{ object, segment, reg_base, devices_cnt, devices, include_all, ignored, iommu? }}
--- @return string? message @return string? name
function M.drhds()
  local list = {}
  local ok, message, name = each("dmar_drhd_units", "struct dmar_drhd_unit", "list", function(unit)
    list[#list + 1] = drhd_of(unit)
  end)
  if not ok then
    return nil, message, name
  end
  return list
end

-- Calls visit(struct intel_iommu, name) for each unit that has one.
function M.each_intel(visit)
  return each("dmar_drhd_units", "struct dmar_drhd_unit", "list", function(unit)
    if unit.iommu then
      visit(unit.iommu)
    end
  end)
end

-- Calls visit(struct amd_iommu) for each.
function M.each_amd(visit)
  return each("amd_iommu_list", "struct amd_iommu", "list", visit)
end

local function from_kernel(missing)
  local units = {}
  local intel, message = M.each_intel(function(iommu)
    units[#units + 1] = iommu_intel.unit(iommu, missing)
  end)
  local amd, why = M.each_amd(function(iommu)
    units[#units + 1] = iommu_amd.unit(iommu, missing)
  end)
  if not intel and not amd then
    return nil, message or why
  end
  return units
end

--- What is registered with the kernel's IOMMU layer: only what is in use.
--- @return table[]? devices {{ object, name?, ops }} @return string? message @return string? name
function M.registered()
  local list = {}
  local ok, message, name = each("iommu_device_list", "struct iommu_device", "list", function(device)
    list[#list + 1] = {
      object = hex(k.addressof(device)), name = device.dev and device.dev.kobj.name,
      ops = device.ops and k.symbol(k.addressof(device.ops)),
    }
  end)
  if not ok then
    return nil, message, name
  end
  return list
end

-- ---- /sys ----

local SYS = "/sys/class/iommu/"

local function number_of(path)
  local line = files.line(path)
  return line and memory.to_address("0x" .. line:gsub("^0x", ""))
end

-- /sys/class/iommu/dmar0/intel-iommu/{cap,ecap,address,version},
-- /sys/class/iommu/ivhd0/amd-iommu/{cap,features} (Documentation/ABI/testing).
local function from_sysfs(name)
  local intel, amd = SYS .. name .. "/intel-iommu/", SYS .. name .. "/amd-iommu/"
  if files.exists(intel .. "cap") then
    return {
      kind = "intel", name = name, reg_phys = hex(number_of(intel .. "address")),
      cap = vtd.cap(number_of(intel .. "cap")), ecap = vtd.ecap(number_of(intel .. "ecap")),
      version = files.line(intel .. "version"),
    }
  end
  local features = number_of(amd .. "features")
  return { kind = features and "amd" or "other", name = name, efr = features and amdvi.efr(features) or nil }
end

--- Names of the units that /sys shows: those in use.
M.names_in_sys = system_iommu.names

-- Devices whose DMA goes through a unit, as /sys shows them.
local function add_devices(units)
  for _, unit in ipairs(units) do
    unit.devices = system_iommu.devices(unit.name)
  end
  return units
end

--- The units: from kernel memory, or else from /sys.
--- @return table[] units see iommu_intel.unit() and iommu_amd.unit(); devices = PCI addresses, of units in use
--- @return table[] missing {{what, why}} @return string source
function M.read()
  local missing = {}
  local units, why = from_kernel(missing)
  if units then
    return add_devices(units), missing, "kernel memory"
  end
  units = {}
  for _, name in ipairs(M.names_in_sys()) do
    units[#units + 1] = from_sysfs(name)
  end
  return add_devices(units), { { what = "IOMMUs that are not in use, and live registers", why = why } }, "/sys"
end

-- ---- entries in use ----

local function add_entry(list, unit, index, entry, device)
  list[#list + 1] = { iommu = unit, index = index, device = device, entry = entry }
end

local function entries_of_intel(list, iommu)
  if not iommu.ir_table then
    return
  end
  local name, eim = iommu_intel.name_of(iommu), iommu_intel.eim(iommu)
  local text = iommu_intel.table_bytes(iommu)
  for index = 0, #text / 16 - 1 do
    local low = bytes.u64(text, index * 16)
    if low % 2 == 1 then
      add_entry(list, name, index, irte.intel(low, bytes.u64(text, index * 16 + 8), eim))
    end
  end
end

local function entries_of_amd(list, iommu)
  for device, entries in iommu_amd.tables(iommu) do
    for index, entry in pairs(entries) do
      add_entry(list, irte.unit_name("amd", iommu.index), index, entry, device)
    end
  end
end

--- All entries of all interrupt remapping tables that are present.
--- @return table[]? entries {{ iommu, index, device?, entry }} by unit, device and index
--- @return string? message @return string? name
function M.entries()
  local list = {}
  local ok, message, name = M.each_intel(function(iommu) entries_of_intel(list, iommu) end)
  if ok ~= nil or name == "ENOENT" then
    local amd, why, error_name = M.each_amd(function(iommu) entries_of_amd(list, iommu) end)
    if not amd and not ok then
      return nil, why, error_name
    end
  else
    return nil, message, name
  end
  table.sort(list, function(a, b)
    local x, y = a.iommu .. (a.device or ""), b.iommu .. (b.device or "")
    return x < y or x == y and a.index < b.index
  end)
  return list
end

--- The firmware's tables, decoded.
--- @return table firmware { dmar?, ivrs?, madt?, missing = { [signature] = {message, name} } }
function M.firmware()
  local firmware = { missing = {} }
  for field, signature in pairs { dmar = "DMAR", ivrs = "IVRS", madt = "APIC" } do
    local parsed, message, name = acpi.read(signature)
    firmware[field] = parsed
    firmware.missing[field] = not parsed and { message = message, name = name } or nil
  end
  return firmware
end

return M
