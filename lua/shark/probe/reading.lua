--- What aggregates have counted, as rows; and what scripts do to them besides.

local C = require "shark.events"

local exact = require "shark.probe.exact"
local ffi = require "ffi"
local hist = require "shark.hist"
local keys_of = require "shark.probe.keys"
local maps = require "shark.probe.maps"
local rows = require "shark.rows"
local stack = require "shark.stack"

local M = {}

local bytes = ffi.typeof "const char *"
local u64s = ffi.typeof "const uint64_t *"
local pairs_of_u64 = ffi.typeof "const struct { uint64_t value, n; } *"
local NR_BUCKETS = C.SHARK_HIST_BUCKETS

-- ---- values of all CPUs as one ----

local function added(at, n)
  local sum = 0ULL
  for i = 0, n - 1 do
    sum = sum + at[i]
  end
  return sum
end

local function number_of(agg, value)
  return exact.number(agg.value == "u64" and value or ffi.cast("int64_t", value))
end

-- The largest or least of the values that there are, nil if there is none, and how many there are.
local function extreme(agg, at, n)
  local list, found, count = ffi.cast(pairs_of_u64, at), 0ULL, 0ULL
  for i = 0, n - 1 do
    found = list[i].value > found and list[i].value or found
    count = count + list[i].n
  end
  local value = bit.bxor(found, ffi.cast("int64_t", maps.mask_of(agg)))
  return count > 0 and number_of(agg, value) or nil, exact.number(count)
end

-- kind -> what goes into a row of the values that CPUs have at an address
local FILL = {
  count = function(_, row, at, n)
    row.count = exact.number(added(at, n))
  end,
  sum = function(agg, row, at, n)
    row.total = number_of(agg, added(at, n))
  end,
  max = function(agg, row, at, n)
    row.max, row.count = extreme(agg, at, n)
  end,
  min = function(agg, row, at, n)
    row.min, row.count = extreme(agg, at, n)
  end,
  map = function(agg, row, at)
    row.value = number_of(agg, at[0])
  end,
}
FILL.var = FILL.map

local UNIT = { count = 8, sum = 8, max = 16, min = 16, map = 8, var = 8 }

-- ---- stacks ----

-- A map of stacks has the addresses of one, then zeroes.
local function addresses(text)
  local list, frames = ffi.cast(u64s, text), {}
  for i = 0, #text / 8 - 1 do
    if list[i] == 0 then
      break
    end
    frames[i + 1] = list[i]
  end
  return frames
end

--- The stack of a number that stack() or ustack() gave; nil if none was taken.
--- @param id integer @param user? boolean of the program, not of the kernel
--- @return shark.Stack?
function M.stack(id, user)
  local agg = user and maps.ustacks or maps.stacks
  local map = agg.made and agg.made[1]
  local text = map and id >= 0 and map:get(ffi.string(ffi.new("uint32_t[1]", id), 4))
  return text and stack.new(addresses(text)) or nil
end

-- ---- rows ----

-- Row and what it is sorted by.
local function entry_of(agg, at)
  local values, row = keys_of.values(agg.keys, at), {}
  for i, key in ipairs(agg.keys) do
    row[key.name] = values[i]
    if key.as == "stack" then
      row[key.name] = M.stack(values[i], key.user)
    elseif keys_of.is_optional(key) then
      row[key.name] = keys_of.shown(key.as, values[i])
    end
  end
  return { row = row, values = values }
end

local function rank(value)
  return type(value) == "boolean" and (value and 1 or 0) or value
end

local function is_before(a, b)
  for i, value in ipairs(a.values) do
    local left, right = rank(value), rank(b.values[i])
    if left ~= right then
      return left < right
    end
  end
  return false
end

local function rows_of(entries)
  table.sort(entries, is_before)
  for i, entry in ipairs(entries) do
    entries[i] = entry.row
  end
  return entries
end

local function each_of(agg, keys, values, n)
  local key_size, entries = agg.spec[1].key_size, {}
  local value_size = n > 0 and #values / n or 0
  for i = 0, n - 1 do
    local entry = entry_of(agg, ffi.cast(bytes, keys) + i * key_size)
    local at = ffi.cast(u64s, ffi.cast(bytes, values) + i * value_size)
    FILL[agg.kind](agg, entry.row, at, value_size / UNIT[agg.kind])
    entries[i + 1] = entry
  end
  return entries
end

