--- Probes written in Lua: handlers are compiled to BPF in this process and run in the kernel.
--
-- docs/probes.md is the guide. What handlers count in is declared here, by its keys:
--   NAME, or NAME:TYPE with i64, u64, ptr, bool, text, text(64), stack, ustack, irq, vector, softirq;
--   comm is a text, stack and ustack are stacks, irq, vector and softirq may be nil, other names are numbers.
-- All of them take, last, a table of options:
--   entries  how many keys there is room for
--   name     what it is called where it is said what was lost; default: the variable's name
--   unit     "ns" or "bytes": how values are printed
--   value    "u64": values are unsigned (of sum, max, min, map)

local builtins = require "shark.probe.builtins"
local exact = require "shark.probe.exact"
local maps = require "shark.probe.maps"

local M = {}

-- ---- what an aggregate can do besides being counted in ----

local function reading()
  return require "shark.probe.reading"
end

local Aggregate = maps.methods

-- Misuse raises where the script called.
local function check_self(self, name)
  if not maps.is(self) then
    error(("%s() is a method: n:%s(), not n.%s()"):format(name, name, name), 3)
  end
end

local function check_row(row, name)
  if type(row) ~= "table" then
    error(("%s() takes a row of read(), not a %s"):format(name, type(row)), 3)
  end
end

function Aggregate:read()
  check_self(self, "read")
  rawset(self, "was_read", true)
  return reading().read(self)
end

function Aggregate:since(row, before)
  check_self(self, "since")
  check_row(row, "since")
  return reading().since(self, row, before)
end

function Aggregate:key(row)
  check_self(self, "key")
  check_row(row, "key")
  return reading().key(self, row)
end

function Aggregate:clear()
  check_self(self, "clear")
  return reading().clear(self)
end

-- Those that only some kinds have.
local function only(kinds, name, call)
  Aggregate[name] = function(self, ...)
    check_self(self, name)
    if not kinds[self.kind] then
      error(("a %s has no %s()"):format(self.kind, name), 2)
    end
    local function refuse(message)
      return tostring(message)
    end
    local ok, value, message, errname = xpcall(call, refuse, self, ...)
    return ok and value or not ok and error(value, 2) or value, message, errname
  end
end

local MAPS, VARS = { map = true }, { var = true }

only(MAPS, "delete", function(...) return reading().delete(...) end)
only({ map = true, var = true }, "get", function(self, ...)
  return (self.kind == "var" and reading().value or reading().get)(self, ...)
end)
only({ map = true, var = true }, "set", function(self, ...)
  return (self.kind == "var" and reading().assign or reading().set)(self, ...)
end)

function maps.meta.__call(self)
  if not VARS[self.kind] then
    error(("a %s cannot be called"):format(self.kind), 2)
  end
  return reading().value(self)
end

function maps.meta.__tostring(self)
  rawset(self, "was_read", true)
  return require("shark.probe.printing").text(self)
end

-- ---- declaring ----

