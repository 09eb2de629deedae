--- JSON as packaged scripts print it: 64-bit integers exact, numbers with all their digits,
-- fields in a known order, each once, and UTF-8 whatever the names hold.
--
--   print(json.encode(session:read()))        rows, their fields in the order of the reference
--   print(json.encode(event:copy()))          an event

local ffi = require "ffi"
local foreign = require "shark.text.foreign"

local M = {}

local DEEPEST = 64
-- From here on a whole number is written with an exponent: it has more digits than 64 bits give.
local MANY_DIGITS = 2 ^ 64

-- ---- numbers ----

local function integer(value)
  return (tostring(value):gsub("U?LL$", ""))
end

-- The fewest digits that give the number back.
local function fraction(value)
  for digits = 15, 16 do
    local text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then
      return text
    end
  end
  return ("%.17g"):format(value)
end

local function number(value)
  if value ~= value or value == math.huge or value == -math.huge then
    error(("no JSON for the number %s"):format(value), 0)
  elseif value == 0 then
    return "0"
  end
  return value == math.floor(value) and math.abs(value) <= MANY_DIGITS and ("%.0f"):format(value) or fraction(value)
end

local int64, uint64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"

local function cdata(value)
  if ffi.istype(int64, value) or ffi.istype(uint64, value) then
    return integer(value)
  end
  error(("no JSON for %s"):format(tostring(value)), 0)
end

-- ---- tables ----

local encode
local NONE = {}

local function is_list(value)
  local n = #value
  for key in pairs(value) do
    if type(key) ~= "number" or key < 1 or key > n or key ~= math.floor(key) then
      return false
    end
  end
  return true
end

local function list(value, order, depth)
  local parts = {}
  for i = 1, #value do
    parts[i] = encode(value[i], order, depth)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- Fields that the order does not name come last, by name; numbers before text.
local function less(a, b)
  if type(a) == type(b) then
    return a < b
  end
  return type(a) == "number"
end

local function keys_of(value, order)
  local keys, others, taken = {}, {}, {}
  for _, key in ipairs(order or NONE) do
    if rawget(value, key) ~= nil and not taken[key] then
      keys[#keys + 1], taken[key] = key, true
    end
  end
  for key in pairs(value) do
    if type(key) ~= "string" and type(key) ~= "number" then
      error(("no JSON for a field named by a %s"):format(type(key)), 0)
    elseif not taken[key] then
      others[#others + 1] = key
    end
  end
  table.sort(others, less)
  for _, key in ipairs(others) do
    keys[#keys + 1] = key
  end
  return keys
end

-- 1 and "1" are two fields in Lua, and would be one.
local function object(value, order, depth)
  local parts, names = {}, {}
  for i, key in ipairs(keys_of(value, order)) do
    local name = foreign.json(tostring(key))
    if names[name] then
      error(("two fields are named '%s'"):format(name), 0)
    end
    names[name] = true
    parts[i] = ('"%s":%s'):format(name, encode(value[key], order, depth))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- The mark of json.object().
local Object = {}

local function any_table(value, order, depth)
  local meta = getmetatable(value)
  if depth > DEEPEST then
    error("no JSON for a table that holds itself", 0)
  elseif meta and meta.__tojson then
    return meta.__tojson(value)
  end
  order = order or meta and meta.__order
  return (meta ~= Object and is_list(value) and list or object)(value, order, depth + 1)
end

-- LuaJIT's compiler loses errors, and ends of tables, where functions call each other to such depths.
jit.off(any_table)

-- ---- all ----

local ENCODERS = {
  ["nil"] = function() return "null" end,
  boolean = tostring,
  number = number,
  cdata = cdata,
  string = function(value) return '"' .. foreign.json(value) .. '"' end,
  table = any_table,
}

function encode(value, order, depth)
  local encoder = ENCODERS[type(value)]
  if not encoder then
    error(("no JSON for a %s"):format(type(value)), 0)
  end
  return encoder(value, order, depth)
end

--- JSON text of a value, on one line. Integers of 64 bits (FFI) are exact, other numbers as
--- exact as Lua has them. A byte of a text that is no UTF-8 becomes the characters \xNN, and
--- a backslash before what looks like that \x5c; an empty table is a list. Raises for what
--- JSON cannot say: not a number, infinity, functions, two fields of one name.
--- @param value any
--- @param order? string[] fields in this order, at every level, then the others, by name; without one, rows of
---   read() have their fields in the order of the reference
--- @return string
function M.encode(value, order)
  local ok, text = pcall(encode, value, order, 0)
  if not ok then
    error(text, 2)
  end
  return text
end

--- The value of a JSON text: objects and lists as tables, null as nil. Numbers are Lua's, whole ones exact up to 2^53.
--- @param text string
--- @return any value @return string? message where it is no JSON @return string? name of the error
function M.decode(text)
  if type(text) ~= "string" then
    error(("bad argument #1 to 'decode' (string expected, got %s)"):format(type(text)), 2)
  end
  local value, at, message = require("dkjson").decode(text, 1, nil, Object, nil)
  if not message and text:find("%S", at) then
    message = ("more than a value at byte %d"):format(text:find("%S", at))
  end
  if message then
    return nil, "no JSON: " .. message, "EBADMSG"
  end
  return value
end

-- ---- times ----

local Seconds = {}
Seconds.__index = Seconds

local BILLION = 1000000000LL

function Seconds:__tojson()
  return ("%s.%09d"):format(integer(self.ns / BILLION), tonumber(self.ns % BILLION))
end

--- A copy of a table that is written as an object also when it is empty.
--- @param fields table @return table
function M.object(fields)
  local copy = setmetatable({}, Object)
  for name, value in pairs(fields) do
    copy[name] = value
  end
  return copy
end

--- A time that is written as seconds with nine digits after the point, all of them exact.
--- @param ns integer|ffi.cdata* nanoseconds, 0 or more
function M.seconds(ns)
  return setmetatable({ ns = int64(ns) }, Seconds)
end

return M
