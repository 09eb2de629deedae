--- Interrupt pipelines: whether this kernel has one (I-pipe, Dovetail), its domains or stages, and every interrupt
--- that it knows.

local M = {}

-- Which symbols tell of a pipeline. Some kernels list functions only.
local KINDS = {
  { kind = "I-pipe", symbols = { "ipipe_register_head", "ipipe_root", "ipipe_head_domain", "ipipe_percpu",
    "__ipipe_virtual_irq_map" } },
  { kind = "Dovetail", symbols = { "enable_oob_stage", "inband_stage", "oob_stage", "irq_pipeline",
    "synthetic_irq_domain", "sipic_domain" } },
}

-- ENOENT is an answer; anything else is true of all names.
local function look_for(kind, looked_for)
  local globals = require "shark.kernel.globals"
  local any = false
  for _, symbol in ipairs(kind.symbols) do
    local address, message, name = globals.address(symbol)
    if not address and name ~= "ENOENT" then
      return nil, message, name
    end
    looked_for[#looked_for + 1] = { symbol = symbol, of = kind.kind, found = address ~= nil }
    any = any or address ~= nil
  end
  return any
end

local function find()
  local looked_for, found = {}, nil
  for _, kind in ipairs(KINDS) do
    local any, message, name = look_for(kind, looked_for)
    if any == nil then
      return nil, message, name
    end
    found = found or any and kind.kind or nil
  end
  return { kind = found, looked_for = looked_for }
end

local function reader_of(kind)
  return kind == "I-pipe" and require "shark.pipeline.ipipe" or require "shark.pipeline.dovetail"
end

-- The version of I-pipe is a number in its code, which it prints.
local function release()
  local globals, memory = require "shark.kernel.globals", require "shark.kernel.memory"
  return memory.attempt(function()
    local names = globals.get("init_uts_ns", "struct uts_namespace")
    return names and names.name.release or nil
  end), require("shark.system.files").line "/proc/ipipe/version"
end

--- Is there an interrupt pipeline?
--- @return table? found { kind = "I-pipe", "Dovetail" or nil: none, looked_for = {{ symbol, of, found }} }
--- @return string? message why the kernel's symbols cannot be looked up @return string? name
function M.find()
  return find()
end

--- The pipeline, its domains or stages, and every interrupt that it knows, once for each in which it is handled
--- or waits.
--- @return shark.Pipeline? found with kind nil where there is no pipeline
--- @return string? message @return string? name
function M.read()
  local found, message, name = find()
  if not found or not found.kind then
    return found, message, name
  end
  local cpus
  cpus, message, name = require("shark.system.cpus").online()
  if not cpus then
    return nil, message, name
  end
  local all
  all, message, name = require("shark.kernel.memory").attempt(reader_of(found.kind).read, cpus)
  if not all then
    return nil, message, name
  end
  all.looked_for = found.looked_for
  all.release, all.version = release()
  return all
end

-- CPUs where an entry of a row says so: "0,2-3".
local function cpus_where(row, field)
  local cpus = {}
  for _, entry in ipairs(row and row.cpus or {}) do
    cpus[#cpus + 1] = entry[field] and entry.cpu or nil
  end
  return require("shark.decode.cpulist").format(cpus)
end

--- On which CPUs an interrupt is pending, held or stray (logged, but no word above leads there).
--- @param row table of read().interrupts @param field "pending"|"held"|"stray"
--- @return string cpus "0,2-3"; "" for none
function M.cpus(row, field)
  return cpus_where(row, field)
end

local function keyed(rows)
  local known = {}
  for _, row in ipairs(rows) do
    known[row.irq .. " " .. row.role] = row
  end
  return known
end

local WAITING = { "pending", "held", "stray" }

-- Counters of 32 bits begin again: what came since is then all that is there.
local function change_of(old, row)
  local hits, before = row.hits, old and old.hits or 0
  local change = { irq = row.irq, stage = row.stage, role = row.role, kind = row.kind, handler = row.handler,
    own = row.own, hits = hits >= before and hits - before or hits }
  local changed = change.hits > 0
  for _, field in ipairs(WAITING) do
    change[field] = cpus_where(row, field)
    changed = changed or change[field] ~= cpus_where(old, field)
  end
  return changed and change or nil
end

--- What changed between two readings: the interrupts that came, or wait otherwise than before.
--- @param before shark.Pipeline @param now shark.Pipeline
--- @return table[] changes {{ irq, stage, role, kind, handler, own, hits = that came since, pending, held, stray =
---   CPUs now: "0,2-3" }}
function M.changes(before, now)
  local old, new, changes = keyed(before.interrupts), keyed(now.interrupts), {}
  for _, row in ipairs(now.interrupts) do
    changes[#changes + 1] = change_of(old[row.irq .. " " .. row.role], row)
  end
  for key, row in pairs(old) do -- it waits no more where it did
    changes[#changes + 1] = not new[key] and change_of(row, setmetatable({ cpus = {}, hits = row.hits },
      { __index = row })) or nil
  end
  return require("shark.pipeline.log").in_order(changes)
end

return M