-- The functions below end in a call of this, so level 2 is who called them.
local function declared(kind, ...)
  local list, options = { ... }, nil
  if type(list[#list]) == "table" then
    options = table.remove(list)
  end
  local ok, agg = pcall(maps.new, kind, list, options)
  return ok and agg or error(("probe.%s: %s"):format(kind, agg), 2)
end

--- Counts by key: n[comm()]:add(), or n:add() without keys; add(3) counts three.
--- @param ... string|table keys, then options @return shark.probe.Aggregate
function M.count(...)
  return declared("count", ...)
end

--- Sums by key: total[comm()]:add(bytes).
--- @param ... string|table keys, then options @return shark.probe.Aggregate
function M.sum(...)
  return declared("sum", ...)
end

--- Histograms by key, of eight buckets for each power of two: bytes[comm()]:add(n).
--- @param ... string|table keys, then options @return shark.probe.Aggregate
function M.hist(...)
  return declared("hist", ...)
end

--- The largest values by key: big[comm()]:add(n).
--- @param ... string|table keys, then options @return shark.probe.Aggregate
function M.max(...)
  return declared("max", ...)
end

--- The smallest values by key: small[comm()]:add(n).
--- @param ... string|table keys, then options @return shark.probe.Aggregate
function M.min(...)
  return declared("min", ...)
end

local VALUES = { i64 = "i64", u64 = "u64", ptr = "u64" }

--- A map of numbers that handlers read and write: started[tid()] = now(), and = nil to delete. Scripts have
--- get(key, ...), set(key, ..., value) and delete(key, ...). Without keys it is one number, with get() and set(value)
--- in handlers, too.
--- @param ... string|table keys, then the type of the values: "i64", "u64", "ptr"; then options
--- @return shark.probe.Aggregate
function M.map(...)
  local list, options = { ... }, {}
  if type(list[#list]) == "table" then
    options = table.remove(list)
  end
  local kind = VALUES[table.remove(list)]
  if not kind then
    error("probe.map: the last is the type of the values: i64, u64, ptr", 2)
  end
  local copy = { value = kind }
  for name, value in pairs(options) do
    copy[name] = value
  end
  list[#list + 1] = copy
  return declared("map", unpack(list))
end

--- A number that handlers read and scripts change while they run: limit() is its value, limit:set(8192) changes it.
--- @param initial? integer default 0 @return shark.probe.Aggregate
function M.var(initial)
  local ok, value = pcall(exact.signed, initial or 0, "probe.var")
  if not ok then
    error(value, 2)
  end
  local is_unsigned = type(initial) == "cdata" and tostring(initial):find "ULL"
  local agg = maps.new("var", {}, { value = is_unsigned and "u64" or "i64" })
  rawset(agg, "initial", value)
  return agg
end

-- ---- probes ----

local function check_probe(function_name, name, handler)
  local names = require "shark.probe.names"
  local ok, message = pcall(names.parse, name)
  if not ok then
    error(message, 4)
  elseif type(handler) ~= "function" then
    error(("%s: the handler of %s is a function, not a %s"):format(function_name, name, type(handler)), 4)
  elseif debug.getinfo(handler, "S").what == "C" then
    error(("%s: the handler of %s is a function of C; only Lua can be compiled"):format(function_name, name), 4)
  end
end

local function checked_options(function_name, options)
  if type(options) ~= "table" then
    error(("%s: the options are a table, not a %s"):format(function_name, type(options)), 4)
  end
  for option, value in pairs(options) do
    if option ~= "ring_bytes" then
      error(("%s: there is no option '%s': ring_bytes is"):format(function_name, tostring(option)), 4)
    elseif type(value) ~= "number" or value < 4096 or value > 2 ^ 30 or math.frexp(value) ~= 0.5 then
      error(("%s: ring_bytes is a power of two from 4096 on"):format(function_name), 4)
    end
  end
  return options
end

local function open(function_name, list, options)
  for _, pair in ipairs(list) do
    if type(pair) ~= "table" then
      error(("%s: a list of { name, handler } is wanted"):format(function_name), 3)
    end
    check_probe(function_name, pair[1], pair[2])
  end
  return require("shark.probe.session").open(list, checked_options(function_name, options == nil and {} or options))
end

--- Attaches a handler: what it counts in can be read from now on, and what it sends with emit { } comes to
--- session:on(). It runs until session:close(), or the end of the run.
---
--- Names: "sched_switch" a tracepoint with its arguments; "sched:sched_switch" the same as a record; "vfs_read()" the
--- entry of a function, "return vfs_read()" its return, whose handler gets the result first; patterns of these, as
--- "vfs_*()"; "uprobe:BINARY:FUNCTION", "uretprobe:...", "usdt:BINARY:PROVIDER:NAME", "profile:99", "interval:1s". A
--- way before the name pins that one: "raw_tp:sched_switch", "kprobe:vfs_read()".
--- @param name string @param handler function @param options? table ring_bytes: room for what emit sends
--- @return shark.probe.Session? session @return string? message @return string? errname; raises for a handler
---   that cannot be compiled, with its file and line
function M.on(name, handler, options)
  local session, message, errname = open("probe.on", { { name, handler } }, options)
  return session, message, errname
end

--- Attaches several, all or none: probe.session { {"vfs_read()", entry}, {"return vfs_read()", left} }.
--- @param list table[] { {name, handler}, ... } @param options? table as on() has them
--- @return shark.probe.Session? session @return string? message @return string? errname
function M.session(list, options)
  if type(list) ~= "table" or type(list[1]) ~= "table" then
    error("probe.session: a list of { name, handler } is wanted", 2)
  end
  local session, message, errname = open("probe.session", list, options)
  return session, message, errname
end

--- The names that a pattern matches, as handlers can be attached to them: "block_*", "vfs_*()",
--- "syscalls:sys_enter_*".
--- @param pattern string @return string[]? names @return string? message @return string? errname
function M.names(pattern)
  local names, points = require "shark.probe.names", require "shark.probe.points"
  local ok, target = pcall(names.parse, pattern)
  if not ok then
    error(target, 2)
  end
  local targets, message, errname = points.matching(target)
  if not targets then
    return nil, message, errname
  end
  local list = {}
  for i, one in ipairs(targets) do
    list[i] = points.name_of(one)
  end
  return list
end

--- What handlers of a probe are given, by the best way that can be told of here.
--- @param name string @return table? asked { name, way, arguments = { { name, type = as in C, members } } }; of a
---   record, the one argument's members are its fields
--- @return string? message @return string? errname
function M.describe(name)
  local names = require "shark.probe.names"
  local ok, target = pcall(names.parse, name)
  if not ok then
    error(target, 2)
  end
  return require("shark.probe.describe").of(target)
end

-- In handlers, these are answered when the handler is compiled; their docstrings are in shark.probe.builtins.

--- In a handler: whether what x is (or points to) has this member on the running kernel.
M.has = builtins.has

--- In a handler: x as pointer to another type, "struct NAME".
M.cast = builtins.cast

return M
