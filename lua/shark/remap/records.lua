--- Events of the traces of shark.remap.trace and irq.vecalloc as records that
--- outlive them, for JSON, and as lines of text.

local fmt = require "shark.fmt"
local irte_trace = require "shark.tracers.irte"

local M = {}

-- include/uapi/asm-generic/errno-base.h, those of the vector allocator.
local ERRORS = { [-12] = "ENOMEM", [-16] = "EBUSY", [-22] = "EINVAL", [-28] = "ENOSPC", [-17] = "EEXIST" }

local function error_of(ret)
  return ret < 0 and (ERRORS[ret] or tostring(ret)) or nil
end

local function unless_none(number)
  return number >= 0 and number or nil
end

local function asker(event)
  return event.pid ~= 0 and { pid = event.pid, task = event.task } or { pid = 0, task = event.task }
end

-- ---- records ----

local PER_CPU = { "available", "allocated", "managed", "managed_allocated" }
local GLOBAL = { "global_available", "global_reserved", "total_allocated", "online_maps" }

local function copy(into, from, fields)
  for _, field in ipairs(fields) do
    into[field] = from[field]
  end
end

--- @return table record { kind = "vector", name = tracepoint, irq, vector, on_cpu, prev_vector, prev_cpu, error, flags,
---   and of irq_matrix_* what is left }
function M.vector(event)
  local record = {
    kind = "vector", name = event.name, irq = unless_none(event.irq), vector = unless_none(event.vector),
    on_cpu = unless_none(event.on_cpu), prev_vector = unless_none(event.prev_vector),
    prev_cpu = unless_none(event.prev_cpu), error = error_of(event.ret), cpu = event.cpu, by = asker(event),
    flags = event.flag_names ~= "" and event.flag_names or nil,
    apicdest = event.name == "vector_config" and event.apicdest or nil,
  }
  if record.name:find("^irq_matrix") then
    copy(record, event.matrix, record.on_cpu and PER_CPU or {})
    copy(record, event.matrix, GLOBAL)
  end
  return record
end

-- Without the addresses of posted entries, which are in raw.
local ENTRY = { "present", "format", "vector", "dest", "dest_mode", "delivery", "trigger", "source", "cpus", "raw" }

local function entry_record(entry)
  if not entry then
    return nil
  end
  local record = { text = irte_trace.brief(entry) }
  copy(record, entry, ENTRY)
  return record
end

--- @return table record { kind = "irte", irq, unit, device, index, why, before, after, ns, flush_ns, flushes, error }
function M.irte(event)
  local before, after = entry_record(event.before), entry_record(event.after)
  return {
    kind = "irte", irq = unless_none(event.irq), unit = event.unit_name, device = event.device_name,
    index = event.index, why = event.reason, before = before, after = after, entries = event.entries,
    changed = before and (event.old[0] ~= event.now[0] or event.old[1] ~= event.now[1]) or nil,
    ns = not event.no_time and tonumber(event.ns) or nil,
    flush_ns = not event.no_time and event.flushes > 0 and tonumber(event.flush_ns) or nil,
    flushes = event.flushes, error = error_of(event.ret), cpu = event.cpu, by = asker(event),
  }
end

--- @return table record { kind = "affinity", what, irq, cpus, was_on, is_on, pending, wait_ns, ns, error }
function M.affinity(event)
  return {
    kind = "affinity", what = event.name, irq = event.irq, cpus = event.cpus, was_on = unless_none(event.was_on),
    is_on = unless_none(event.is_on), pending = event.pending, was_pending = event.was_pending,
    ask_unseen = event.ask_unseen or nil, wait_ns = event.name == "moved" and not event.ask_unseen
      and tonumber(event.wait_ns) or nil,
    ns = tonumber(event.ns), error = error_of(event.ret), cpu = event.cpu, by = asker(event),
  }
end

--- @return table record { kind = "fault", unit, source, what, reason, address, index, access, pasid, raw, more }
function M.fault(event)
  local record = event.decoded
  record.kind, record.cpu, record.more = "fault", event.cpu, event.lost == 1 or nil
  record.address = record.address and ("%016x"):format(record.address) or nil
  return record
end

-- ---- text ----

local function by_text(record)
  local who = record.by.pid == 0 and "on top of the idle task" or ("by %s[%d]"):format(record.by.task, record.by.pid)
  return record.in_interrupt and who .. ", done in an interrupt" or who
end

local function on(vector, cpu)
  return cpu and ("%d of CPU %d"):format(vector, cpu) or tostring(vector)
end

local function flags(record)
  return record.flags and " (" .. record.flags .. ")" or ""
end

local vector_text = {}

function vector_text.alloc(record)
  local left = record.left and (", %d left there"):format(record.left) or ""
  return on(record.vector, record.on_cpu) .. left .. flags(record)
end

vector_text.alloc_managed = vector_text.alloc

function vector_text.config(record)
  return ("%s, APIC destination %d"):format(on(record.vector, record.on_cpu), record.apicdest)
end

function vector_text.update(record)
  if not record.prev_vector then
    return on(record.vector, record.on_cpu)
  end
  return ("%s -> %s, move in progress"):format(on(record.prev_vector, record.prev_cpu),
    on(record.vector, record.on_cpu))
