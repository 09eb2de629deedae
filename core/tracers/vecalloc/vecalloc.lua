--- The vector allocator; shark.irq has the documentation.

local bit = require "bit"
local C = require "shark.events"
local ffi = require "ffi"
local session = require "shark.trace.session"

local M = {}

-- In the order of the enum in core/events.h.
local NAMES = {
  [0] = "vector_config", "vector_update", "vector_clear", "vector_reserve_managed", "vector_reserve",
  "vector_alloc", "vector_alloc_managed", "vector_activate", "vector_deactivate", "vector_teardown",
  "vector_setup", "vector_free_moved",
  "irq_matrix_online", "irq_matrix_offline", "irq_matrix_reserve", "irq_matrix_remove_reserved",
  "irq_matrix_assign_system", "irq_matrix_alloc_reserved", "irq_matrix_reserve_managed",
  "irq_matrix_remove_managed", "irq_matrix_alloc_managed", "irq_matrix_assign", "irq_matrix_alloc",
  "irq_matrix_free",
}

local FLAGS = {
  { C.SHARK_IS_MANAGED, "managed" }, { C.SHARK_IS_RESERVED, "reserved" },
  { C.SHARK_CAN_RESERVE, "can reserve" }, { C.SHARK_IS_LEGACY, "legacy" },
}

local PER_CPU = { "available", "allocated", "managed", "managed_allocated" }
local GLOBAL = { "global_available", "global_reserved", "total_allocated", "online_maps" }

local matrix_pointer = ffi.typeof("const struct shark_matrix *")

local function unless_none(number)
  return number ~= C.SHARK_NONE and number or nil
end

local function has_matrix(what)
  return what >= C.SHARK_MATRIX_ONLINE
end

-- Of which CPU a row is: its key is that plus 1.
local function cpu_of(row)
  return unless_none(tonumber(row.key[0]) - 1)
end

local function decode(row)
  local decoded = {
    what = NAMES[row.id], cpu = row.cpu, on_cpu = cpu_of(row), count = tonumber(row.count),
    last_ns = tonumber(row.max_ns), failed = not has_matrix(row.id) and tonumber(row.tally[0]) or nil,
  }
  if has_matrix(row.id) then
    local matrix = ffi.cast(matrix_pointer, row.tally)
    for _, field in ipairs(decoded.on_cpu and PER_CPU or {}) do
      decoded[field] = matrix[field]
    end
    for _, field in ipairs(GLOBAL) do
      decoded[field] = matrix[field]
    end
  end
  return decoded
end

-- ---- the state of each CPU ----

local function copy(into, row, fields)
  for _, field in ipairs(fields) do
    into[field] = row[field]
  end
end

-- What the newest of the rows says, of each CPU and of all.
local function newest(rows)
  local by_cpu, last = {}, {}
  for _, row in ipairs(rows) do
    if row.global_available and row.last_ns > (last.last_ns or 0) then
      last = row
    end
    local known = by_cpu[row.on_cpu]
    if row.available and (not known or row.last_ns > known.last_ns) then
      by_cpu[row.on_cpu] = row
    end
  end
  return by_cpu, last
end

--- What the vectors of each CPU came to, as far as events told since the start:
--- a CPU whose vectors did not change is not in it.
--- @return table[] cpus by number: { cpu, available, allocated, managed, managed_allocated, last_ns }
--- @return table all { global_available, global_reserved, total_allocated, online_maps }, empty
---   before the first event
local function cpus(self)
  local by_cpu, last = newest(self:read())
  local list, all = {}, {}
  for number, row in pairs(by_cpu) do
    local entry = { cpu = number, last_ns = row.last_ns }
    copy(entry, row, PER_CPU)
    list[#list + 1] = entry
  end
  table.sort(list, function(a, b) return a.cpu < b.cpu end)
  copy(all, last, GLOBAL)
  return list, all
end

-- ---- events ----

local function flag_names(_, event)
  local list = {}
  for _, flag in ipairs(FLAGS) do
    if bit.band(event.flags, flag[1]) ~= 0 then
      list[#list + 1] = flag[2]
    end
  end
  return table.concat(list, ", ")
end

local kind = session.define {
  provider = "vecalloc",
  event = "struct shark_vecalloc_event",
  decode = decode,
  by = { "what", "on_cpu", "cpu" }, -- no two rows mean the same
  hidden = { "what", "flags" },
  fields = {
    name = function(_, event) return NAMES[event.what] end,
    task = function(_, event) return ffi.string(event.comm) end,
    flag_names = flag_names,
  },
  methods = { cpus = cpus },
}

--- Name of the tracepoint of an event's `what`.
function M.name_of(what)
  return NAMES[what]
end

function M.open(options)
  return session.open(kind, options)
end

return M
