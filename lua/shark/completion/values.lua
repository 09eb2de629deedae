--- What this machine has for each kind of value that an option takes: the word its help has for it, as in "-i IRQ".

local cpus = require "shark.system.cpus"
local files = require "shark.system.files"
local interrupts = require "shark.system.interrupts"
local softirqs = require "shark.system.softirqs"

local M = {}

local LISTENS = "0A" -- TCP_LISTEN, include/net/tcp_states.h

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

-- Those that a service listens at here, or that somebody is connected to.
local function ports()
  local set = {}
  for _, path in ipairs { "/proc/net/tcp", "/proc/net/tcp6" } do
    for here, there, state in (files.text(path) or ""):gmatch ":(%x+) %x+:(%x+) (%x+) " do
      set[tostring(tonumber(state == LISTENS and here or there, 16))] = true
    end
  end
  return sorted(set)
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

-- What a script prints of a probe, or reckons with: its arguments, and what handlers know besides.
local function fields(_, _, arguments)
  local list = { unpack(require("shark.probe.keys").BUILTINS) }
  local ok, asked = pcall(require("shark.probe").describe, arguments.PROBE or "")
  for _, argument in ipairs(ok and asked and asked.arguments or {}) do
    list[#list + 1] = argument.name
  end
  return list
end

-- In small letters, too, as the scripts take them.
local function columns(typed, script)
  local list = require("shark.manual").columns(script)
  for i, title in ipairs(list) do
    list[i] = typed:find "%l" and title:lower() or title
  end
  return list
end

local KINDS = {
  IRQ = irqs,
  CPU = function() return as_texts(cpus.online()) end,
  DISK = function() return require("shark.system.virtio").disk_names() end,
  SOFTIRQ = softirqs.names,
  OP = function() return require("shark.virtblk").OPERATIONS end,
  PID = processes,
  UID = users,
  PROBE = probes,
  SCRIPT = function() return require("shark.manual").names() end,
  COLUMN = columns,
  KEY = function() return require("shark.probe.keys").BUILTINS end,
  FIELD = fields,
  PORT = ports,
  VECTOR = function() return as_texts(require("shark.system.vectors").numbers()) end,
}

--- What there is of a kind; none where nothing is known of it.
--- @param kind string "IRQ" @param typed string what it begins with so far @param script string whose option it is
--- @param arguments table<string, string> what the line has before it of the script's arguments, by their kind
--- @return string[]
function M.of(kind, typed, script, arguments)
  return KINDS[kind] and KINDS[kind](typed, script, arguments) or {}
end

return M
