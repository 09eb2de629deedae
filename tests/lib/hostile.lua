--- Gives everything that others name a hostile name: run by shark -e before a
--- packaged script, whose data are the machine's otherwise.
local M = {}

--- Appended to names: sets a terminal's title, turns text, ends a line, breaks UTF-8, and
--- quotes in every format.
M.SUFFIX = "\27]0;pwn\7\155\226\128\174<&\"'\\\nINJECTED\255"

-- Fields that hold names from the kernel, from firmware or from devices.
local NAMES = {}
for _, name in ipairs { "name", "chip", "flow", "driver", "handler", "thread_fn", "thread", "handle_irq", "chip_symbol",
  "domain", "ops", "symbol", "oem", "oem_table", "features", "actions", "devices", "bus", "virtio" } do
  NAMES[name] = true
end

local function is_names(list)
  return type(list) == "table" and #list > 0 and type(list[1]) == "string"
end

local function taint(value, done, kept)
  if type(value) ~= "table" or done[value] then
    return value
  end
  done[value] = true
  for key, field in pairs(value) do
    if key == kept then
      value[key] = field
    elseif NAMES[key] and type(field) == "string" then
      value[key] = field .. M.SUFFIX
    elseif NAMES[key] and is_names(field) then
      value[key] = { field[1] .. M.SUFFIX, unpack(field, 2) }
    else
      taint(field, done, kept)
    end
  end
  return value
end

-- kept: a field whose text decides what is done
local function wrap(module, name, kept)
  local real = module[name]
  module[name] = function(...)
    local results = { n = select("#", ...), real(...) }
    return taint(results[1], {}, kept), unpack(results, 2, table.maxn(results))
  end
end

local function wrap_text(module, name)
  local real = module[name]
  module[name] = function(...)
    local text = real(...)
    if type(text) ~= "string" then
      return text, select(2, real(...))
    end
    return text .. M.SUFFIX, select(2, real(...))
  end
end

-- Names in records end with a zero; what has a length is other memory.
local function wrap_records()
  local ffi = require "ffi"
  local real = ffi.string
  ffi.string = function(from, size)
    return size and real(from, size) or real(from) .. M.SUFFIX
  end
end

--- From here on.
--- @param symbols boolean of the kernel too; by them the map of an interrupt tells its levels apart
function M.start(symbols)
  wrap_records()
  if symbols then
    wrap_text(shark, "symbol")
  end
  wrap_text(require "shark.probe.keys", "text")
  wrap_text(require "shark.system.virtio", "disk_name")
  wrap(require "shark.system.virtio", "disks")
  wrap(require "shark.system.interrupts", "read", "chip")
  for module, names in pairs {
    ["shark.irqmap"] = { "describe", "describe_all", "describe_vector" }, ["shark.remap"] = { "state", "entries" },
    ["shark.iommu.units"] = { "read", "drhds", "registered" }, ["shark.map.vectors"] = { "read" },
  } do
    for _, name in ipairs(names) do
      wrap(require(module), name)
    end
  end
  -- The names of structures in tables are the decoders' own.
  wrap(require "shark.iommu.units", "firmware", "name")
end

return M
