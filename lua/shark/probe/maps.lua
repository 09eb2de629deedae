--- Aggregates: what handlers count in, and scripts read. Declaring one touches no kernel; its
-- maps are made when the first probe uses it, and all that use it share them.
--
-- Layout (what a handler's code does is in shark.probe.aggregates):
--   count, sum      no key: an array of a u64 for each CPU; by key: a per-CPU hash of u64
--   hist            no key: an array of a u64 for each CPU and bucket, index cpu << 9 | bucket;
--                   by key: a per-CPU hash whose key has the bucket as last part
--   max, min        like count, of { u64 value, u64 n }, the value by XOR with mask_of() an unsigned number of which
--                   the largest is kept
--   map             a hash of u64; no key: an array of one
--   var             an array of one u64
--   stack, ustack   a map of stacks, kept by the kernel

local core = require "shark.core.probe"
local cpus = require "shark.system.cpus"
local ffi = require "ffi"
local keys_of = require "shark.probe.keys"
local rows = require "shark.rows"

local M = {}

local SIGN = -0x7fffffffffffffffLL - 1

--- Buckets for each CPU in the array of a histogram: those of shark.hist, rounded up to a power of two.
M.BUCKETS = 512

-- Preallocated, so not more than most need: a hash of 4096 for each CPU takes 1 ms to make. Of a
-- histogram's entries, each key takes as many as it has buckets in use.
local ENTRIES, HIST_ENTRIES, STACK_ENTRIES = 4096, 8192, 8192
local MOST_ENTRIES = 2 ^ 24

--- @class shark.probe.Aggregate
local Aggregate = {}
--- What an aggregate can do; shark.probe adds reading.
M.methods = Aggregate

-- ---- what a kind's maps are ----

local function nr_cpus()
  local list, message = cpus.possible()
  return list and list[#list] + 1 or error(message, 0)
end

local function per_cpu_array(size, each)
  return function()
    return { type = "array", key_size = 4, value_size = size, entries = nr_cpus() * each, mmap = true }
  end
end

local function one()
  return { type = "array", key_size = 4, value_size = 8, entries = 1, mmap = true }
end

local function per_cpu_hash(size, further)
  return function(agg)
    return { type = "percpu_hash", key_size = agg.key_size + further, value_size = size, entries = agg.entries }
  end
end

local function most_frames()
  local file = io.open "/proc/sys/kernel/perf_event_max_stack"
  local n = file and file:read "*n"
  if file then
    file:close()
  end
  return math.min(core.STACK_DEPTH, n or core.STACK_DEPTH)
end

local function stacks()
  return { type = "stack_trace", key_size = 4, value_size = most_frames() * 8, entries = STACK_ENTRIES }
end

-- kind -> what its map is without a key, and by key
local KINDS = {
  count = { plain = per_cpu_array(8, 1), keyed = per_cpu_hash(8, 0), entries = ENTRIES },
  sum = { plain = per_cpu_array(8, 1), keyed = per_cpu_hash(8, 0), entries = ENTRIES },
  hist = { plain = per_cpu_array(8, M.BUCKETS), keyed = per_cpu_hash(8, 8), entries = HIST_ENTRIES },
  max = { plain = per_cpu_array(16, 1), keyed = per_cpu_hash(16, 0), entries = ENTRIES },
  min = { plain = per_cpu_array(16, 1), keyed = per_cpu_hash(16, 0), entries = ENTRIES },
  map = {
    plain = one,
    keyed = function(agg) return { type = "hash", key_size = agg.key_size, value_size = 8, entries = agg.entries } end,
    entries = ENTRIES,
  },
  var = { plain = one },
  stack = { plain = stacks },
  ustack = { plain = stacks },
}

-- ---- declaring ----

-- What rows have besides the keys.
local COUNTED = {
  count = { "count" }, sum = { "total" }, hist = { "hist", "count" }, max = { "max", "count" },
  min = { "min", "count" }, map = { "value" }, var = { "value" },
}

local function fields_of(agg)
  local fields = {}
  for i, key in ipairs(agg.keys) do
    fields[i] = key.name
  end
  for _, field in ipairs(COUNTED[agg.kind]) do
    fields[#fields + 1] = field
  end
  return fields
end

-- Fields that are made when they are asked for.
local LAZY = {
  row_type = function(agg) return rows.type(agg.name or agg.kind, fields_of(agg)) end,
  spec = function(agg)
    local kind = KINDS[agg.kind]
    return { (#agg.keys > 0 and kind.keyed or kind.plain)(agg) }
  end,
}

local function no_member(agg, name)
  error(("a %s has no '%s' outside of handlers; read() has what it counted"):format(agg.kind, tostring(name)), 3)
end

local meta = {
  __index = function(agg, name)
    local made = LAZY[name]
    if made then
      local value = made(agg)
      rawset(agg, name, value)
      return value
    end
    return Aggregate[name] or no_member(agg, name)
  end,
  __newindex = function(agg)
    error(("only handlers write into a %s; set() does outside of them"):format(agg.kind), 2)
  end,
}
--- Of all aggregates; shark.probe adds how they are printed.
M.meta = meta

--- Whether a value is an aggregate.
--- @return boolean
function M.is(value)
  return getmetatable(value) == meta
end

local function check_entries(entries)
  if type(entries) ~= "number" or entries < 1 or entries > MOST_ENTRIES or entries ~= math.floor(entries) then
    error(("entries is a whole number from 1 to %.0f"):format(MOST_ENTRIES), 0)
  end
  return entries
end

local OPTIONS = {
  entries = check_entries,
  name = function(name)
    return type(name) == "string" and name or error("a name is a text", 0)
  end,
  unit = function(unit)
    return (unit == "ns" or unit == "bytes") and unit or error("unit is \"ns\" or \"bytes\"", 0)
  end,
  value = function(value)
    return (value == "i64" or value == "u64") and value or error("value is \"i64\" or \"u64\"", 0)
  end,
}

local function checked(options)
  local taken = {}
  for name, value in pairs(options) do
    local check = OPTIONS[name]
    if not check then
      error(("there is no option '%s': entries, name, unit, value are"):format(tostring(name)), 0)
    end
    taken[name] = check(value)
  end
  return taken
end

local function check_names(kind, keys)
  for _, key in ipairs(keys) do
    for _, field in ipairs(COUNTED[kind] or {}) do
      if key.name == field then
        error(("a key cannot be named '%s': rows of a %s have what was counted there"):format(field, kind), 0)
      end
    end
  end
end

--- Makes an aggregate.
--- @param kind string @param key_list string[] @param options? table entries, name, unit, value
--- @return shark.probe.Aggregate
function M.new(kind, key_list, options)
  local taken = checked(options or {})
  local keys, size = keys_of.list(key_list)
  check_names(kind, keys)
  return setmetatable({
    kind = kind, keys = keys, key_size = size, entries = taken.entries or KINDS[kind].entries or false,
    name = taken.name or false, unit = taken.unit or false, value = taken.value or "i64",
    made = false, initial = false, was_read = false,
  }, meta)
end

-- ---- in the kernel ----

-- What the kernel takes for a name: 15 of these characters.
local function kernel_name(agg)
  return ((agg.name or agg.kind):gsub("[^%w_]", "_"):sub(1, 15))
end

local function make(agg)
  local list = {}
  for i, spec in ipairs(agg.spec) do
    local copy = { name = kernel_name(agg) }
    for field, value in pairs(spec) do
      copy[field] = value
    end
    local map, message, errname = core.map(copy)
    if not map then
      return nil, ("%s: %s"):format(M.label(agg), message), errname
    end
    list[i] = map
  end
  return list
end

local function set_initial(agg)
  if agg.initial then
    ffi.cast("int64_t *", (agg.made[1]:address()))[0] = agg.initial
  end
end

--- Its maps in the kernel, made now if they are not there yet.
--- @return table[]? maps @return string? message @return string? name of the error
function Aggregate:maps()
  if not self.made then
    local list, message, errname = make(self)
    if not list then
      return nil, message, errname
    end
    rawset(self, "made", list)
    set_initial(self)
  end
  return self.made
end

--- What values of max and min are combined with by XOR: their order is then that of unsigned numbers, largest first.
--- @return number|ffi.cdata* mask 0 where they are so already
function M.mask_of(agg)
  local unsigned = agg.value == "u64"
  if agg.kind == "max" then
    return unsigned and 0 or SIGN
  end
  return unsigned and -1 or -1LL - SIGN
end

--- How it is called, for people: the name it was given, or that of the variable.
--- @return string
function M.label(agg)
  return agg.name or "a " .. agg.kind
end

--- Gives it a name where the script gave it none.
function M.name_it(agg, name)
  if not agg.name then
    rawset(agg, "name", name)
  end
end

--- The stacks that handlers take, the kernel's and those of programs: their numbers are keys and fields, so
--- all sessions share them.
M.stacks = M.new("stack", {}, { name = "stacks" })
M.ustacks = M.new("ustack", {}, { name = "ustacks" })

return M
