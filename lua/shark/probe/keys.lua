--- Keys of aggregates: what they are called, what they are made of, and how they lie in a map's key.
--
-- Numbers take 8 bytes, texts their size rounded up to 8, one after the other. A handler
-- stores 64 bits whatever they mean; what they mean is said here, for those who read.

local exact = require "shark.probe.exact"
local ffi = require "ffi"
local softirqs = require "shark.system.softirqs"

local ALIGN = 8

local M = {}

local TEXT_SIZE, MOST_TEXT = 16, 256

-- type -> { type in the handler, how it is read }
local TYPES = {
  i64 = { "i64", "i64" }, u64 = { "u64", "u64" }, ptr = { "u64", "u64" },
  comm = { "text", "text" }, text = { "text", "text" }, bool = { "i64", "bool" },
  tid = { "i64", "number" }, pid = { "i64", "number" }, cpu = { "i64", "number" }, uid = { "i64", "number" },
  stack = { "i64", "stack" }, ustack = { "i64", "stack" },
  irq = { "i64", "irq" }, vector = { "i64", "vector" }, softirq = { "i64", "softirq" },
}
local WRITTEN = "i64, u64, ptr, bool, text, text(64), stack, ustack, irq, vector, softirq"
-- A name that is no type.
local NUMBER = { "i64", "number" }

local function text_size(bytes, key)
  local size = tonumber(bytes)
  if size < 1 or size > MOST_TEXT then
    error(("key '%s': a text has 1 to %d bytes"):format(key, MOST_TEXT), 0)
  end
  return math.ceil(size / ALIGN) * ALIGN
end

--- Builtins that are keys by their own name.
M.BUILTINS = { "comm", "tid", "pid", "cpu", "uid", "stack", "ustack", "irq", "vector", "softirq" }

--- A key as it is written: "comm", "dev", "at:ptr", "text(64)", "file:text(64)".
--- @param key string @return table { name, type = "i64"|"u64"|"text", size, as }
function M.parse(key)
  if type(key) ~= "string" then
    error(("a key is a name, not a %s"):format(type(key)), 0)
  end
  local name, kind, bytes = key:match("^([%a_][%w_]*):?([%a_]*%d*)%(?(%d*)%)?$")
  local known = TYPES[kind ~= "" and kind or name]
  if not name or kind ~= "" and not known then
    error(("'%s' is no key: NAME, or NAME:TYPE with %s"):format(key, WRITTEN), 0)
  end
  known = known or NUMBER
  local is_text = known[1] == "text"
  if bytes ~= "" and not is_text then
    error(("key '%s': only texts have a size"):format(key), 0)
  end
  local size = is_text and (bytes ~= "" and text_size(bytes, key) or TEXT_SIZE) or 8
  local origin = kind ~= "" and kind or name
  return { name = name, type = known[1], size = size, as = known[2], user = origin == "ustack" or nil }
end

--- A list of keys, and the bytes they take; raises where two have one name.
--- @param list string[] @return table[] keys @return integer size
function M.list(list)
  local keys, size, seen = {}, 0, {}
  for i, text in ipairs(list) do
    local key = M.parse(text)
    if seen[key.name] then
      error(("two keys are named '%s': NAME:TYPE names them apart"):format(key.name), 0)
    end
    seen[key.name] = true
    keys[i], size = key, size + key.size
  end
  return keys, size
end

-- ---- what may be nil ----

--- What stands for nil in keys and events of irq(), vector() and softirq(): no number of theirs.
M.NONE = -1

local function same(value)
  return value
end

-- as -> what it is for scripts where it is not nil, and the other way round
local OPTIONAL = {
  irq = { shown = same, number = same },
  vector = { shown = same, number = same },
  softirq = {
    shown = softirqs.name_of,
    number = function(value) return type(value) == "string" and softirqs.number_of(value) or value end,
  },
}

--- Whether a key may be nil.
function M.is_optional(key)
  return OPTIONAL[key.as] ~= nil
end

--- What irq(), vector() or softirq() gave, for scripts: a number, a softirq's name, or nil.
--- @param as string "irq", "vector" or "softirq" @param number number @return number|string|nil
function M.shown(as, number)
  if number ~= M.NONE then
    return OPTIONAL[as].shown(number)
  end
end

-- ---- to and from bytes ----

--- A text as programs keep it: in so many bytes, up to the first zero.
--- @param at ffi.cdata* const char * @param size integer @return string
function M.text(at, size)
  return ffi.string(at, size):match("^[^%z]*")
end

local READERS = {
  text = function(at, key) return M.text(at, key.size) end,
  i64 = function(at) return ffi.cast("const int64_t *", at)[0] end,
  u64 = function(at) return ffi.cast("const uint64_t *", at)[0] end,
  number = function(at) return exact.number(ffi.cast("const int64_t *", at)[0]) end,
  bool = function(at) return ffi.cast("const int64_t *", at)[0] ~= 0 end,
  stack = function(at) return tonumber(ffi.cast("const int64_t *", at)[0]) end,
}
for as in pairs(OPTIONAL) do
  READERS[as] = READERS.number
end

--- The values of a key's bytes; a stack is its id, what may be nil its number.
--- @param keys table[] @param at ffi.cdata* const char *
--- @return any[] values in the order of the keys
function M.values(keys, at)
  local values = {}
  for i, key in ipairs(keys) do
    values[i] = READERS[key.as](at, key)
    at = at + key.size
  end
  return values
end

local function text_bytes(value, key)
  if type(value) ~= "string" then
    error(("key '%s' is a text, not a %s"):format(key.name, type(value)), 0)
  end
  local cut = value:sub(1, key.size - 1)
  return cut .. ("\0"):rep(key.size - #cut)
end

local function number_bytes(value, key)
  local optional = OPTIONAL[key.as]
  if type(value) == "boolean" then
    value = value and 1 or 0
  elseif optional then
    value = value == nil and M.NONE or optional.number(value)
  end
  return exact.bytes(value, ("key '%s'"):format(key.name))
end

--- The bytes of a key's values.
--- @param keys table[] @param values any[] @return string
function M.bytes(keys, values)
  local parts = {}
  for i, key in ipairs(keys) do
    parts[i] = (key.type == "text" and text_bytes or number_bytes)(values[i], key)
  end
  return table.concat(parts)
end

return M