end

function vector_text.clear(record)
  local text = record.vector and on(record.vector, record.on_cpu) or "none"
  return record.prev_vector and ("%s, and %s of a move"):format(text, on(record.prev_vector, record.prev_cpu)) or text
end

function vector_text.free_moved(record)
  return ("%s, the move is done"):format(on(record.vector, record.on_cpu))
end

local function matrix_text(record)
  local what = record.vector and on(record.vector, record.on_cpu) .. ", " or ""
  if record.available then
    return ("%s%d left there, %d in all"):format(what, record.available, record.global_available)
  end
  return ("%s%d left in all, %d reserved"):format(what, record.global_available, record.global_reserved)
end

local function text_of_vector(record)
  local step = record.name:match("^vector_(.*)$")
  if not step then
    return ("%s: %s"):format(record.name, matrix_text(record))
  elseif record.error then
    return ("vector %s FAILED: %s%s%s, %s"):format(step, record.error, record.full or "", flags(record),
      by_text(record))
  end
  local text = vector_text[step] and vector_text[step](record) or flags(record):sub(2)
  return ("vector %s%s%s"):format(step, text ~= "" and ": " or "", text)
end

local function entry_text(entry)
  return entry and entry.text or "?"
end

local function text_of_irte(record)
  local parts = { ("IRTE %s/%s%d: %s"):format(record.unit, record.device and record.device .. "/" or "", record.index,
    record.changed == false and entry_text(record.after) .. ", written as it was"
      or entry_text(record.before) .. " -> " .. entry_text(record.after)) }
  if record.ns then
    parts[#parts + 1] = fmt.duration(record.ns) ..
      (record.flush_ns and (", %s of it invalidating"):format(fmt.duration(record.flush_ns)) or "")
  end
  parts[#parts + 1] = record.why
  parts[#parts + 1] = record.error
  parts[#parts + 1] = by_text(record)
  return table.concat(parts, ", ")
end

local function cpu_text(cpu)
  return cpu and "CPU " .. cpu or "no CPU"
end

local affinity_text = {}

function affinity_text.asked(record)
  local outcome
  if record.error then
    outcome = "FAILED: " .. record.error
  elseif record.pending then
    outcome = ("PENDING, still on %s"):format(cpu_text(record.is_on))
  elseif record.was_on == record.is_on then
    outcome = ("stays on %s"):format(cpu_text(record.is_on))
  else
    outcome = ("%s -> %s"):format(cpu_text(record.was_on), cpu_text(record.is_on))
  end
  return ("affinity asked: CPUs %s, %s"):format(record.cpus, outcome)
end

function affinity_text.moved(record)
  local wait = record.wait_ns and ", asked for %s before" or ", asked for before the trace"
  return ("affinity %s: interrupt on CPU %d, %s -> %s%s"):format(record.pending and "still PENDING" or "moved",
    record.cpu, cpu_text(record.was_on), cpu_text(record.is_on),
    wait:format(record.wait_ns and fmt.duration(record.wait_ns)))
end

function affinity_text.set(record)
  return ("affinity set by the kernel: CPUs %s, %s -> %s%s"):format(record.cpus, cpu_text(record.was_on),
    cpu_text(record.is_on), record.error and ", FAILED: " .. record.error or "")
end

local function text_of_affinity(record)
  local asked_by = record.ask_unseen and "" or ", " .. by_text(record)
  return affinity_text[record.what](record) .. asked_by
end

local function text_of_fault(record)
  local what = record.what == "interrupt" and (record.index and "interrupt with index %d" or "interrupt")
    or "DMA" .. (record.access and " " .. record.access or "") .. (record.address and " of " .. record.address or "")
  return ("FAULT of %s: %s by %s refused: %s%s"):format(record.unit, what:format(record.index), record.source,
    record.reason, record.more and "; and more, lost by the IOMMU" or "")
end

local function moves_text(moves)
  local parts = {}
  for i, move in ipairs(moves) do
    parts[i] = ("IRQ %d to CPU %s"):format(move.irq, move.to)
  end
  return #parts > 0 and ": " .. table.concat(parts, ", ") or ""
end

local function plural(count, word)
  return ("%d %s%s"):format(count, word, count == 1 and "" or "s")
end

local function text_of_cpu(record)
  local waiting = #record.waiting > 0 and ("; %s shut down until it is back"):format(
    plural(#record.waiting, "managed IRQ")) or ""
  return ("CPU %s went OFFLINE: %s moved without an event, as the kernel emits none then%s%s"):format(
    table.concat(record.cpus, ","), plural(#record.moved, "IRQ"), moves_text(record.moved), waiting)
end

local text_of = { vector = text_of_vector, irte = text_of_irte, affinity = text_of_affinity, fault = text_of_fault,
  cpu = text_of_cpu }

--- One line of text, without its time.
function M.text(record)
  local irq = record.irq and ("IRQ %-4d"):format(record.irq) or "        "
  return ("%s  %s"):format(irq, text_of[record.kind](record))
end

return M