-- The buckets of each key, in the order in which they come.
local function grouped(agg, keys, values, n)
  local key_size, groups, by_key = agg.spec[1].key_size, {}, {}
  local cpus = n > 0 and #values / n / 8 or 0
  for i = 0, n - 1 do
    local at = ffi.cast(bytes, keys) + i * key_size
    local text = ffi.string(at, agg.key_size)
    local group = by_key[text]
    if not group then
      group = entry_of(agg, at)
      groups[#groups + 1], by_key[text] = group, group
    end
    local bucket = tonumber(ffi.cast(u64s, at + agg.key_size)[0])
    group[#group + 1] = { bucket, added(ffi.cast(u64s, values) + i * cpus, cpus) }
  end
  return groups
end

local buckets = ffi.new("uint64_t[?]", maps.BUCKETS)

local function set_hist(row)
  row.hist = hist.new(buckets)
  row.count = row.hist:count()
end

local function hists_of(agg, keys, values, n)
  local groups = grouped(agg, keys, values, n)
  for _, group in ipairs(groups) do
    ffi.fill(buckets, ffi.sizeof(buckets))
    for _, bucket in ipairs(group) do
      if bucket[1] < NR_BUCKETS then
        buckets[bucket[1]] = bucket[2]
      end
    end
    set_hist(group.row)
  end
  return groups
end

local function read_keyed(agg)
  local keys, values, n = agg.made[1]:all()
  if not keys then
    return nil, values, n
  end
  return rows_of((agg.kind == "hist" and hists_of or each_of)(agg, keys, values, n))
end

local function memory_of(agg)
  local address, size = agg.made[1]:address()
  return ffi.cast("uint64_t *", address), tonumber(size)
end

-- Elements of the array; what is mapped ends with a page.
local function nr_elements(agg)
  return agg.spec[1].entries
end

local function plain_hist(agg, row)
  local at = memory_of(agg)
  ffi.fill(buckets, ffi.sizeof(buckets))
  for cpu = 0, nr_elements(agg) / maps.BUCKETS - 1 do
    for i = 0, NR_BUCKETS - 1 do
      buckets[i] = buckets[i] + at[cpu * maps.BUCKETS + i]
    end
  end
  set_hist(row)
end

local ZEROES = ffi.new("uint64_t[?]", 2)

local function read_plain(agg)
  local row = {}
  if not agg.made then
    if agg.kind == "hist" then
      row.hist, row.count = hist.new(), 0
    elseif agg.kind == "var" then
      row.value = M.value(agg)
    else
      FILL[agg.kind](agg, row, ffi.cast(u64s, ZEROES), 1)
    end
  elseif agg.kind == "hist" then
    plain_hist(agg, row)
  else
    FILL[agg.kind](agg, row, memory_of(agg), nr_elements(agg))
  end
  return { row }
end

--- What was counted so far: a table per key, in the order of the keys; without keys one table. Fields have
--- the keys' names; count, total, max, min, value and hist are what was counted. What a Lua
--- number holds exactly is one, all else is int64_t or uint64_t.
--- @return table[]? rows @return string? message @return string? name of the error
function M.read(agg)
  if #agg.keys > 0 and not agg.made then
    return {}
  end
  local list, message, name = (#agg.keys == 0 and read_plain or read_keyed)(agg)
  for _, row in ipairs(list or {}) do
    setmetatable(row, agg.row_type)
  end
  return list, message, name
end

local SUMS = { sums = { "count", "total" }, hists = { "hist" } }

--- What a row of read() has more than it had before; of max, min and value there is only what they are now.
--- @param row table @param before? table the same row then; nil: it was not there
--- @return table
function M.since(_, row, before)
  return rows.since(row, before, SUMS)
end

local function key_text(value)
  return getmetatable(value) and type(value) == "table" and value:folded() or tostring(value)
end

--- What tells a row of read() from the others: the same as long as the aggregate is there.
--- @return string
function M.key(agg, row)
  local parts = {}
  for i, key in ipairs(agg.keys) do
    parts[i] = key_text(row[key.name])
  end
  return table.concat(parts, "\0")
end

-- ---- changing ----

--- Forgets what was counted. Handlers count on: of what comes meanwhile, some may go, too.
--- @return true? ok @return string? message @return string? name of the error
function M.clear(agg)
  if not agg.made then
    return true
  elseif #agg.keys == 0 then
    ffi.fill(memory_of(agg), nr_elements(agg) * agg.spec[1].value_size)
    return true
  end
  local map, key_size = agg.made[1], agg.spec[1].key_size
  local keys, message, n = map:all()
  if not keys then
    return nil, message, n
  end
  for i = 0, n - 1 do
    map:delete(keys:sub(i * key_size + 1, (i + 1) * key_size))
  end
  return true
end

-- The key's bytes, and the one value that follows the keys where there is one.
local function split(agg, nr_values, ...)
  local nr, values = #agg.keys, { ... }
  if select("#", ...) ~= nr + nr_values then
    error(("a %s of %d key%s%s is wanted"):format(agg.kind, nr, nr == 1 and "" or "s",
      nr_values > 0 and ", and a value," or ""), 0)
  end
  return nr > 0 and keys_of.bytes(agg.keys, values) or "\0\0\0\0", values[nr + 1]
end

-- A map that a script fills before the first probe uses it.
local function map_of(agg)
  local list, message, name = agg:maps()
  return list and list[1], message, name
end

--- The value of a key; nil if there is none.
function M.get(agg, ...)
  local key = split(agg, 0, ...)
  local text = agg.made and agg.made[1]:get(key)
  return text and number_of(agg, ffi.cast(u64s, text)[0]) or nil
end

--- Sets the value of a key: set(key, ..., value).
--- @return true? ok @return string? message @return string? name of the error
function M.set(agg, ...)
  local key, value = split(agg, 1, ...)
  local map, message, name = map_of(agg)
  if not map then
    return nil, message, name
  end
  return map:set(key, exact.bytes(value, "the value"))
end

--- Takes a key away; it need not be there.
function M.delete(agg, ...)
  local key = split(agg, 0, ...)
  if agg.made then
    agg.made[1]:delete(key)
  end
end

-- ---- a variable ----

--- The value of a variable.
function M.value(agg)
  return number_of(agg, agg.made and memory_of(agg)[0] or ffi.cast("uint64_t", agg.initial))
end

--- Sets a variable, also while handlers run.
function M.assign(agg, value)
  local wanted = exact.signed(value, "the value")
  rawset(agg, "initial", wanted)
  if agg.made then
    memory_of(agg)[0] = wanted
  end
  return agg
end

return M
