--- System vectors of the local APIC; shark.irq has the documentation.

local audit = require "shark.trace.audit"
local C = require "shark.events"
local interrupts = require "shark.system.interrupts"
local session = require "shark.trace.session"

local M = {}

local NMI = 2

-- arch/x86/include/asm/irq_vectors.h; and the line of /proc/interrupts
-- (arch/x86/kernel/irq.c, arch_show_interrupts()) that counts the vector.
local VECTORS = {
  [NMI] = { name = "NMI" },
  [244] = { name = "deferred error", line = "DFR" },
  [246] = { name = "irq work", line = "IWI" },
  [247] = { name = "x86 platform ipi", line = "PLT" },
  [249] = { name = "threshold", line = "THR" },
  [250] = { name = "thermal", line = "TRM" },
  [251] = { name = "call function single", line = "CAL" },
  [252] = { name = "call function", line = "CAL" },
  [253] = { name = "reschedule", line = "RES" },
  [254] = { name = "error" },
  [255] = { name = "spurious", line = "SPU" },
  [236] = { name = "local timer", line = "LOC" },
}

--- What a vector is for: "local timer", "vector 99" if it is none of the system's.
function M.name_of(number)
  local known = VECTORS[number]
  return known and known.name or "vector " .. number
end

local function handled(row)
  return row.id == NMI and tonumber(row.tally[C.SHARK_VECTOR_HANDLED]) or nil
end

local function line_of(vector)
  return VECTORS[vector] and VECTORS[vector].line
end

-- Call function and call function single share a line: a filter for one of
-- them leaves nothing to compare with.
local function is_comparable(options, line)
  return not options.vector or (line ~= "CAL" and line_of(options.vector) == line)
end

--- For traces of vectors: what /proc/interrupts counts of them, by line.
--- @param text string? of /proc/interrupts, read before
--- @param lines table<string, boolean>? only these lines
function M.kernel_counts(options, text, lines)
  local all, counts = interrupts.counts(interrupts.read_named(text), options.cpu), {}
  for _, known in pairs(VECTORS) do
    local line = known.line
    if line and all[line] and (not lines or lines[line]) and is_comparable(options, line) then
      counts[line] = all[line]
    end
  end
  return counts
end

--- The line of /proc/interrupts that counts a vector.
M.line_of = line_of

local kind = session.define {
  provider = "vector",
  call = "irq.vector",
  class = "Vector",
  about = "Time in the handlers of system vectors (local timer, reschedule, call function, irq work, thermal, ...) " ..
    "and NMIs, by vector and CPU.",
  source = "tracepoints irq_vectors:* (arch/x86/include/asm/trace/irq_vectors.h) and nmi:nmi_handler; how().skipped " ..
    "names those that this kernel does not have",
  event = "struct shark_event",
  rows = {
    { "vector", "its number; NMIs are 2", at = "id", key = true },
    { "name", "what it is for", type = "string", from = function(row) return M.name_of(row.id) end },
    { "cpu", "the CPU that it was handled on", key = true },
    { "handler", "symbol of an NMI's handler: each has a row", key = true, at = "key[SHARK_VECTOR_HANDLER]", symbol = true, type = "string?" },
    { "count", "runs of the handler that ended", sum = "add" },
    { "total_ns", "their time in all", sum = "add", unit = "ns" },
    { "max_ns", "the longest of them", sum = "max", unit = "ns" },
    { "handled", "events that an NMI's handler says it handled", from = handled, sum = "add", type = "integer?" },
    { "hist", "the times of the runs", sum = "hist", unit = "ns", type = "shark.Hist" },
  },
  -- NMIs have none.
  events = {
    { "ts_ns", "when the handler was entered, CLOCK_MONOTONIC", unit = "ns" },
    { "ns", "how long it ran, without what interrupted it", unit = "ns" },
    { "vector", "its number" },
    { "name", "what it is for", type = "string", from = function(_, event) return M.name_of(event.vector) end },
    { "cpu", "the CPU it ran on" },
    { "stack", "for session:stack(); negative: none" },
  },
  audit = {
    source = "/proc/interrupts",
    seen = function(self)
      return audit.sum(self, function(row) return line_of(row.id) end)
    end,
    kernel = M.kernel_counts,
  },
}

M.open = kind.open

return M
