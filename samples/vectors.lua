-- vectors: what each CPU's interrupt vectors are for, and how many are left
local cli = require "shark.cli"
local irq = require "shark.irq"
local irqmap = require "shark.irqmap"
local out = require "shark.text.out"
local rowtable = require "shark.rowtable"

local NAME = "vectors"

local parser = cli.parser(NAME, "The CPUs' interrupt vectors: used, free, kept for managed interrupts, the " ..
  "system's; from the kernel's vector_irq and irq_matrix.")
cli.options(parser, { "cpu", "sort", "top", "wide" })
parser:flag("--used", "List the vectors in use.")
parser:flag("--system", "List the system's own vectors.")
cli.options(parser, { "json" })
local options = parser:parse()

local found, why_not = irqmap.vectors()
if not found then
  cli.fail(NAME, why_not)
end

local function wanted_cpus()
  local list = {}
  for _, entry in ipairs(found.cpus) do
    if not options.cpu or entry.cpu == options.cpu then
      list[#list + 1] = entry
    end
  end
  if #list == 0 then
    cli.fail(NAME, ("CPU %d is not online"):format(options.cpu))
  end
  return list
end

found.cpus = wanted_cpus()

-- What was not read is no zero.
local function count_of(entry, state)
  return entry.counts[state] or not found.partial and 0 or nil
end

local function print_rows(columns, rows)
  local shown, left_out = cli.arranged(NAME, options, columns, rows)
  out.table(columns, shown, { left_out = left_out })
end

-- A column for each state a vector can be in; together they are all from 32 on.
local columns = {
  rowtable.CPU, { title = "USED", field = "used", most = true }, { title = "FREE", field = "free" },
  { title = "MANAGED-FREE", field = "managed_free", rank = 1 }, { title = "ALLOCATED", field = "allocated" },
  { title = "SYSTEM", field = "system", rank = 3 }, { title = "BEYOND", field = "beyond", rank = 4 },
  { title = "UNKNOWN", field = "unknown", rank = 2 },
}

-- The allocator's own count was read at another moment.
local function print_disagreement(entry)
  if entry.available and entry.available ~= count_of(entry, "free") then
    out.line("CPU %d: the allocator counts %d free vectors, its maps have %d: they changed while they were read",
      entry.cpu, entry.available, count_of(entry, "free"))
  end
end

local function print_allocator()
  out.line("allocator: vectors %d to %d, %d allocated, %d available, %d reserved for interrupts without a vector yet",
    found.first, found.last, found.allocated, found.available, found.reserved)
  if found.available < found.reserved then
    out.warn("TOO FEW: more vectors are promised than there are left")
  end
end

local function print_summary()
  local rows = {}
  for i, entry in ipairs(found.cpus) do
    rows[i] = {
      cpu = entry.cpu, used = count_of(entry, "used"), free = count_of(entry, "free"),
      managed_free = count_of(entry, "managed"), allocated = count_of(entry, "allocated"),
      system = count_of(entry, "system"), beyond = count_of(entry, "beyond"), unknown = count_of(entry, "unknown"),
    }
  end
  print_rows(columns, rows)
  for _, entry in ipairs(found.cpus) do
    print_disagreement(entry)
  end
  if not found.partial then
    print_allocator()
  end
end

local slot_columns = {
  rowtable.CPU, { title = "VECTOR", field = "vector", key = true }, rowtable.IRQ,
  { title = "STATE", field = "words", left = true, cut = true },
  { title = "ACTION", field = "actions", left = true, cut = true },
}

local QUIET = { free = true, system = true, beyond = true, exception = true }

local function print_used()
  local by_irq, rows = irq.interrupts() or {}, {}
  for _, entry in ipairs(found.cpus) do
    for _, slot in ipairs(entry.vectors) do
      if not QUIET[slot.state] then
        local line = by_irq[slot.irq or -1]
        slot.actions = line and table.concat(line.actions, ", ") or nil
        rows[#rows + 1] = slot
      end
    end
  end
  print_rows(slot_columns, rows)
end

local function print_system()
  if found.partial then
    return
  end
  print_rows({
    { title = "VECTOR", field = "vector", key = true },
    { title = "HANDLER", field = "handler", left = true, cut = true },
  }, found.system)
end

if options.json then
  out.json(found, { "first", "last", "allocated", "available", "reserved", "cpus", "cpu", "counts", "vectors",
    "vector", "state", "irq", "managed", "words", "system" })
elseif options.system then
  print_system()
elseif options.used then
  print_used()
else
  print_summary()
end
for _, missing in ipairs(not options.json and found.missing or {}) do
  out.line("missing: %s: %s", missing.what, missing.why)
end
