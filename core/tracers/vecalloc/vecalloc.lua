--- The vector allocator; shark.irq has the documentation.

local bit = require "bit"
local C = require "shark.events"
local ffi = require "ffi"
local meaning = require "shark.trace.meaning"
local session = require "shark.trace.session"

local M = {}

-- By SHARK_VECTOR_CONFIG, ... (core/tracers/vecalloc/wire.h).
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
  return unless_none(tonumber(row.key[C.SHARK_VECALLOC_ON_CPU]) - 1)
end

local function failed(row)
  return not has_matrix(row.id) and tonumber(row.tally[C.SHARK_VECALLOC_FAILED]) or nil
end

local function left(field)
  return function(row)
    return has_matrix(row.id) and ffi.cast(matrix_pointer, row.tally)[field] or nil
  end
end

local function left_of_cpu(field)
  local get = left(field)
  return function(row)
    return cpu_of(row) and get(row)
  end
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
  call = "irq.vecalloc",
  class = "Vecalloc",
  title = "Vector allocator",
  about = "The vector allocator: which IRQ gets, moves or gives back which vector of which CPU, and how many " ..
    "vectors are left.",
  source = "tracepoints irq_vectors:vector_* (arch/x86/kernel/apic/vector.c) and irq_matrix:* (kernel/irq/matrix.c)",
  event = "struct shark_vecalloc_event",
  rows = { -- no two rows mean the same
    { "what", "name of the tracepoint", key = true, from = function(row) return NAMES[row.id] end, type = "string" },
    { "on_cpu", "the CPU that the vector is of; nil: the tracepoint does not tell", key = true, from = cpu_of,
      type = "integer?" },
    { "cpu", "where it was done", key = true },
    { "count", "how often", sum = "add" },
    { "last_ns", "the last time, CLOCK_MONOTONIC", sum = "max", unit = "ns" },
    { "failed", "of vector_*: there was no vector, or no memory", from = failed, sum = "add", type = "integer?" },
    { "available", "of irq_matrix_*, what it left: vectors of on_cpu that are free", from = left_of_cpu "available",
      type = "integer?" },
    { "allocated", "... that are taken", from = left_of_cpu "allocated", type = "integer?" },
    { "managed", "... that are kept for managed IRQs", from = left_of_cpu "managed", type = "integer?" },
    { "managed_allocated", "... and of these, taken by them", from = left_of_cpu "managed_allocated",
      type = "integer?" },
    { "global_available", "vectors of all CPUs that are free", from = left "global_available", type = "integer?" },
    { "global_reserved", "... promised to IRQs that are not requested yet", from = left "global_reserved",
      type = "integer?" },
    { "total_allocated", "... that are taken", from = left "total_allocated", type = "integer?" },
    { "online_maps", "CPUs that take part", from = left "online_maps", type = "integer?" },
  },
  -- What takes a vector comes just before the vector_* that it is part of, irq_matrix_free just after it.
  events = {
    { "ts_ns", "when it was done, CLOCK_MONOTONIC", unit = "ns" },
    { "name", "name of the tracepoint", type = "string", from = function(_, event) return NAMES[event.what] end },
    { "irq", "the IRQ; -1: irq_matrix_* do not tell" },
    { "vector", "the vector; -1: none, or not told" },
    { "on_cpu", "the CPU that it is of; -1: none, or not told" },
    { "prev_vector", "the one before; -1: none, or not told" },
    { "prev_cpu", "its CPU; -1: none, or not told" },
    { "apicdest", "APIC id or mask, of vector_config" },
    { "ret", "0 or a negative errno" },
    { "flag_names", '"managed", "reserved", "can reserve", "legacy", with commas', type = "string",
      from = flag_names },
    { "matrix", "of irq_matrix_*: what it left, with the fields that rows have", type = "ffi.cdata*|table" },
    { "cpu", "where it was done" },
    { "pid", "the thread that did it, or was interrupted by it" },
    { "task", "its name", type = "string", from = meaning.task_of },
    { "stack", "for session:stack(); negative: none" },
  },
  methods = { cpus = cpus },
}

--- Name of the tracepoint of an event's `what`.
function M.name_of(what)
  return NAMES[what]
end

M.open = kind.open

return M
