--- What every CPU's vectors are for: vector_irq and the allocator's bit maps.
-- Source: arch/x86/kernel/apic/vector.c, kernel/irq/matrix.c.

local bytes = require "shark.decode.bytes"
local cpulist = require "shark.decode.cpulist"
local cpus = require "shark.system.cpus"
local idt = require "shark.map.idt"
local globals = require "shark.kernel.globals"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"
local must = require "shark.kernel.must"
local progress = require "shark.text.progress"
local register = require "shark.decode.register"

local M = {}

local NR_VECTORS = 256
local FIRST_EXTERNAL = 0x20 -- FIRST_EXTERNAL_VECTOR
local ROW = "unsigned long [256]"

-- What a slot of vector_irq holds besides descriptors (hw_irq.h).
local UNUSED, SHUTDOWN, RETRIGGERED = 0ULL, -1ULL, -2ULL

-- ---- the allocator ----

-- A bit map as 256 booleans: an array in the struct, or since 6.11 a pointer.
local function bitmap(object, field)
  local map = object[field]
  local text = must(k.read(k.addressof(map), NR_VECTORS / 8))
  local set = {}
  for vector = 0, NR_VECTORS - 1 do
    set[vector] = register.bits(bytes.u8(text, math.floor(vector / 8)), vector % 8) == 1
  end
  return set
end

local COUNTS = { "available", "allocated", "managed", "managed_allocated" }

local function copy_counts(into, from)
  for _, name in ipairs(COUNTS) do
    into[name] = from[name]
  end
  return into
end

local function cpu_map(matrix, cpu)
  local map = must(k.copy(must(globals.per_cpu(matrix.maps, cpu))))
  return copy_counts({ allocated_map = bitmap(map, "alloc_map"), managed_map = bitmap(map, "managed_map") }, map)
end

local function matrix_object()
  local pointer = must(globals.variable("vector_matrix", "struct irq_matrix *"))
  return must(pointer:value(), "no vector allocator is set up")
end

local function read_matrix()
  local matrix = matrix_object()
  local found = { system_map = bitmap(matrix, "system_map"), object = matrix }
  for _, name in ipairs { "alloc_start", "alloc_end", "global_available", "global_reserved", "total_allocated",
    "online_maps", "systembits_inalloc" } do
    found[name] = matrix[name]
  end
  return found
end

-- ---- one slot ----

-- irq_desc -> its IRQ, or nil for what is none any more.
local function irq_of(address)
  local desc = k.cast("struct irq_desc", address)
  local irq = desc and memory.attempt(function() return desc.irq_data.irq end)
  return type(irq) == "number" and k.irq_desc(irq) == desc and irq or nil
end

local WORDS = {
  exception = "exception of the CPU", free = "free", system = "the system's own",
  beyond = "of the system's range, not in use: the allocator does not give it away",
  managed = "kept free for a managed interrupt", allocated = "allocated, its interrupt is not set up on it",
  used = "in use", unknown = "holds what is no descriptor (any more)",
}

-- The last interrupt's mark in a slot that is free again.
local MARKS = {
  [tostring(SHUTDOWN)] = ", its last interrupt was shut down",
  [tostring(RETRIGGERED)] = ", its last interrupt was retriggered",
}

-- Free is what matrix_alloc_area() would give: in the allocator's range, in none of
-- its maps. What the slot holds does not matter then.
local function state_without_irq(vector, matrix, map)
  if vector < FIRST_EXTERNAL then
    return "exception"
  elseif matrix.system_map[vector] then
    return "system"
  elseif vector < matrix.alloc_start or vector >= matrix.alloc_end then
    return "beyond"
  elseif map.allocated_map[vector] then
    return "allocated"
  end
  return map.managed_map[vector] and "managed" or "free"
end

local function state_of(vector, entry, matrix, map)
  if vector >= FIRST_EXTERNAL and entry ~= UNUSED and entry ~= SHUTDOWN and entry ~= RETRIGGERED then
    return "used"
  end
  return state_without_irq(vector, matrix, map)
end

local function slot_of(cpu, vector, entry, matrix, map)
  local slot = { cpu = cpu, vector = vector, state = state_of(vector, entry, matrix, map) }
  if slot.state == "used" then
    slot.irq = irq_of(entry)
    slot.state = slot.irq and "used" or "unknown"
    slot.managed = map.managed_map[vector] or nil
  end
  local mark = vector >= FIRST_EXTERNAL and MARKS[tostring(entry)] or ""
  slot.words = WORDS[slot.state] .. mark .. (slot.irq and (", IRQ %d"):format(slot.irq) or "")
    .. (slot.managed and ", managed" or "")
  return slot
end

local function row_of(cpu)
  local row = must(globals.per_cpu("vector_irq", cpu, ROW))
  local text, entries = must(k.read(k.addressof(row), NR_VECTORS * 8)), {}
  for vector = 0, NR_VECTORS - 1 do
    entries[vector] = bytes.u64(text, vector * 8)
  end
  return entries
end

local function check_cpu(cpu)
  if not cpulist.contains(must(cpus.online()), { cpu }) then
    memory.fault(("CPU %d is not online"):format(cpu), "ENOENT")
  end
