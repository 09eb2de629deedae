--- What this machine has for each kind of value that an option takes: the word its help has for it, as in "-i IRQ".

local cpus = require "shark.system.cpus"
local files = require "shark.system.files"
local interrupts = require "shark.system.interrupts"
local softirqs = require "shark.system.softirqs"

local M = {}

-- ---- lists ----

local function numbers_first(a, b)
  local x, y = tonumber(a), tonumber(b)
  if x and y then
    return x < y
  elseif not x and not y then
    return a < b
  end
  return x ~= nil
end

-- Each once, in order.
local function sorted(set)
  local list = {}
  for text in pairs(set) do
    list[#list + 1] = text
  end
  table.sort(list, numbers_first)
  return list
end

local function as_texts(numbers)
  local list = {}
  for i, number in ipairs(numbers or {}) do
    list[i] = tostring(number)
  end
  return list
end

-- ---- kinds ----

-- Numbers, and the names of actions: an option that takes numbers only refuses the latter.
local function irqs()
  local set = {}
  for number, irq in pairs(interrupts.read() or {}) do
    set[tostring(number)] = true
    for _, action in ipairs(irq.actions) do
      set[action] = true
    end
  end
  return sorted(set)
end

local function disks()
  local list = {}
  for i, disk in ipairs(require("shark.system.virtio").disks()) do
    list[i] = disk.device
  end
  return list
end

local function processes()
  local set = {}
  for _, name in ipairs(files.names "/proc") do
    set[name] = name:find "^%d+$" and true or nil
  end
  return sorted(set)
end

local function users()
  local set = {}
  for uid in (files.text "/etc/passwd" or ""):gmatch "[^:\n]*:[^:\n]*:(%d+):[^\n]*" do
    set[uid] = true
  end
  return sorted(set)
end

-- A pattern that matches too many is refused: then more has to be typed.
local function matching(pattern)
  local ok, names = pcall(require("shark.probe").names, pattern)
  return ok and names or {}
end

local function probes(typed)
  local list = matching(typed .. "*")
  for _, name in ipairs(typed:find "[:)]" and {} or matching(typed .. "*()")) do
    list[#list + 1] = name
  end
  return list
end

local KINDS = {
  IRQ = irqs,
  CPU = function() return as_texts(cpus.online()) end,
  DISK = disks,
  SOFTIRQ = softirqs.names,
  OP = function() return require("shark.virtblk").OPERATIONS end,
  PID = processes,
  UID = users,
  PROBE = probes,
  SCRIPT = function() return require("shark.manual").names() end,
  COLUMN = function(_, script) return require("shark.manual").columns(script) end,
  KEY = function() return require("shark.probe.keys").BUILTINS end,
}

--- What there is of a kind; none where nothing is known of it.
--- @param kind string "IRQ" @param typed string what it begins with so far @param script string whose option it is
--- @return string[]
function M.of(kind, typed, script)
  return KINDS[kind] and KINDS[kind](typed, script) or {}
end

return M
