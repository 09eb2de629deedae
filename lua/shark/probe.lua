--- Probes written in Lua: handlers are compiled to BPF in this process and run in the kernel.
--
-- docs/probes.md is the guide. What handlers count in is declared here, by its keys:
--   NAME, or NAME:TYPE with i64, u64, ptr, bool, text, text(64), stack, ustack;
--   comm is a text, stack and ustack are stacks, other names are numbers.
-- All of them take, last, a table of options:
--   entries  how many keys there is room for
--   name     what it is called where it is said what was lost; default: the variable's name
--   unit     "ns" or "bytes": how values are printed
--   value    "u64": values are unsigned (of sum, max, min, map)

local exact = require "shark.probe.exact"
local maps = require "shark.probe.maps"

local M = {}

-- ---- what an aggregate can do besides being counted in ----

local function reading()
  return require "shark.probe.reading"
end

local Aggregate = maps.methods

function Aggregate:read()
  return reading().read(self)
end

function Aggregate:since(row, before)
  return reading().since(self, row, before)
end

function Aggregate:key(row)
  return reading().key(self, row)
end

function Aggregate:clear()
  return reading().clear(self)
end

-- Those that only some kinds have; misuse raises where the script called.
local function only(kinds, name, call)
  Aggregate[name] = function(self, ...)
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
--- get(key, ...), set(key, ..., value) and delete(key, ...).
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

return M
