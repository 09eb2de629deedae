--- Code that counts: keys, elements that are made where there are none, histograms, extremes.
--
-- Nothing is added to a map's pointer: a bucket added to a value's address would be known precisely to the
-- verifier, with every constant it came from, and no two ways would ever be taken for one. It is a part of the key.

local compare = require "shark.probe.lower_compare"
local maps = require "shark.probe.maps"
local texts = require "shark.probe.lower_texts"
local values = require "shark.probe.values"

jit.off(true, true)

local M = {}

local LOOKUP, UPDATE, GET_CPU = 1, 2, 8
local NOEXIST = 1
local BUCKET_BITS = 9

-- ---- keys ----

--- Stores a number, a boolean or an address in eight bytes of the stack.
local function store_number(c, area, off, value)
  if value.k == "const" then
    local v = value.v
    if type(v) == "boolean" then
      v = v and 1 or 0
    end
    local whole, why = values.whole(v)
    whole = whole or c:refuse("%s", why)
    local imm = c:immediate(whole)
    c:store(area, off, 8, not imm and c:known(whole) or nil, imm)
  else
    local reg = value.reg
    if value.off and value.off ~= 0 then
      reg = c:alu("add", reg, nil, value.off)
    end
    c:store(area, off, 8, reg)
  end
end

local function is_in_place(keys, values_of)
  local value = values_of[1]
  return #keys == 1 and keys[1].type == "text" and value.k == "text" and value.off == 0 and value.size == keys[1].size
end

local function store_keys(c, agg, area, values_of)
  local off = 0
  for i, key in ipairs(agg.keys) do
    local value = values_of[i]
    if key.type == "text" then
      texts.store(c, texts.of(c, value), { area = area }, off, key.size)
    else
      store_number(c, area, off, value)
    end
    off = off + key.size
  end
  return off
end

local function key_size(agg)
  local size = 0
  for _, key in ipairs(agg.keys) do
    size = size + key.size
  end
  return size
end

--- The key as an argument of a helper.
local function key_of(c, agg, keys)
  if is_in_place(agg.keys, keys) then
    return { area = keys[1].area, off = 0 }
  end
  local area = c:buffer("key", key_size(agg))
  store_keys(c, agg, area, keys)
  return { area = area, off = 0 }
end

-- ---- elements in the kernel ----

--- The address of an element, 0 where there is none.
local function lookup(c, map, key)
  return c:call(LOOKUP, { { map = map }, key })
end

M.store_number, M.key_of, M.lookup = store_number, key_of, lookup

-- A value of zeroes, as an argument.
local function zeroes(c, size)
  local area = c:buffer("zero", size)
  for off = 0, size - 8, 8 do
    c:store(area, off, 8, nil, 0)
  end
  return { area = area, off = 0 }
end

-- Zeroes of 8 bytes lie in the control map.
local function zero(c, size)
  if size > 8 then
    return zeroes(c, size)
  end
  return { reg = c:map_value(c.maps.control, c.maps:constant(0)) }
end

-- Runs use(address) for the element of a key, which is made where there is none: look, else put zeroes there, look
-- again, else count the loss.
local function with_element(c, map, key, size, use)
  local behind = c.f:block()
  local at = c:reg()
  c:move(at, lookup(c, map, key))
  local there, missing = c:branch("ne", at, nil, 0)
  c.block = missing
  c:call(UPDATE, { { map = map }, key, zero(c, size), { imm = NOEXIST } })
  c:move(at, lookup(c, map, key))
  local made, lost = c:branch("ne", at, nil, 0)
  c.block = lost
  c:lose(map)
  c:jump(behind)
  c.f:emit(made, { op = "jump", to = there })
  c.block = there
  use(at)
  c:jump(behind)
  c.block = behind
end

-- Runs use(address) for an array's element, which is always there.
local function with_entry(c, map, index, use)
  local key = c:buffer("index", 8)
  c:store(key, 0, 4, index)
  local at = lookup(c, map, { area = key, off = 0 })
  local there, behind = c:branch("ne", at, nil, 0)
  c.block = there
  use(at)
  c:jump(behind)
  c.block = behind
end

local function cpu(c)
  return c.memo[GET_CPU] or c:remember(GET_CPU, c:call(GET_CPU, {}))
end

-- ---- histograms ----

--- The bucket of a number, as in shark.hist.
function M.bucket(c, value)
  return c:call_inline("bucket", { { reg = value } })
end

-- ---- add ----

-- A constant (a function that gives its register) is made where it is added: it need not outlive the lookup.
local function add_to(c, src)
  return function(at) c:add(at, 0, type(src) == "function" and src() or src) end
end

local function one(c)
  return function() return c:known(1) end
end

-- Runs use(address) for what an aggregate keeps for these keys; without keys each CPU has its own.
local function with_keys(c, agg, keys, size, use)
  local map = c.maps:index(agg, 1)
  if #agg.keys == 0 then
    with_entry(c, map, cpu(c), use)
  else
    with_element(c, map, key_of(c, agg, keys), size, use)
  end
end

local function count_in(c, agg, keys, src)
  with_keys(c, agg, keys, 8, add_to(c, src))
end

local function hist_in(c, agg, keys, value)
  local map, bucket = c.maps:index(agg, 1), M.bucket(c, value)
  local use = add_to(c, one(c))
  if #agg.keys == 0 then
    with_entry(c, map, c:alu("or", c:alu("lsh", cpu(c), nil, BUCKET_BITS), bucket), use)
    return
  end
  local size = key_size(agg)
  local area = c:buffer("key", size + 8)
  store_keys(c, agg, area, keys)
  c:store(area, size, 8, bucket)
  with_element(c, map, { area = area, off = 0 }, 8, use)
end

-- { value, n }: the value such that 0, which is there before the first, is below all others (maps.mask_of()).
local function keep_extreme(c, agg, value)
  local mask = maps.mask_of(agg)
  return function(at)
    local imm = c:immediate(mask)
    local ordered = mask == 0 and value or c:alu("xor", value, not imm and c:known(mask) or nil, imm)
    local arguments = { { reg = at }, { reg = ordered } }
    if c.context.swaps then
      local failed, fine = c:branch("ne", c:call_inline("raise", arguments), nil, 0)
      c.block = failed
      c:lose(c.maps:index(agg, 1))
      c:jump(fine)
      c.block = fine
    else
      c:call_inline("raise_unguarded", arguments)
    end
    c:add(at, 8, c:known(1))
  end
end

local function extreme_in(c, agg, keys, value)
  with_keys(c, agg, keys, 16, keep_extreme(c, agg, value))
end

local ADD = { count = count_in, sum = count_in, hist = hist_in, max = extreme_in, min = extreme_in }

local function amount(c, agg, arguments)
  local value = arguments[1]
  if #arguments > 1 then
    c:refuse("add() takes one number")
  elseif not value and agg.kind == "count" then
    return one(c)
  elseif not value or values.is_nil(value) then
    c:refuse("a %s: add(n) takes a number", agg.kind)
  elseif value.k ~= "num" and not (value.k == "const" and values.is_number(value.v)) then
    c:refuse("add() takes a number, not %s", values.name(value))
  end
  return c:number_reg(value, compare.is_unsigned(value))
end

--- agg[keys...]:add(n)
--- @param agg table @param keys table[] values @param arguments table[] values
function M.add(c, agg, keys, arguments)
  ADD[agg.kind](c, agg, keys, amount(c, agg, arguments))
end

return M