end

--- What one CPU does with one vector.
--- @param cpu integer @param vector integer 0 to 255
--- @return table? slot { cpu, vector, state = "exception"|"system"|"beyond"|"used"|"managed"|"allocated"|"free"|
---   "unknown", irq?, managed?, idt?, words } @return string? message @return string? name
function M.slot(cpu, vector)
  return memory.attempt(function()
    check_cpu(cpu)
    local matrix = read_matrix()
    local slot = slot_of(cpu, vector, row_of(cpu)[vector], matrix, cpu_map(matrix.object, cpu))
    local gate = idt.entry(vector)
    slot.idt = gate and gate.words
    return slot
  end)
end

-- ---- all of them ----

local function read_cpu(cpu, matrix)
  local map, entries, slots = cpu_map(matrix.object, cpu), row_of(cpu), {}
  local counts = {}
  for vector = 0, NR_VECTORS - 1 do
    local slot = slot_of(cpu, vector, entries[vector], matrix, map)
    slots[#slots + 1] = slot
    counts[slot.state] = (counts[slot.state] or 0) + 1
  end
  return copy_counts({ cpu = cpu, counts = counts, vectors = slots }, map)
end

-- The system's vectors and the code that their IDT entries lead to; the IDT is
-- the same for all CPUs. Legacy interrupts are among them (vectors of IRQ 0 to 15
-- that the allocator shall not give away).
local function system_vectors(matrix)
  local list = {}
  for vector = FIRST_EXTERNAL, NR_VECTORS - 1 do
    if matrix.system_map[vector] then
      local gate = idt.entry(vector)
      local symbol = gate and gate.symbol
      list[#list + 1] = { vector = vector, handler = symbol and (symbol:find("^irq_entries_start")
        and "common_interrupt (legacy)" or symbol:gsub("^asm_", "")) or nil }
    end
  end
  return list
end

--- The vectors of all CPUs that are online.
---
--- counts.free is what the allocator can give of a CPU's vectors; `available` is its
--- own count of them, read at another moment. `reserved` is how many
--- interrupts were promised a vector that they do not have yet (global).
--- @return table? vectors { cpus = {{ cpu, available, allocated, managed, managed_allocated, counts = {[state] = n},
---   vectors = {slot...} }}, system = {{vector, handler}}, available, reserved, allocated, first, last }
--- @return string? message @return string? name
function M.read()
  return memory.attempt(memory.look, function()
    local matrix = read_matrix()
    local found = {
      available = matrix.global_available, reserved = matrix.global_reserved, allocated = matrix.total_allocated,
      first = matrix.alloc_start, last = matrix.alloc_end - 1, system = system_vectors(matrix), cpus = {},
      missing = idt.not_used() and { { what = "handlers of the system's vectors", why = idt.not_used() } } or nil,
    }
    local online = must(cpus.online())
    for i, cpu in ipairs(online) do
      progress.tell("CPUs", i, #online)
      table.insert(found.cpus, read_cpu(cpu, matrix))
    end
    return found
  end)
end

--- The allocator's own counts, without a look at any vector.
--- @return table? left { cpus = {{ cpu, available, allocated, managed, managed_allocated }}, available, reserved,
---   allocated } @return string? message @return string? name
function M.left()
  return memory.attempt(memory.look, function()
    local matrix, list = must(k.copy(matrix_object())), {}
    for cpu, map in pairs(must(globals.per_cpu_each(matrix.maps, must(cpus.online())))) do
      list[#list + 1] = copy_counts({ cpu = cpu }, map)
    end
    table.sort(list, function(one, other) return one.cpu < other.cpu end)
    return { cpus = list, available = matrix.global_available, reserved = matrix.global_reserved,
      allocated = matrix.total_allocated }
  end)
end

-- ---- where the kernel's variables cannot be looked up ----

--- The vectors that are known from the interrupts that have them. What the other
--- vectors are for is not known then.
--- @param maps shark.IrqMap[]
--- @return table? vectors { partial = true, cpus = {{ cpu, counts = {used}, vectors = {slot...} }} }
--- @return string? message @return string? name
function M.of_irqs(maps)
  local found, by_cpu = { partial = true, cpus = {} }, {}
  for _, map in ipairs(maps) do
    local vector = map.vector
    if vector then
      by_cpu[vector.cpu] = by_cpu[vector.cpu] or {}
      table.insert(by_cpu[vector.cpu], { cpu = vector.cpu, vector = vector.number, state = "used", irq = map.irq,
        words = ("in use, IRQ %d"):format(map.irq) })
    end
  end
  for cpu, slots in pairs(by_cpu) do
    table.sort(slots, function(one, other) return one.vector < other.vector end)
    table.insert(found.cpus, { cpu = cpu, counts = { used = #slots }, vectors = slots })
  end
  table.sort(found.cpus, function(one, other) return one.cpu < other.cpu end)
  if #found.cpus == 0 then
    return nil, "no interrupt's vector could be read", "ENOTSUP"
  end
  return found
end

return M
