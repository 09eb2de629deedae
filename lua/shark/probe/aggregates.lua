--- Code for aggregates: their elements and methods, and reading and writing maps; counting is in
-- shark.probe.counting. Where what lies is said in shark.probe.maps.

local context = require "shark.probe.context"
local counting = require "shark.probe.counting"
local keys_of = require "shark.probe.keys"
local texts = require "shark.probe.lower_texts"
local values = require "shark.probe.values"

jit.off(true, true)

local M = {}

local UPDATE, DELETE = 2, 3
local COUNTING = { count = true, sum = true, hist = true, max = true, min = true }

-- ---- elements ----

local function article(agg)
  return "a " .. agg.kind
end

local function is_number(value)
  return value.k == "num" or value.k == "bool" or value.k == "ptr"
    or value.k == "const" and (values.is_number(value.v) or type(value.v) == "boolean")
end

local function is_number_or_nil(value)
  return value.k == "maybe" and not value.bool or values.is_nil(value)
end

-- The key as it is stored.
local function check_key(c, agg, n, value)
  local key = agg.keys[n]
  local is_text = texts.is_text(c, value)
  if key.type == "text" and not is_text then
    c:refuse("the key %s is a text, not %s", key.name, values.name(value))
  elseif keys_of.is_optional(key) and is_number_or_nil(value) then
    return context.flat(c, value)
  elseif key.type ~= "text" and (is_text or not is_number(value)) then
    c:refuse("the key %s is a number, not %s%s", key.name, values.name(value),
      value.what and "; the types irq, vector and softirq may be nil" or "")
  end
  return value
end

local function method(c, agg, keys, name)
  if COUNTING[agg.kind] and name == "add" then
    return { k = "method", of = { k = "element", agg = agg, keys = keys }, name = name, line = c.line }
  elseif agg.kind == "map" and #agg.keys == 0 and (name == "get" or name == "set") then
    return { k = "method", of = { k = "element", agg = agg, keys = keys }, name = name, line = c.line }
  end
  c:refuse("%s has no method %s", article(agg), tostring(name))
end

local function further(keys, value)
  local list = {}
  for i, key in ipairs(keys) do
    list[i] = key
  end
  list[#list + 1] = value
  return list
end

local function is_name(value)
  return value.k == "const" and type(value.v) == "string"
end

--- agg[keys...][key]: an element, what a map has there, or a method.
function M.get(c, agg, keys, key)
  if #keys == #agg.keys or is_name(key) and key.v == "add" and COUNTING[agg.kind] then
    if is_name(key) and #keys == #agg.keys then
      return method(c, agg, keys, key.v)
    end
    c:refuse(#agg.keys == 0 and "%s without keys has no elements" or #keys == #agg.keys and "%s has no more keys"
      or "%s needs all its keys before :add()", article(agg))
  end
  local all = further(keys, check_key(c, agg, #keys + 1, key))
  if agg.kind == "map" and #all == #agg.keys then
    return M.read(c, agg, all)
  end
  return { k = "element", agg = agg, keys = all, line = c.line }
end

--- Calls a method of an element.
function M.call(c, value, arguments)
  local agg, keys = value.of.agg, value.of.keys
  if agg.kind == "map" then
    return value.name == "get" and M.read(c, agg, keys) or M.write(c, agg, keys, arguments[1] or values.NIL)
  end
  counting.add(c, agg, keys, arguments)
end

-- ---- maps ----

-- A map without a key is an array of one.
local function map_key(c, agg, keys)
  if #agg.keys > 0 then
    return counting.key_of(c, agg, keys)
  end
  local area = c:buffer("index", 8)
  c:store(area, 0, 4, nil, 0)
  return { area = area, off = 0 }
end

--- map[keys]: the number that is there, or nil.
function M.read(c, agg, keys)
  local at = counting.lookup(c, c.maps:index(agg, 1), map_key(c, agg, keys))
  local reg, present = c:reg(), c:reg()
  local there, missing = c:branch("ne", at, nil, 0)
  local behind = c.f:block()
  c.block = there
  c:load(8, at, 0, reg)
  c:unknown(1, present)
  c:jump(behind)
  c.block = missing
  c:unknown(0, reg)
  c:move(present, reg)
  c:jump(behind)
  c.block = behind
  return { k = "maybe", reg = reg, present = present, unsigned = agg.value == "u64", line = c.line }
end

local function update(c, map, key, value)
  local area = c:buffer("value", 8)
  counting.store_number(c, area, 0, value)
  local failed = c:call(UPDATE, { { map = map }, key, { area = area, off = 0 }, { imm = 0 } })
  local full, behind = c:branch("ne", failed, nil, 0)
  c.block = full
  c:lose(map)
  c:jump(behind)
  c.block = behind
end

local function is_value(value)
  return value.k == "num" or value.k == "const" and values.is_number(value.v)
    or value.k == "ptr" and value.type.kind ~= "array"
end

--- map[keys] = value; nil deletes.
function M.write(c, agg, keys, value)
  local map = c.maps:index(agg, 1)
  if values.is_nil(value) and #agg.keys > 0 then
    c:call(DELETE, { { map = map }, counting.key_of(c, agg, keys) })
  elseif is_value(value) then
    update(c, map, map_key(c, agg, keys), value)
  elseif value.k == "bool" or value.k == "const" and type(value.v) == "boolean" then
    c:refuse("a map has numbers, not booleans: write x and 1 or 0")
  else
    c:refuse("a map has numbers, not %s", values.name(value))
  end
end

--- agg[keys...][key] = value
function M.set(c, agg, keys, key, value)
  if agg.kind ~= "map" then
    c:refuse("%s cannot be assigned to%s", article(agg), COUNTING[agg.kind] and ": it has add()" or "")
  elseif #keys + 1 ~= #agg.keys then
    c:refuse("the map has %d key%s, not %d", #agg.keys, #agg.keys == 1 and "" or "s", #keys + 1)
  end
  M.write(c, agg, further(keys, check_key(c, agg, #keys + 1, key)), value)
end

--- var(): what the script set it to.
function M.read_var(c, agg)
  return c:number(c:load_map(c.maps:index(agg, 1), 0), agg.value == "u64")
end

return M
